//! What happened, in words, for people who watch a node from outside.

use std::fmt;

use slotmesh_table::{Address, Health};

use crate::action::Resync;
use crate::event::Event;
use crate::handshake::Handshake;
use crate::leave::LeaveEnd;

/// One line without an end mark: `a1b2... (10.0.0.2:6379) is failing: a majority can't reach it`.
impl fmt::Display for Event {
    #[expect(clippy::too_many_lines, reason = "one arm for each event, so that the compiler sees when one is missing")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HandshakeStarted(one) => write!(f, "handshake with {} began, because of {}", Peer(one), one.origin),
            Self::HandshakeEnded(record) => {
                write!(f, "handshake with {} ended: {}", Peer(&record.handshake), record.end)
            }
            Self::MeetConfirmed(node) => write!(f, "{node} knows this node: the MEET has worked"),
            Self::MeetRefused { from, reason } => write!(f, "MEET from {from} refused: {reason}"),
            Self::NodeLearned { node, from } => write!(f, "{node} learned from {from}"),
            Self::NodeForgotten { node, by: Some(by) } => write!(f, "{node} forgotten, told by {by}"),
            Self::NodeForgotten { node, by: None } => write!(f, "{node} forgotten, on an operator's word"),
            Self::ForgottenByCluster(by) => write!(f, "this node was forgotten by its cluster, says {by}"),
            Self::LinkUp(node) => write!(f, "link to {node} is up"),
            Self::LinkDown(node) => write!(f, "link to {node} has ended"),
            Self::ConnectFailed { node, error } => write!(f, "no connection to {node}: {error}"),
            Self::LinkOverLimit { node, queued } => write!(f, "link to {node} closed: {queued} bytes waited on it"),
            Self::MessagesMissed { node, queued } => {
                write!(f, "{node} gets no published messages for now: {queued} bytes wait for it")
            }
            Self::IdMismatch { expected } => write!(f, "somebody else than {expected} answers at its address"),
            Self::OwnAddress(host) => write!(f, "the address of this node is {host}"),
            Self::AddressUpdated { node, address } => write!(f, "{node} is now at {}", Place(address)),
            Self::SeedKnown { node, address } => write!(f, "{node} was found at a seed, {}", Place(address)),
            Self::SeedUnknown { host, bus_port, id: Some(id) } => {
                write!(
                    f,
                    "at the seed {host}, bus port {bus_port}, is node {id}, who is not known here: nothing follows"
                )
            }
            Self::SeedUnknown { host, bus_port, id: None } => {
                write!(f, "at the seed {host}, bus port {bus_port}, is somebody without a node id: nothing follows")
            }
            Self::SeedUnreachable { host, bus_port, error } => {
                write!(f, "no connection to the seed {host}, bus port {bus_port}: {error}")
            }
            Self::LeaveEnded(LeaveEnd::Left) => f.write_str("this node has left its cluster"),
            Self::LeaveEnded(LeaveEnd::NoAnswer) => {
                f.write_str("this node could not leave its cluster: no member answered in time")
            }
            Self::Judged(why) => write!(f, "{} is {}: {why}", why.node, health(why.health)),
            Self::Gone { node, refusals, denied, after } => {
                let others = if *denied { ", and others fare the same" } else { "" };
                let millis = after.as_millis();
                write!(f, "{node} is gone: {refusals} attempts to connect failed within {millis} ms{others}")
            }
            Self::PossiblyFailing(node) => write!(f, "{node} is suspected: this node can't reach it"),
            Self::SuspicionCleared(node) => write!(f, "{node} is not suspected any more: it has answered"),
            Self::FailureReported { node, by } => write!(f, "{by} can't reach {node}"),
            Self::FailureWithdrawn { node, by } => write!(f, "{by} reaches {node} again"),
            Self::MarkedFail(node) => write!(f, "{node} is failing: a majority can't reach it"),
            Self::FailReceived { node, from } => write!(f, "{node} is failing, says {from}"),
            Self::FailCleared { node, .. } => write!(f, "{node} is not failing any more"),
            Self::EpochCollision { node, epoch } => {
                write!(f, "{node} had the same config epoch; this node has taken {epoch}")
            }
            Self::EpochTaken(epoch) => write!(f, "this node has taken the config epoch {epoch}"),
            Self::EpochSet(epoch) => write!(f, "the config epoch was set to {epoch} by an operator"),
            Self::EpochAfterImport(slot) => write!(f, "a config epoch was taken since slot {slot} is imported"),
            Self::SlotMigrating { slot, to } => write!(f, "slot {slot} is migrating to {to}"),
            Self::SlotImporting { slot, from } => write!(f, "slot {slot} is being imported from {from}"),
            Self::SlotStable(slot) => write!(f, "slot {slot} is stable"),
            Self::SlotAssigned { slot, to, .. } => write!(f, "slot {slot} was assigned to {to}"),
            Self::LastSlotLost { to, .. } => write!(f, "the last slot of this node went to {to}, which it follows now"),
            Self::BecamePrimary(node) => write!(f, "{node} is a primary now"),
            Self::BecameReplica { node, primary: Some(primary), .. } => {
                write!(f, "{node} is a replica of {primary} now")
            }
            Self::BecameReplica { node, primary: None, .. } => write!(f, "{node} is a replica now"),
            Self::Following { primary, resync: Resync::Partial } => write!(f, "this node follows {primary}"),
            Self::Following { primary, resync: Resync::Full } => {
                write!(f, "this node follows {primary} and drops its own data")
            }
            Self::SubReplica { from, to } => {
                write!(f, "{from} turned out to be a replica: this node follows its primary {to}")
            }
            Self::Migrating { to } => write!(f, "this replica moves to {to}, which has none"),
            Self::ElectionScheduled { delay, rank, failed_rank, offset } => write!(
                f,
                "election in {} ms (rank {rank}, rank of the shard {failed_rank}, offset {offset})",
                delay.as_millis()
            ),
            Self::ElectionStarted { epoch } => write!(f, "this replica asks for votes in epoch {epoch}"),
            Self::ElectionWon { epoch } => write!(f, "this replica was elected, with the config epoch {epoch}"),
            Self::FailoverBlocked(block) => write!(f, "no failover now: {block}"),
            Self::VoteGranted { node, epoch } => write!(f, "vote for {node} in epoch {epoch}"),
            Self::VoteDenied { node, epoch, reason } => write!(f, "no vote for {node} in epoch {epoch}: {reason}"),
            Self::HandoverRequested { forced: false } => f.write_str("manual failover requested"),
            Self::HandoverRequested { forced: true } => f.write_str("manual failover requested, without the primary"),
            Self::TakingOver => f.write_str("this replica takes over, on an operator's word alone"),
            Self::HandoverStarted { to } => write!(f, "this primary pauses writes to hand over to {to}"),
            Self::HandoverReady { offset } => {
                write!(f, "this replica has all data, up to offset {offset}, to take over")
            }
            Self::HandoverTimedOut => f.write_str("manual failover took too long and was given up"),
            Self::UpdateSent { to, about } => write!(f, "{to} believed an old claim and was told the slots of {about}"),
            Self::SlotsLost { count, to } => write!(f, "{count} slots of this node are served by {to} now"),
            Self::TooManyNodes { from, count } => {
                write!(f, "{count} nodes of which {from} told were not added: there are too many")
            }
            Self::StateChanged { ok: true } => f.write_str("the cluster serves keys"),
            Self::StateChanged { ok: false } => f.write_str("the cluster does not serve keys"),
            Self::StateReason { minority: true } => f.write_str("this node reaches no majority of the primaries"),
            Self::StateReason { minority: false } => f.write_str("not every slot is served by a node that is up"),
            Self::InvalidGossip { from, count } => write!(f, "{from} gossiped {count} ids that no node can have"),
            Self::BadAnnouncement { from, what } => write!(f, "{from} announces a {what} that can't be kept"),
            Self::PacketDropped { link, reason } => write!(f, "packet on link {} ignored: {reason}", link.0),
            Self::StrangerIgnored { from, kind } => write!(f, "{kind} of an unknown node at {from} ignored"),
            Self::Reset { id, hard: true } => write!(f, "this node was reset and is {id} now"),
            Self::Reset { id, hard: false } => write!(f, "this node was reset and is still {id}"),
        }
    }
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Online => "online",
        Health::Pfail => "suspected",
        Health::Fail => "failing",
    }
}

/// The far end of a handshake, which has no name yet.
struct Peer<'a>(&'a Handshake);

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Place(&self.0.address).fmt(f)
    }
}

/// `host:port@bus-port`.
struct Place<'a>(&'a Address);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port, tls_port, bus_port } = self.0;
        let port = if *port == 0 { tls_port } else { port };
        write!(f, "{host}:{port}@{bus_port}")
    }
}

#[cfg(test)]
mod tests {
    use slotmesh_types::{Announced, ConfigEpoch, NodeId};

    use super::*;
    use crate::event::NodeName;

    #[test]
    fn an_event_reads_as_a_sentence_with_names() {
        let host = "10.0.0.2".parse().expect("a host");
        let node = NodeName { id: NodeId::from_entropy([0xab; 20]), human: Announced::default(), host, port: 6379 };
        let id = node.id.to_string();
        let collision = Event::EpochCollision { node, epoch: ConfigEpoch(7) };
        let wanted = format!("{id} (10.0.0.2:6379) had the same config epoch; this node has taken 7");
        assert_eq!(collision.to_string(), wanted);
        let address = Address { host: "10.0.0.3".parse().expect("a host"), port: 7000, tls_port: 0, bus_port: 17_000 };
        assert_eq!(Place(&address).to_string(), "10.0.0.3:7000@17000");
    }
}
