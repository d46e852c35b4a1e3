//! How often what happened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use slotmesh_admin::OutcomeCount;
use slotmesh_gossip::{Event, FailoverBlock, HandshakeEnd};

use super::tap::What;

/// Names of the kinds of events in the admin API, and of the lost election apart.
const EVENTS: [&str; 55] = [
    "address_updated",
    "bad_announcement",
    "config_save_failed",
    "config_saved",
    "connect_failed",
    "election_expired",
    "election_scheduled",
    "election_started",
    "election_won",
    "epoch_changed",
    "epoch_collision",
    "failover_blocked",
    "failure_reported",
    "failure_withdrawn",
    "following",
    "forgotten_by_cluster",
    "handover",
    "handshake_ended",
    "handshake_started",
    "id_mismatch",
    "invalid_gossip",
    "judged",
    "last_slot_lost",
    "leave_ended",
    "link_down",
    "link_over_limit",
    "link_up",
    "meet_confirmed",
    "meet_refused",
    "messages_missed",
    "node_failed",
    "node_forgotten",
    "node_gone",
    "node_learned",
    "node_recovered",
    "node_suspected",
    "other",
    "own_address",
    "packet_dropped",
    "reset",
    "role_changed",
    "seed_found",
    "seed_ignored",
    "seed_unreachable",
    "slot_move",
    "slots_changed",
    "slots_lost",
    "state_changed",
    "state_reason",
    "stranger_ignored",
    "suspicion_cleared",
    "too_many_nodes",
    "update_sent",
    "vote_denied",
    "vote_granted",
];

/// Names of the ends of handshakes.
const ENDS: [&str; 9] = [
    "already_known",
    "cancelled",
    "itself",
    "joined",
    "not_a_bus",
    "other_cluster",
    "refused",
    "timed_out",
    "unreachable",
];

/// How often what happened, since start. Raised by the bus thread, read by any.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    events: Column<55>,
    ends: Column<9>,
}

#[derive(Debug)]
struct Column<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for Column<N> {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; N])
    }
}

impl<const N: usize> Column<N> {
    fn add(&self, names: &[&'static str; N], name: &str) {
        if let Ok(index) = names.binary_search(&name) {
            self.0[index].fetch_add(1, Relaxed);
        }
    }

    fn read(&self, names: &[&'static str; N]) -> impl Iterator<Item = OutcomeCount> {
        names.iter().zip(&self.0).map(|(name, count)| OutcomeCount { name, count: count.load(Relaxed) })
    }
}

impl Counts {
    pub(crate) fn add(&self, what: &What) {
        match what {
            What::Saved(Ok(())) => self.events.add(&EVENTS, "config_saved"),
            What::Saved(Err(_)) => self.events.add(&EVENTS, "config_save_failed"),
            What::Slots(_) => self.events.add(&EVENTS, "slots_changed"),
            What::Engine(event) => {
                if let Event::HandshakeEnded(record) = &**event {
                    self.ends.add(&ENDS, end_name(record.end));
                }
                self.events.add(&EVENTS, name(event));
            }
        }
    }

    /// Every kind of event, also those that never happened.
    pub(crate) fn events(&self) -> Vec<OutcomeCount> {
        self.events.read(&EVENTS).collect()
    }

    /// Every end of a handshake.
    pub(crate) fn handshakes_ended(&self) -> Vec<OutcomeCount> {
        self.ends.read(&ENDS).collect()
    }
}

fn end_name(end: HandshakeEnd) -> &'static str {
    match end {
        HandshakeEnd::Joined(_) => "joined",
        HandshakeEnd::AlreadyKnown(_) => "already_known",
        HandshakeEnd::Itself => "itself",
        HandshakeEnd::OtherCluster => "other_cluster",
        HandshakeEnd::NotABus => "not_a_bus",
        HandshakeEnd::Refused => "refused",
        HandshakeEnd::Unreachable(_) => "unreachable",
        HandshakeEnd::TimedOut => "timed_out",
        HandshakeEnd::Cancelled => "cancelled",
    }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::HandshakeStarted(_) => "handshake_started",
        Event::HandshakeEnded(_) => "handshake_ended",
        Event::MeetConfirmed(_) => "meet_confirmed",
        Event::MeetRefused { .. } => "meet_refused",
        Event::NodeLearned { .. } => "node_learned",
        Event::NodeForgotten { .. } => "node_forgotten",
        Event::ForgottenByCluster(_) => "forgotten_by_cluster",
        Event::LinkUp(_) => "link_up",
        Event::LinkDown(_) => "link_down",
        Event::ConnectFailed { .. } => "connect_failed",
        Event::LinkOverLimit { .. } => "link_over_limit",
        Event::IdMismatch { .. } => "id_mismatch",
        Event::MessagesMissed { .. } => "messages_missed",
        Event::OwnAddress(_) => "own_address",
        Event::AddressUpdated { .. } => "address_updated",
        Event::PossiblyFailing(_) => "node_suspected",
        Event::SuspicionCleared(_) => "suspicion_cleared",
        Event::FailureReported { .. } => "failure_reported",
        Event::FailureWithdrawn { .. } => "failure_withdrawn",
        Event::MarkedFail(_) | Event::FailReceived { .. } => "node_failed",
        Event::FailCleared { .. } => "node_recovered",
        Event::EpochCollision { .. } => "epoch_collision",
        Event::BecamePrimary(_) | Event::BecameReplica { .. } => "role_changed",
        Event::TooManyNodes { .. } => "too_many_nodes",
        Event::StateChanged { .. } => "state_changed",
        Event::StateReason { .. } => "state_reason",
        Event::InvalidGossip { .. } => "invalid_gossip",
        Event::BadAnnouncement { .. } => "bad_announcement",
        Event::PacketDropped { .. } => "packet_dropped",
        Event::StrangerIgnored { .. } => "stranger_ignored",
        Event::Reset { .. } => "reset",
        Event::LeaveEnded(_) => "leave_ended",
        Event::SeedKnown { .. } => "seed_found",
        Event::SeedUnknown { .. } => "seed_ignored",
        Event::SeedUnreachable { .. } => "seed_unreachable",
        Event::Judged(_) => "judged",
        Event::Gone { .. } => "node_gone",
        other => failover_name(other),
    }
}

fn failover_name(event: &Event) -> &'static str {
    match event {
        Event::Following { .. } | Event::SubReplica { .. } | Event::Migrating { .. } => "following",
        Event::ElectionScheduled { .. } => "election_scheduled",
        Event::ElectionStarted { .. } => "election_started",
        Event::ElectionWon { .. } => "election_won",
        Event::FailoverBlocked(FailoverBlock::Expired) => "election_expired",
        Event::FailoverBlocked(_) => "failover_blocked",
        Event::VoteGranted { .. } => "vote_granted",
        Event::VoteDenied { .. } => "vote_denied",
        Event::HandoverRequested { .. }
        | Event::TakingOver
        | Event::HandoverStarted { .. }
        | Event::HandoverReady { .. }
        | Event::HandoverTimedOut => "handover",
        Event::UpdateSent { .. } => "update_sent",
        Event::EpochTaken(_) | Event::EpochSet(_) | Event::EpochAfterImport(_) => "epoch_changed",
        Event::LastSlotLost { .. } => "last_slot_lost",
        Event::SlotsLost { .. } => "slots_lost",
        Event::SlotMigrating { .. }
        | Event::SlotImporting { .. }
        | Event::SlotStable(_)
        | Event::SlotAssigned { .. } => "slot_move",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_so_that_they_are_found() {
        assert!(EVENTS.is_sorted() && ENDS.is_sorted());
    }
}
