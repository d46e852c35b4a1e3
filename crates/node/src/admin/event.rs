//! What happened, as the admin API shows it.

use slotmesh_admin::{address, duration, proto, timestamp};
use slotmesh_gossip::{Event, FailoverBlock, LeaveEnd, MeetRefusal, NodeName, VoteRefusal};
use slotmesh_types::{Now, SlotSet};

use proto::event::Kind;

use super::judgement::judgement;
use super::links;
use super::tap::{Happening, SlotsMoved, What};

/// An event without the name of the run, which the API fills in.
pub(crate) fn shown(happening: Happening) -> proto::Event {
    let Happening { sequence, now, what } = happening;
    let (kind, text) = match what {
        What::Saved(Ok(())) => (Kind::ConfigSaved(proto::ConfigSaved {}), "nodes.conf saved".to_owned()),
        What::Saved(Err(error)) => {
            let text = format!("nodes.conf can't be saved: {error}");
            (Kind::ConfigSaveFailed(proto::ConfigSaveFailed { error }), text)
        }
        What::Slots(moved) => {
            let SlotsMoved { gained, lost } = *moved;
            let text = format!("{} slots gained, {} lost", gained.len(), lost.len());
            let changed = proto::SlotsChanged { gained: ranges(&gained), lost: ranges(&lost) };
            (Kind::SlotsChanged(changed), text)
        }
        What::Engine(event) => {
            let text = event.to_string();
            (membership(*event, now), text)
        }
    };
    proto::Event {
        cursor: Some(proto::EventCursor { run_id: String::new(), sequence }),
        time: timestamp(now.unix),
        text,
        kind: Some(kind),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an event is taken apart")]
pub(super) fn name(node: NodeName) -> proto::NodeName {
    proto::NodeName { id: node.id.to_string(), name: node.name() }
}

fn two(node: NodeName, source: Option<NodeName>) -> proto::NodeAndSource {
    proto::NodeAndSource { node: Some(name(node)), source: source.map(name) }
}

fn why(node: NodeName, reason: &impl ToString) -> proto::NodeAndReason {
    proto::NodeAndReason { node: Some(name(node)), reason: reason.to_string() }
}

fn ranges(slots: &SlotSet) -> Vec<proto::SlotRange> {
    let range = |range: slotmesh_types::SlotRange| proto::SlotRange {
        first: range.first().get().into(),
        last: range.last().get().into(),
    };
    slots.ranges().map(range).collect()
}

/// Who comes, goes, and is reachable.
fn membership(event: Event, now: Now) -> Kind {
    match event {
        Event::HandshakeStarted(handshake) => Kind::HandshakeStarted(links::handshake(&handshake, now)),
        Event::HandshakeEnded(record) => Kind::HandshakeEnded(links::ended_handshake(&record, now)),
        Event::MeetConfirmed(node) => Kind::MeetConfirmed(name(node)),
        Event::MeetRefused { from, reason } => {
            let reason = meet_refusal(reason).into();
            Kind::MeetRefused(proto::MeetRefused { from: from.to_string(), reason })
        }
        Event::NodeLearned { node, from } => Kind::NodeLearned(two(node, Some(from))),
        Event::NodeForgotten { node, by } => Kind::NodeForgotten(two(node, by)),
        Event::ForgottenByCluster(node) => Kind::ForgottenByCluster(name(node)),
        Event::LinkUp(node) => Kind::LinkUp(name(node)),
        Event::LinkDown(node) => Kind::LinkDown(name(node)),
        Event::ConnectFailed { node, error } => Kind::ConnectFailed(why(node, &error)),
        Event::LinkOverLimit { node, queued } => {
            Kind::LinkOverLimit(proto::LinkOverLimit { node: Some(name(node)), queued_bytes: queued })
        }
        Event::IdMismatch { expected } => Kind::IdMismatch(name(expected)),
        Event::MessagesMissed { node, queued } => {
            Kind::MessagesMissed(proto::MessagesMissed { node: Some(name(node)), queued_bytes: queued })
        }
        Event::OwnAddress(host) => {
            Kind::OwnAddress(proto::Address { host: host.to_string(), ..proto::Address::default() })
        }
        Event::AddressUpdated { node, address: to } => {
            Kind::AddressUpdated(proto::AddressUpdated { node: Some(name(node)), address: Some(address(&to)) })
        }
        Event::TooManyNodes { from, count } => {
            Kind::TooManyNodes(proto::TooManyNodes { from: Some(name(from)), count: count as u64 })
        }
        Event::InvalidGossip { from, count } => {
            Kind::InvalidGossip(proto::InvalidGossip { from: Some(name(from)), count: count as u64 })
        }
        Event::BadAnnouncement { from, what } => Kind::BadAnnouncement(why(from, &what)),
        Event::PacketDropped { link, reason } => {
            Kind::PacketDropped(proto::PacketDropped { link: link.0, reason: reason.to_string() })
        }
        Event::StrangerIgnored { from, kind } => {
            Kind::StrangerIgnored(proto::StrangerIgnored { from: from.to_string(), packet: kind.to_string() })
        }
        Event::Reset { id, hard } => Kind::Reset(proto::Reset { node_id: id.to_string(), hard }),
        Event::LeaveEnded(end) => Kind::LeaveEnded(proto::LeaveEnded { left: end == LeaveEnd::Left }),
        other => seeds(other, now),
    }
}

/// What was found at seeds.
fn seeds(event: Event, now: Now) -> Kind {
    match event {
        Event::SeedKnown { node, address: at } => {
            Kind::SeedFound(proto::SeedFound { node: Some(name(node)), address: Some(address(&at)) })
        }
        Event::SeedUnknown { host, bus_port, id } => Kind::SeedIgnored(proto::SeedIgnored {
            host: host.to_string(),
            bus_port: bus_port.into(),
            node_id: id.map(|id| id.to_string()).unwrap_or_default(),
        }),
        Event::SeedUnreachable { host, bus_port, error } => Kind::SeedUnreachable(proto::SeedUnreachable {
            host: host.to_string(),
            bus_port: bus_port.into(),
            reason: error.to_string(),
        }),
        other => health(other, now),
    }
}

/// Who fails, and what becomes of the cluster.
fn health(event: Event, now: Now) -> Kind {
    match event {
        Event::Judged(why) => Kind::Judged(judgement(*why, now)),
        Event::Gone { node, refusals, denied, after } => Kind::NodeGone(proto::NodeGone {
            node: Some(name(node)),
            refusals,
            after: Some(duration(after)),
            confirmed_by_witness: denied,
        }),
        Event::PossiblyFailing(node) => Kind::NodeSuspected(name(node)),
        Event::SuspicionCleared(node) => Kind::SuspicionCleared(name(node)),
        Event::FailureReported { node, by } => Kind::FailureReported(two(node, Some(by))),
        Event::FailureWithdrawn { node, by } => Kind::FailureWithdrawn(two(node, Some(by))),
        Event::MarkedFail(node) => Kind::NodeFailed(two(node, None)),
        Event::FailReceived { node, from } => Kind::NodeFailed(two(node, Some(from))),
        Event::FailCleared { node, .. } => Kind::NodeRecovered(name(node)),
        Event::StateChanged { ok } => Kind::StateChanged(proto::StateChanged { ok }),
        Event::StateReason { minority } => Kind::StateReason(proto::StateReason { minority }),
        other => slots(other),
    }
}

/// Who owns what.
fn slots(event: Event) -> Kind {
    use proto::SlotMoveState::{Assigned, Importing, Migrating, Stable};
    let slot_move = |slot: slotmesh_types::Slot, state: proto::SlotMoveState, peer: Option<NodeName>| {
        Kind::SlotMove(proto::SlotMove { slot: slot.get().into(), state: state.into(), peer: peer.map(name) })
    };
    match event {
        Event::SlotMigrating { slot, to } => slot_move(slot, Migrating, Some(to)),
        Event::SlotImporting { slot, from } => slot_move(slot, Importing, Some(from)),
        Event::SlotStable(slot) => slot_move(slot, Stable, None),
        Event::SlotAssigned { slot, to, .. } => slot_move(slot, Assigned, Some(to)),
        Event::LastSlotLost { to, shard } => {
            Kind::LastSlotLost(proto::LastSlotLost { to: Some(name(to)), shard_id: shard.to_string() })
        }
        Event::SlotsLost { count, to } => Kind::SlotsLost(proto::SlotsLost { count: count.into(), to: Some(name(to)) }),
        Event::EpochCollision { node, epoch } => {
            Kind::EpochCollision(proto::EpochCollision { node: Some(name(node)), config_epoch: epoch.0 })
        }
        Event::UpdateSent { to, about } => {
            Kind::UpdateSent(proto::UpdateSent { to: Some(name(to)), about: Some(name(about)) })
        }
        other => epochs(other),
    }
}

/// Under which config epoch this node claims what it owns.
fn epochs(event: Event) -> Kind {
    use proto::EpochCause::{AfterImport, Set, Taken};
    let changed = |cause: proto::EpochCause, config_epoch: u64, slot: u32| {
        Kind::EpochChanged(proto::EpochChanged { cause: cause.into(), config_epoch, slot })
    };
    match event {
        Event::EpochTaken(epoch) => changed(Taken, epoch.0, 0),
        Event::EpochSet(epoch) => changed(Set, epoch.0, 0),
        Event::EpochAfterImport(slot) => changed(AfterImport, 0, slot.get().into()),
        other => roles(other),
    }
}

/// Who follows whom.
fn roles(event: Event) -> Kind {
    let following = |primary: NodeName, former: Option<NodeName>, migrating: bool| {
        Kind::Following(proto::Following { primary: Some(name(primary)), former: former.map(name), migrating })
    };
    match event {
        Event::BecamePrimary(node) => {
            let role = proto::Role::Primary.into();
            Kind::RoleChanged(proto::RoleChanged { node: Some(name(node)), role, ..proto::RoleChanged::default() })
        }
        Event::BecameReplica { node, primary, shard } => Kind::RoleChanged(proto::RoleChanged {
            node: Some(name(node)),
            role: proto::Role::Replica.into(),
            primary: primary.map(name),
            shard_id: shard.to_string(),
        }),
        Event::Following { primary, .. } => following(primary, None, false),
        Event::SubReplica { from, to } => following(to, Some(from), false),
        Event::Migrating { to } => following(to, None, true),
        other => elections(other),
    }
}

/// Who takes whose place.
fn elections(event: Event) -> Kind {
    match event {
        Event::ElectionScheduled { delay, rank, failed_rank, offset } => {
            let (delay, offset) = (Some(duration(delay)), offset.0);
            Kind::ElectionScheduled(proto::ElectionScheduled { delay, rank, failed_rank, offset })
        }
        Event::ElectionStarted { epoch } => Kind::ElectionStarted(proto::ElectionEpoch { epoch: epoch.0 }),
        Event::ElectionWon { epoch } => Kind::ElectionWon(proto::ElectionEpoch { epoch: epoch.0 }),
        Event::FailoverBlocked(block) => Kind::FailoverBlocked(proto::FailoverBlocked { block: blocked(block).into() }),
        Event::VoteGranted { node, epoch } => {
            Kind::VoteGranted(proto::Vote { node: Some(name(node)), epoch: epoch.0, ..proto::Vote::default() })
        }
        Event::VoteDenied { node, epoch, reason } => {
            let refusal = vote_refusal(reason).into();
            Kind::VoteDenied(proto::Vote { node: Some(name(node)), epoch: epoch.0, refusal })
        }
        other => handover(other),
    }
}

fn handover(event: Event) -> Kind {
    use proto::HandoverPhase::{Forced, Ready, Requested, Started, TakingOver, TimedOut};
    let at = |phase: proto::HandoverPhase| proto::Handover { phase: phase.into(), ..proto::Handover::default() };
    match event {
        Event::HandoverRequested { forced: false } => Kind::Handover(at(Requested)),
        Event::HandoverRequested { forced: true } => Kind::Handover(at(Forced)),
        Event::TakingOver => Kind::Handover(at(TakingOver)),
        Event::HandoverStarted { to } => Kind::Handover(proto::Handover { node: Some(name(to)), ..at(Started) }),
        Event::HandoverReady { offset } => Kind::Handover(proto::Handover { offset: offset.0, ..at(Ready) }),
        Event::HandoverTimedOut => Kind::Handover(at(TimedOut)),
        _ => Kind::Other(proto::OtherEvent {}),
    }
}

fn meet_refusal(reason: MeetRefusal) -> proto::MeetRefusal {
    match reason {
        MeetRefusal::OtherCluster => proto::MeetRefusal::OtherCluster,
        MeetRefusal::Forgotten => proto::MeetRefusal::Forgotten,
        MeetRefusal::TooMany => proto::MeetRefusal::TooMany,
        MeetRefusal::Address => proto::MeetRefusal::Address,
    }
}

fn blocked(block: FailoverBlock) -> proto::FailoverBlock {
    match block {
        FailoverBlock::DataAge => proto::FailoverBlock::DataAge,
        FailoverBlock::Delay => proto::FailoverBlock::Delay,
        FailoverBlock::Expired => proto::FailoverBlock::Expired,
        FailoverBlock::Votes => proto::FailoverBlock::WaitingForVotes,
    }
}

fn vote_refusal(reason: VoteRefusal) -> proto::VoteRefusal {
    match reason {
        VoteRefusal::OldEpoch => proto::VoteRefusal::OldEpoch,
        VoteRefusal::Voted => proto::VoteRefusal::Voted,
        VoteRefusal::Primary => proto::VoteRefusal::Primary,
        VoteRefusal::UnknownPrimary => proto::VoteRefusal::UnknownPrimary,
        VoteRefusal::PrimaryUp => proto::VoteRefusal::PrimaryUp,
        VoteRefusal::OldClaim => proto::VoteRefusal::OldClaim,
        VoteRefusal::JustStarted => proto::VoteRefusal::JustStarted,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use slotmesh_gossip::{ConnectError, Explanation};
    use slotmesh_table::{Address, Health};
    use slotmesh_types::{Announced, ConfigEpoch, Host, Mono, NodeId, ShardId, Slot, UnixMillis};

    use super::super::counts::Counts;
    use super::*;

    fn node() -> NodeName {
        let host = "10.0.0.2".parse().expect("a host");
        NodeName { id: NodeId::from_entropy([0xab; 20]), human: Announced::default(), host, port: 6379 }
    }

    fn explanation() -> Explanation {
        Explanation {
            node: node(),
            address: Address::default(),
            noaddr: false,
            taken: Mono::from_micros(5_000_000),
            health: Health::Pfail,
            since: Some(Mono::from_micros(4_000_000)),
            reporters: vec![(node(), Mono::from_micros(3_000_000))],
            own_vote: true,
            quorum: 2,
            heard: None,
            alive: None,
            unanswered: Some(Mono::from_micros(1_000_000)),
            outbound: None,
            inbound: None,
            connect_error: Some((ConnectError::Refused, Mono::from_micros(4_000_000))),
            forgot_us: false,
        }
    }

    /// What the admin API and the metrics make of an event.
    fn made_of(event: Event) -> (proto::Event, Vec<&'static str>) {
        let counts = Counts::default();
        let what = What::Engine(Box::new(event));
        counts.add(&what);
        let counted = counts.events().into_iter().filter(|one| one.count == 1).map(|one| one.name).collect();
        let now = Now { mono: Mono::from_micros(5_000_000), unix: UnixMillis(1_795_000_005_000) };
        (shown(Happening { sequence: 1, now, what }), counted)
    }

    #[test]
    fn what_seeds_leaving_judgements_and_epochs_tell_has_a_form_and_a_name() {
        let host: Host = "10.0.0.9".parse().expect("a host");
        let (id, slot) = (NodeId::from_entropy([1; 20]), Slot::new(7).expect("a slot"));
        let (shard, error) = (ShardId::from_entropy([2; 20]), ConnectError::Refused);
        let cases = [
            (Event::SeedKnown { node: node(), address: Address::default() }, "seed_found"),
            (Event::SeedUnknown { host, bus_port: 17_000, id: Some(id) }, "seed_ignored"),
            (Event::SeedUnreachable { host, bus_port: 17_000, error }, "seed_unreachable"),
            (Event::LeaveEnded(LeaveEnd::NoAnswer), "leave_ended"),
            (Event::Judged(Box::new(explanation())), "judged"),
            (Event::SuspicionCleared(node()), "suspicion_cleared"),
            (Event::Gone { node: node(), refusals: 3, denied: true, after: Duration::from_millis(70) }, "node_gone"),
            (Event::MessagesMissed { node: node(), queued: 9 }, "messages_missed"),
            (Event::EpochTaken(ConfigEpoch(7)), "epoch_changed"),
            (Event::EpochSet(ConfigEpoch(7)), "epoch_changed"),
            (Event::EpochAfterImport(slot), "epoch_changed"),
            (Event::LastSlotLost { to: node(), shard }, "last_slot_lost"),
        ];
        for (event, name) in cases {
            let told = format!("{event:?}");
            let (shown, counted) = made_of(event);
            assert_eq!(counted, [name], "{told}");
            assert!(!matches!(shown.kind, None | Some(Kind::Other(_))), "{told}");
            assert!(!shown.text.is_empty() && !shown.text.contains('{'), "{} is for programs", shown.text);
        }
    }

    #[test]
    fn a_judgement_says_what_was_seen_and_by_the_wall_clock_when() {
        let (shown, _) = made_of(Event::Judged(Box::new(explanation())));
        let Some(Kind::Judged(why)) = shown.kind else { panic!("{shown:?}") };
        assert_eq!((why.health(), why.quorum, why.reports.len()), (proto::Health::Suspected, 2, 1));
        assert_eq!(why.connect_error, "connection refused");
        assert_eq!(why.since.expect("a time").seconds, 1_795_000_004);
        assert_eq!(why.reports[0].time.expect("a time").seconds, 1_795_000_003);
        assert!(why.heard.is_none() && why.outbound.is_none());
        assert!(shown.text.contains("is suspected: never heard; "), "{}", shown.text);
    }
}
