//! A node declares another one failing only when a majority of the primaries with slots reports it, and a replica wins an
//! election only with the votes of a majority.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_gossip::{Engine, Event};
use slotmesh_types::{CurrentEpoch, Mono, NodeId};
use slotmesh_wire::{Header, Kind};

/// Who has voted, by the epoch that the voter was in.
#[derive(Default)]
pub(super) struct Majorities(BTreeMap<CurrentEpoch, BTreeSet<NodeId>>);

impl Majorities {
    pub(super) fn sent(&mut self, header: &Header<'_>) {
        if let Some(id) = header.sender().id().filter(|_| header.kind() == Kind::AuthAck) {
            self.0.entry(header.current_epoch()).or_default().insert(id);
        }
    }

    pub(super) fn check(&self, engine: &Engine, now: Mono, events: &[Event]) -> Result<(), String> {
        for event in events {
            match event {
                Event::MarkedFail(about) => check_reports(engine, now, about.id)?,
                Event::ElectionWon { epoch } => self.check_votes(engine, epoch.as_current())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn check_votes(&self, engine: &Engine, epoch: CurrentEpoch) -> Result<(), String> {
        let voters: BTreeSet<_> = self.0.range(epoch..).flat_map(|(_, voters)| voters).collect();
        // The winner has the slots of its primary by now, so the number of those who vote has stayed the same.
        let needed = engine.table().voting() / 2 + 1;
        if voters.len() >= needed {
            return Ok(());
        }
        Err(format!("wins the election of epoch {epoch} with {} votes at most, {needed} are needed", voters.len()))
    }
}

fn check_reports(engine: &Engine, now: Mono, about: NodeId) -> Result<(), String> {
    let table = engine.table();
    let Some(key) = table.lookup(&about) else { return Ok(()) };
    let validity = engine.config().report_validity();
    let reports = table.reports(key).filter(|(_, at)| now.since(*at) <= validity).count();
    let (all, needed) = (reports + usize::from(table.me().is_voting()), table.voting() / 2 + 1);
    if all >= needed {
        return Ok(());
    }
    Err(format!("says that {about} fails, with {all} reports where {needed} are needed"))
}

#[cfg(test)]
mod tests {
    use slotmesh_types::ConfigEpoch;

    use super::*;
    use crate::checks::samples::{Sample, engine_that_knows};

    #[test]
    fn who_wins_needs_votes() {
        let mut majorities = Majorities::default();
        let engine = engine_that_knows(2);
        let won = [Event::ElectionWon { epoch: ConfigEpoch(4) }];
        let vote = |epoch| Sample::new(2).current(epoch).packet(Kind::AuthAck);
        vote(3).with_header(|header| majorities.sent(header));
        assert!(majorities.check(&engine, Mono::default(), &won).is_err());
        vote(4).with_header(|header| majorities.sent(header));
        assert!(majorities.check(&engine, Mono::default(), &won).is_ok(), "one primary has slots");
    }
}
