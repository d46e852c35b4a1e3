//! Asking others whether they reach a node, and answering them. Between nodes of ours only.

use rand_core::Rng;
use slotmesh_table::{Health, NodeKey};
use slotmesh_wire::{Extension, Kind, Name, Reach, ReachWord};

use crate::engine::Engine;

/// So many nodes are asked at a time [gone-2].
const WITNESSES: usize = 3;
/// So many wait for word about one node; a member that asks for more asks again.
const ASKERS_MAX: usize = 64;

impl Engine {
    /// Asks a few nodes, drawn at random among those that know the question; tells how many.
    pub(crate) fn ask_witnesses(&mut self, about: NodeKey) -> usize {
        let mut asked = Vec::with_capacity(WITNESSES);
        while asked.len() < WITNESSES {
            // In a big cluster that loses many, a list of all who know the question would be made thousands of times.
            let start = self.rng.next_u32() as usize % self.table.key_bound();
            let mut keys = self.table.nodes_from(start).map(|(key, _)| key);
            let Some(witness) = keys.find(|key| *key != about && !asked.contains(key) && self.is_witness(*key)) else {
                break;
            };
            asked.push(witness);
        }
        for witness in &asked {
            self.send_reach(*witness, about, ReachWord::Question);
        }
        asked.len()
    }

    fn is_witness(&self, key: NodeKey) -> bool {
        let node = self.table.node(key);
        self.peers[key].witness && !node.handshake && node.health == Health::Online && self.standing(key).is_some()
    }

    /// A member asks, or answers what we asked.
    pub(crate) fn receive_reach(&mut self, from: NodeKey, reach: &Reach) {
        let Some(about) = reach.about.id().and_then(|id| self.table.lookup(&id)) else { return };
        if about == from || self.table.node(about).handshake {
            return;
        }
        match reach.word {
            ReachWord::Question => self.look_for(about, from),
            ReachWord::Reached => self.hear_witness(about, true),
            ReachWord::Gone => self.hear_witness(about, false),
        }
    }

    /// Finds out whether `about` answers. The question is kept until there is something to tell.
    fn look_for(&mut self, about: NodeKey, asker: NodeKey) {
        if about == self.table.my_key() {
            return self.send_reach(asker, about, ReachWord::Reached);
        }
        let peer = &mut self.peers[about];
        // Nothing stands there, and the last attempt failed as well: that is known already.
        if peer.outbound.is_none() && peer.gone {
            return self.send_reach(asker, about, ReachWord::Gone);
        }
        if !peer.askers.contains(&asker) && peer.askers.len() < ASKERS_MAX {
            peer.askers.push(asker);
        }
        // A pending ping will be answered as well; what is not answered is pinged no more often for being asked about.
        if self.standing(about).is_some() && self.table.node(about).liveness.ping_sent.is_none() {
            self.ping(about);
        }
    }

    /// Tells those who asked about `about` what has just turned out.
    pub(crate) fn tell_askers(&mut self, about: NodeKey, word: ReachWord) {
        for asker in std::mem::take(&mut self.peers[about].askers) {
            // It may have been forgotten since.
            if self.table.get(asker).is_some() {
                self.send_reach(asker, about, word);
            }
        }
    }

    fn send_reach(&mut self, to: NodeKey, about: NodeKey, word: ReachWord) {
        let Some(link) = self.standing(to).or(self.peers[to].inbound) else { return };
        let about = Name::from(*self.table.node(about).id());
        self.send_heartbeat_with(Kind::Pong, link, Some(to), &[], Some(Extension::Reach(Reach { about, word })));
    }
}
