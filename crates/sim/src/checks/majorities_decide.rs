//! A node declares another one failing only when a majority of the primaries with slots reports it, and a replica wins an
//! election only with the votes of a majority.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_gossip::{Engine, Event};
use slotmesh_table::Health;
use slotmesh_types::{CurrentEpoch, NodeId};
use slotmesh_wire::{Header, Kind};

/// What is known of votes.
#[derive(Default)]
pub(super) struct Majorities {
    /// Who has voted, by the epoch that the voter was in.
    votes: BTreeMap<CurrentEpoch, BTreeSet<NodeId>>,
    /// How many primaries with slots each node knew after its last input, and when it last asked for votes.
    voting: BTreeMap<NodeId, usize>,
    electorates: BTreeMap<NodeId, usize>,
}

impl Majorities {
    pub(super) fn sent(&mut self, header: &Header<'_>) {
        if let Some(id) = header.sender().id().filter(|_| header.kind() == Kind::AuthAck) {
            self.votes.entry(header.current_epoch()).or_default().insert(id);
        }
    }

    pub(super) fn check(&mut self, engine: &Engine, events: &[Event]) -> Result<(), String> {
        let me = *engine.table().me().id();
        for (index, event) in events.iter().enumerate() {
            match event {
                Event::MarkedFail(about) => check_reports(about.id, &events[index..])?,
                Event::ElectionStarted { .. } => {
                    self.electorates.insert(me, engine.table().voting());
                }
                Event::ElectionWon { epoch } => self.check_votes(engine, epoch.as_current())?,
                _ => {}
            }
        }
        self.voting.insert(me, engine.table().voting());
        Ok(())
    }

    fn check_votes(&self, engine: &Engine, epoch: CurrentEpoch) -> Result<(), String> {
        let voters: BTreeSet<_> = self.votes.range(epoch..).flat_map(|(_, voters)| voters).collect();
        let (me, now) = (engine.table().me().id(), engine.table().voting());
        // The votes were counted in this input, which may have changed how many have one before that, and after it: a winner
        // is one primary more if an operator gave it slots while it was a replica.
        let counted = self.voting.get(me).map_or(now, |before| now.min(*before));
        let asked = self.electorates.get(me).copied().unwrap_or(0);
        let needed = counted.max(asked) / 2 + 1;
        if voters.len() >= needed {
            return Ok(());
        }
        Err(format!("wins the election of epoch {epoch} with {} votes at most, {needed} are needed", voters.len()))
    }
}

/// What followed from a verdict is told with it. Only that shows the moment itself: the same packet may make the node forget
/// who had reported.
fn check_reports(about: NodeId, events: &[Event]) -> Result<(), String> {
    let verdict = events.iter().find_map(|event| match event {
        Event::Judged(why) if why.node.id == about && why.health == Health::Fail => Some(why),
        _ => None,
    });
    let Some(why) = verdict else { return Err(format!("says that {about} fails, and not why")) };
    let reports = why.reporters.len() + usize::from(why.own_vote);
    if reports >= why.quorum {
        return Ok(());
    }
    Err(format!("says that {about} fails, with {reports} reports where {} are needed", why.quorum))
}

#[cfg(test)]
mod tests {
    use slotmesh_gossip::{Explanation, NodeName};
    use slotmesh_types::{Announced, ConfigEpoch, Host, Mono, Now, UnixMillis};

    use super::*;
    use crate::checks::samples::{Sample, engine_beside, engine_that_knows, id};

    #[test]
    fn who_wins_needs_votes() {
        let mut majorities = Majorities::default();
        let engine = engine_that_knows(2);
        let won = [Event::ElectionWon { epoch: ConfigEpoch(4) }];
        let vote = |epoch| Sample::new(2).current(epoch).packet(Kind::AuthAck);
        vote(3).with_header(|header| majorities.sent(header));
        assert!(majorities.check(&engine, &won).is_err());
        vote(4).with_header(|header| majorities.sent(header));
        assert!(majorities.check(&engine, &won).is_ok(), "one primary has slots");
    }

    #[test]
    fn who_wins_may_become_one_more_primary_with_slots() {
        let mut majorities = Majorities::default();
        let before = engine_that_knows(2);
        assert!(majorities.check(&before, &[]).is_ok());
        Sample::new(2).current(4).packet(Kind::AuthAck).with_header(|header| majorities.sent(header));
        let after = engine_beside(3);
        let won = [Event::ElectionWon { epoch: ConfigEpoch(4) }];
        assert!(after.table().voting() > before.table().voting());
        assert!(majorities.check(&after, &won).is_ok(), "one vote was enough when it was counted");
    }

    #[test]
    fn votes_of_a_majority_of_the_few_that_are_left_are_not_enough() {
        let mut majorities = Majorities::default();
        let asked = engine_beside(3);
        assert!(majorities.check(&asked, &[Event::ElectionStarted { epoch: CurrentEpoch(4) }]).is_ok());
        Sample::new(2).current(4).packet(Kind::AuthAck).with_header(|header| majorities.sent(header));
        let left = engine_that_knows(2);
        assert!(left.table().voting() < asked.table().voting());
        assert!(majorities.check(&left, &[Event::ElectionWon { epoch: ConfigEpoch(4) }]).is_err());
    }

    #[test]
    fn a_verdict_needs_the_reports_of_its_moment() {
        let mut majorities = Majorities::default();
        let engine = engine_that_knows(2);
        let name = |node| NodeName { id: id(node), human: Announced::default(), host: Host::default(), port: 0 };
        let now = Now { mono: Mono::from_micros(1), unix: UnixMillis(1_795_000_000_000) };
        let mut why = engine.explain(now, &id(2)).expect("a node that is known");
        (why.health, why.own_vote, why.quorum) = (Health::Fail, true, 3);
        why.reporters = vec![(name(3), now.mono)];
        let verdict = |why: &Explanation| {
            let forgotten = Event::NodeForgotten { node: name(3), by: Some(name(4)) };
            [Event::MarkedFail(name(2)), Event::Judged(Box::new(why.clone())), forgotten]
        };
        assert!(majorities.check(&engine, &verdict(&why)).is_err(), "two of three");
        why.reporters.push((name(4), now.mono));
        assert!(majorities.check(&engine, &verdict(&why)).is_ok(), "one of them is forgotten, and was not then");
        assert!(majorities.check(&engine, &[Event::MarkedFail(name(2))]).is_err(), "no reason is given");
    }
}
