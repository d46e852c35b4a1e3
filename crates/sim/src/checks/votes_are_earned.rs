//! A vote goes to who has earned it, as the voter sees it: a replica of a primary that has failed, whose slots nobody has
//! with a newer epoch, and that asks in the epoch the vote is for. The voter is a primary with slots that has not only just
//! started.

use std::time::Duration;

use slotmesh_gossip::{Engine, Event};
use slotmesh_table::Health;
use slotmesh_types::{CurrentEpoch, Mono, SlotSet};
use slotmesh_wire::{Header, Kind};

/// A primary that does not serve has no vote for so long after its start.
const SHY: Duration = Duration::from_secs(2);

pub(super) struct Voters {
    /// The vote that each node has given to the packet at hand.
    given: Vec<Option<CurrentEpoch>>,
    started: Vec<Mono>,
}

impl Voters {
    pub(super) fn new(nodes: usize, now: Mono) -> Self {
        Self { given: vec![None; nodes], started: vec![now; nodes] }
    }

    pub(super) fn restarted(&mut self, node: usize, now: Mono) {
        self.started[node] = now;
    }

    pub(super) fn note(&mut self, node: usize, events: &[Event]) {
        let given = events.iter().find_map(|event| match event {
            Event::VoteGranted { epoch, .. } => Some(*epoch),
            _ => None,
        });
        self.given[node] = self.given[node].max(given);
    }

    /// A node has dealt with a packet.
    pub(super) fn received(
        &mut self,
        node: usize,
        engine: &Engine,
        now: Mono,
        header: &Header<'_>,
    ) -> Result<(), String> {
        let Some(given) = self.given[node].take() else { return Ok(()) };
        let early = !engine.is_serving() && now.since(self.started[node]) < SHY;
        match flaw(engine, given, early, header) {
            Some(flaw) => Err(format!("votes in epoch {given} although {flaw}")),
            None => Ok(()),
        }
    }
}

fn flaw(engine: &Engine, given: CurrentEpoch, early: bool, header: &Header<'_>) -> Option<&'static str> {
    let table = engine.table();
    let candidate = header.sender().id().and_then(|id| table.lookup(&id));
    let primary = candidate.and_then(|key| table.node(key).primary_key());
    let failed = primary.is_some_and(|key| table.node(key).health == Health::Fail);
    let claim = SlotSet::from_bytes(*header.slots());
    let newer = claim.iter().any(|slot| {
        let owner = table.owner(slot).filter(|_| !table.is_not_claiming(slot));
        owner.is_some_and(|key| table.node(key).config_epoch > header.config_epoch())
    });
    let flaws = [
        (header.kind() != Kind::AuthRequest, "nobody has asked"),
        (header.current_epoch() != given, "another epoch was asked for"),
        (!table.me().is_voting(), "it is no primary with slots"),
        (early, "it has only just started"),
        (primary.is_none(), "who asks is no replica of anybody known"),
        (!failed && !header.message_flags().is_force_ack(), "the primary of who asks is well"),
        (newer, "a slot that is claimed has a newer owner"),
    ];
    flaws.into_iter().find(|(is_so, _)| *is_so).map(|(_, flaw)| flaw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{Sample, engine_that_knows};

    #[test]
    fn a_primary_that_asks_earns_no_vote() {
        let engine = engine_that_knows(2);
        let request = Sample::new(2).current(5).config(1).packet(Kind::AuthRequest);
        let found = request.with_header(|header| flaw(&engine, CurrentEpoch(5), false, header));
        assert_eq!(found, Some("who asks is no replica of anybody known"));
        let found = request.with_header(|header| flaw(&engine, CurrentEpoch(6), false, header));
        assert_eq!(found, Some("another epoch was asked for"));
        let ping = Sample::new(2).current(5).packet(Kind::Ping);
        assert_eq!(ping.with_header(|header| flaw(&engine, CurrentEpoch(5), false, header)), Some("nobody has asked"));
    }
}
