//! A node votes at most once in an epoch, also across a crash: its vote is on disk before it leaves.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_gossip::Engine;
use slotmesh_types::{CurrentEpoch, NodeId};
use slotmesh_wire::{Header, Kind};

use crate::disk::Promises;

pub(super) struct Votes {
    /// The epochs in which each node voted, by the packets that left. A vote may wait for its link while a later one leaves.
    given: BTreeMap<NodeId, BTreeSet<CurrentEpoch>>,
    /// Who each node is, and its last vote by its own word.
    known: Vec<Option<(NodeId, CurrentEpoch)>>,
    /// The last vote that a power failure would leave.
    on_disk: Vec<CurrentEpoch>,
}

impl Votes {
    pub(super) fn new(nodes: usize) -> Self {
        Self { given: BTreeMap::new(), known: vec![None; nodes], on_disk: vec![CurrentEpoch(0); nodes] }
    }

    pub(super) fn check(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let (vote, current) = (engine.table().last_vote_epoch, engine.table().current_epoch);
        if vote > current {
            return Err(format!("voted in epoch {vote}, ahead of the current epoch {current}"));
        }
        let id = *engine.table().me().id();
        match self.known[node].replace((id, vote)) {
            Some((who, before)) if who == id && before > vote => {
                Err(format!("remembers a vote in {vote} after one in {before}"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn sent(&mut self, node: usize, header: &Header<'_>) -> Result<(), String> {
        let Some(id) = header.sender().id().filter(|_| header.kind() == Kind::AuthAck) else { return Ok(()) };
        let (epoch, on_disk) = (header.current_epoch(), self.on_disk[node]);
        if on_disk < epoch {
            return Err(format!("votes in epoch {epoch} while its last vote on disk is that in {on_disk}"));
        }
        let first = self.given.entry(id).or_default().insert(epoch);
        if first { Ok(()) } else { Err(format!("votes twice in epoch {epoch}")) }
    }

    pub(super) fn saved(&mut self, node: usize, safe: &Promises) {
        self.on_disk[node] = safe.last_vote_epoch;
    }

    pub(super) fn restarted(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let (table, id) = (engine.table(), *engine.table().me().id());
        self.on_disk[node] = table.last_vote_epoch;
        self.known[node] = None;
        match self.given.get(&id).and_then(BTreeSet::last) {
            Some(given) if *given > table.last_vote_epoch => {
                Err(format!("voted in epoch {given} and remembers {} after a restart", table.last_vote_epoch))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{Sample, engine, promises};

    fn vote(votes: &mut Votes, epoch: u64) -> Result<(), String> {
        Sample::new(1).current(epoch).packet(Kind::AuthAck).with_header(|header| votes.sent(0, header))
    }

    #[test]
    fn a_vote_waits_for_the_disk_and_is_given_once() {
        let mut votes = Votes::new(1);
        assert!(vote(&mut votes, 3).is_err(), "nothing is on disk");
        let mut votes = Votes::new(1);
        votes.saved(0, &promises(1, 3, 3));
        assert!(vote(&mut votes, 3).is_ok());
        assert!(vote(&mut votes, 3).is_err(), "twice in one epoch");
        assert!(vote(&mut votes, 2).is_ok(), "it has waited for its link");
        assert!(vote(&mut votes, 2).is_err(), "twice all the same");
    }

    #[test]
    fn the_last_vote_never_falls() {
        let mut votes = Votes::new(1);
        assert!(votes.check(0, &engine(1, 4, 3)).is_ok());
        assert!(votes.check(0, &engine(2, 4, 0)).is_ok(), "somebody else after a hard reset");
        assert!(votes.check(0, &engine(2, 4, 2)).is_ok());
        assert!(votes.check(0, &engine(2, 4, 1)).is_err());
    }

    #[test]
    fn a_vote_is_remembered_after_a_restart() {
        let mut votes = Votes::new(1);
        votes.saved(0, &promises(1, 3, 3));
        assert!(vote(&mut votes, 3).is_ok());
        assert!(votes.restarted(0, &engine(1, 3, 3)).is_ok());
        assert!(votes.restarted(0, &engine(1, 3, 2)).is_err());
    }
}
