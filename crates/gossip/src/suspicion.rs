//! When silence is more than silence: what lets this node suspect another before the node timeout.
//!
//! Real servers suspect a node when a ping has been unanswered for the node timeout, whatever the network says. A process
//! that is gone is told apart from one that is slow: its system ends the connections and refuses new ones. That is
//! evidence, and evidence shortens the time that this node waits before it says PFAIL for itself. What follows from
//! PFAIL - reports, quorum, FAIL, votes - is untouched. docs/FAILURE_DETECTION.md has the rules and what they cost.

use std::time::Duration;

use slotmesh_table::{Health, NodeKey};
use slotmesh_types::Mono;

use crate::engine::Engine;
use crate::event::Event;
use crate::link::ConnectError;

/// So many attempts to connect must have failed in a row [gone-1].
const REFUSALS_MIN: u32 = 3;
/// However short the node timeout, evidence must last this long: longer than a server takes to start again.
const PATIENCE_MIN: Duration = Duration::from_millis(150);
/// How soon a refused connection is tried again while a case is open.
pub(crate) const RETRY: Duration = Duration::from_millis(30);

/// What speaks against a node, from the end of a link that stood until a new one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// Since then nothing but refusals came: the end of the link, or the first refusal after anything else.
    since: Option<Mono>,
    refusals: u32,
    /// Some of them meant that no way leads there, which says more about the way than about the node.
    unreachable: bool,
    /// How many witnesses were asked last.
    asked: usize,
    /// When one of them said that the node has answered it.
    vouched: Option<Mono>,
    /// When one of them said that it can't connect either.
    denied: Option<Mono>,
}

impl Case {
    /// A link that stood has ended by itself.
    fn open(now: Mono) -> Self {
        Self { since: Some(now), refusals: 0, unreachable: false, asked: 0, vouched: None, denied: None }
    }

    fn add(&mut self, now: Mono, error: ConnectError) {
        match error {
            ConnectError::Refused | ConnectError::Unreachable => {
                self.since.get_or_insert(now);
                self.refusals = self.refusals.saturating_add(1);
                self.unreachable |= error == ConnectError::Unreachable;
            }
            // Not answered at all: an overflowing backlog and a lost packet look the same.
            ConnectError::TimedOut | ConnectError::Address | ConnectError::Other => {
                (self.since, self.refusals, self.unreachable) = (None, 0, false);
            }
        }
    }

    /// Whether a witness has been answered by it lately.
    fn is_vouched(&self, now: Mono, timeout: Duration) -> bool {
        self.vouched.is_some_and(|at| now.since(at) <= shortest(timeout))
    }

    /// How many times faster than silence the evidence counts.
    fn weight(&self, now: Mono, timeout: Duration) -> u32 {
        if self.refusals < REFUSALS_MIN || self.is_vouched(now, timeout) {
            return 1;
        }
        let denied = self.denied.is_some_and(|at| now.since(at) <= shortest(timeout) * 2);
        match (denied, self.unreachable) {
            (true, false) => 4,
            (true, true) => 2,
            // Nobody to ask: the refusals speak for themselves. Asked and no answer: perhaps it is us who are cut off.
            (false, false) if self.asked == 0 => 2,
            (false, _) => 1,
        }
    }

    /// From when on the node counts as gone, if nothing changes; `None` leaves it to the node timeout.
    fn due(&self, now: Mono, timeout: Duration) -> Option<Mono> {
        let weight = self.weight(now, timeout);
        let patience = (timeout / weight).max(PATIENCE_MIN);
        self.since.filter(|_| weight > 1 && patience < timeout).map(|since| since.after(patience))
    }
}

/// The shortest time that any evidence must last.
fn shortest(timeout: Duration) -> Duration {
    (timeout / 4).max(PATIENCE_MIN)
}

impl Engine {
    /// Our link to `key`, on which it had spoken, ended by itself.
    pub(crate) fn open_case(&mut self, key: NodeKey) {
        if self.config.weighs_evidence() {
            self.peers[key].case = Some(Case::open(self.now.mono));
        }
    }

    /// An attempt to connect to `key` failed.
    pub(crate) fn add_evidence(&mut self, key: NodeKey, error: ConnectError) {
        let now = self.now.mono;
        let Some(case) = &mut self.peers[key].case else { return };
        case.add(now, error);
        if case.refusals == 0 || case.is_vouched(now, self.config.node_timeout) || !self.is_silent(key) {
            return;
        }
        let asked = self.ask_witnesses(key);
        if let Some(case) = &mut self.peers[key].case {
            case.asked = asked;
        }
        self.look_at(key, now);
        self.weigh_case(key);
    }

    /// A witness says whether it reaches `key`.
    pub(crate) fn hear_witness(&mut self, key: NodeKey, reached: bool) {
        let now = self.now.mono;
        let Some(case) = &mut self.peers[key].case else { return };
        *(if reached { &mut case.vouched } else { &mut case.denied }) = Some(now);
        self.look_at(key, now);
        self.weigh_case(key);
    }

    /// When the evidence against `key` is to be judged, as it stands.
    pub(crate) fn judgement(&self, key: NodeKey) -> Option<Mono> {
        let case = self.peers[key].case.filter(|_| self.config.weighs_evidence() && self.is_silent(key))?;
        case.due(self.now.mono, self.config.node_timeout)
    }

    /// Whether a node that counts as healthy says nothing. Whoever speaks to us on its own link lives, whatever happens
    /// to ours.
    fn is_silent(&self, key: NodeKey) -> bool {
        let (peer, node) = (&self.peers[key], self.table.node(key));
        let spoke = peer.case.is_some_and(|case| node.liveness.data_received > case.since);
        node.health == Health::Online && !node.handshake && peer.inbound.is_none() && !spoke
    }

    /// Suspects `key` if the evidence suffices.
    pub(crate) fn weigh_case(&mut self, key: NodeKey) {
        let now = self.now.mono;
        if self.judgement(key).is_none_or(|due| due > now) {
            return;
        }
        let Some(case) = self.peers[key].case else { return };
        let node = self.name(key);
        let (refusals, denied) = (case.refusals, case.denied.is_some());
        self.emit(Event::Gone { node, refusals, denied, after: case.since.map_or(Duration::ZERO, |at| now.since(at)) });
        self.suspect(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(4);
    const START: Mono = Mono::from_micros(1_000_000);

    fn at(millis: u64) -> Mono {
        START.after(Duration::from_millis(millis))
    }

    /// A link lost at the start, with refusals after 100, 200 and 300 ms.
    fn refused(error: ConnectError) -> Case {
        let mut case = Case::open(START);
        (1..=3).for_each(|step| case.add(at(step * 100), error));
        case
    }

    #[test]
    fn refusals_with_a_witness_count_four_times_and_without_any_twice() {
        let mut case = refused(ConnectError::Refused);
        assert_eq!(case.due(at(300), TIMEOUT), Some(at(2000)));
        case.asked = 3;
        assert_eq!(case.due(at(300), TIMEOUT), None, "no witness answers: perhaps it is us");
        case.denied = Some(at(310));
        assert_eq!(case.due(at(320), TIMEOUT), Some(at(1000)));
        assert_eq!(case.due(at(2311), TIMEOUT), None, "what a witness said grows old");
    }

    #[test]
    fn no_way_to_a_node_counts_less_and_only_with_a_witness() {
        let mut case = refused(ConnectError::Unreachable);
        assert_eq!(case.due(at(300), TIMEOUT), None);
        case.denied = Some(at(310));
        assert_eq!(case.due(at(320), TIMEOUT), Some(at(2000)));
    }

    #[test]
    fn whoever_answers_a_witness_has_the_node_timeout() {
        let mut case = refused(ConnectError::Refused);
        (case.asked, case.denied, case.vouched) = (3, Some(at(310)), Some(at(320)));
        assert_eq!(case.due(at(330), TIMEOUT), None);
        assert_eq!(case.due(at(1400), TIMEOUT), Some(at(1000)), "a vouch grows old as well");
    }

    #[test]
    fn an_attempt_that_nobody_answers_starts_afresh() {
        let mut case = refused(ConnectError::Refused);
        case.add(at(400), ConnectError::TimedOut);
        case.add(at(500), ConnectError::Refused);
        case.add(at(600), ConnectError::Refused);
        assert_eq!(case.due(at(600), TIMEOUT), None);
        case.add(at(700), ConnectError::Refused);
        assert_eq!(case.due(at(700), TIMEOUT), Some(at(2500)), "counted from the first of the new refusals");
    }

    #[test]
    fn a_short_node_timeout_leaves_time_to_start_again() {
        let case = refused(ConnectError::Refused);
        assert_eq!(case.due(at(300), Duration::from_millis(300)), Some(at(150)));
        assert_eq!(case.due(at(300), Duration::from_millis(100)), None, "evidence never makes it later");
    }
}
