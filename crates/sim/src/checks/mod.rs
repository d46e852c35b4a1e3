//! What must hold at every moment, whatever the network does: a file for each property.

use std::time::Duration;

use slotmesh_gossip::{Engine, Event};
use slotmesh_table::Table;
use slotmesh_types::{Mono, Now};
use slotmesh_wire::Packet;

use crate::disk::Promises;

mod bounded;
mod comes_to_rest;
mod conf_loads_again;
mod config_epoch_never_falls;
mod current_epoch_never_falls;
mod forgotten_stay_forgotten;
mod former_names;
mod handshakes_end;
mod majorities_decide;
pub(crate) mod mesh_is_whole;
mod one_entry_per_id;
mod one_owner_per_epoch;
mod one_owner_per_slot;
mod one_vote_per_epoch;
mod one_winner_per_epoch;
pub(crate) mod reset_leaves_nothing;
#[cfg(test)]
mod samples;
mod slots_go_to_newer_claims;
mod votes_are_earned;

/// The history that the checks compare with.
pub(crate) struct Checks {
    rest: comes_to_rest::Rest,
    epochs: config_epoch_never_falls::Epochs,
    clocks: current_epoch_never_falls::Clocks,
    votes: one_vote_per_epoch::Votes,
    claims: slots_go_to_newer_claims::Claims,
    majorities: majorities_decide::Majorities,
    voters: votes_are_earned::Voters,
    winners: one_winner_per_epoch::Winners,
    disputes: one_owner_per_epoch::Disputes,
    forgotten: forgotten_stay_forgotten::Bans,
    former: former_names::FormerNames,
    /// The table version at which each node's table was last looked at.
    versions: Vec<Option<u64>>,
    /// Events since each node's table was last looked at.
    turns: Vec<usize>,
    /// Saves since each node's nodes.conf was last read back.
    saves: Vec<usize>,
}

/// Clusters up to twice this size are checked as a whole after every event.
const EVERY_EVENT_UP_TO: usize = 16;

impl Checks {
    pub(crate) fn new(nodes: usize, now: Mono) -> Self {
        Self {
            rest: comes_to_rest::Rest::new(nodes),
            epochs: config_epoch_never_falls::Epochs::new(nodes),
            clocks: current_epoch_never_falls::Clocks::new(nodes),
            votes: one_vote_per_epoch::Votes::new(nodes),
            claims: slots_go_to_newer_claims::Claims::new(nodes),
            majorities: majorities_decide::Majorities::default(),
            voters: votes_are_earned::Voters::new(nodes, now),
            winners: one_winner_per_epoch::Winners::default(),
            disputes: one_owner_per_epoch::Disputes::default(),
            forgotten: forgotten_stay_forgotten::Bans::new(nodes),
            former: former_names::FormerNames::new(nodes),
            versions: vec![None; nodes],
            turns: vec![0; nodes],
            saves: vec![0; nodes],
        }
    }

    /// A node has had an input and done what follows; it may be this late with what is due.
    pub(crate) fn observe(
        &mut self,
        node: usize,
        engine: &Engine,
        now: Now,
        late: Duration,
        events: &[Event],
    ) -> Result<(), String> {
        self.forgotten.check(node, engine, now, events)?;
        self.epochs.check(node, engine)?;
        self.clocks.check(node, engine)?;
        self.votes.check(node, engine)?;
        self.voters.note(node, events);
        self.majorities.check(engine, events)?;
        self.winners.check(*engine.table().me().id(), events)?;
        handshakes_end::check_events(engine, events)?;
        if !self.is_turn(node, engine) {
            return Ok(());
        }
        handshakes_end::check(engine, now, late)?;
        bounded::check(engine, self.turns.len())?;
        let version = Some(engine.table().version());
        if self.versions[node] != version {
            self.versions[node] = version;
            one_entry_per_id::check(engine)?;
            one_owner_per_slot::check(engine)?;
        }
        Ok(())
    }

    /// Whether the whole table of a node is looked at now: after every event in a small cluster, after every few in a big
    /// one, where the walks would cost more than all else.
    fn is_turn(&mut self, node: usize, engine: &Engine) -> bool {
        self.turns[node] += 1;
        let turn = self.turns[node] >= (engine.table().len() / EVERY_EVENT_UP_TO).pow(2);
        if turn {
            self.turns[node] = 0;
        }
        turn
    }

    /// A node is called because it wanted to be.
    pub(crate) fn woken(&mut self, node: usize, now: Mono) -> Result<(), String> {
        self.rest.woken(node, now)
    }

    /// A packet leaves a node.
    pub(crate) fn sent(&mut self, node: usize, bytes: &[u8]) -> Result<(), String> {
        let Ok(Packet::Full(header, _)) = Packet::decode(bytes) else { return Ok(()) };
        if self.former.are_used(node, &header) {
            return Ok(());
        }
        self.epochs.sent(node, &header)?;
        self.clocks.sent(node, &header)?;
        self.majorities.sent(&header);
        self.votes.sent(node, &header)
    }

    /// A packet is about to be dealt with.
    pub(crate) fn arrives(&mut self, node: usize, engine: &Engine, bytes: &[u8]) {
        if let Ok(Packet::Full(header, body)) = Packet::decode(bytes) {
            self.claims.arrives(node, engine, &header, &body);
        }
    }

    /// A node has dealt with a packet.
    pub(crate) fn received(&mut self, node: usize, engine: &Engine, now: Mono, bytes: &[u8]) -> Result<(), String> {
        let Ok(Packet::Full(header, _)) = Packet::decode(bytes) else { return Ok(()) };
        self.claims.received(node, engine)?;
        self.voters.received(node, engine, now, &header)?;
        self.disputes.received(node, engine, &header)
    }

    /// A node begins to write its table as nodes.conf.
    pub(crate) fn saves(&mut self, node: usize, table: &Table, now: Now) -> Result<(), String> {
        self.saves[node] += 1;
        if self.saves[node] <= (table.len() / EVERY_EVENT_UP_TO).pow(2) {
            return Ok(());
        }
        self.saves[node] = 0;
        conf_loads_again::check(table, now)
    }

    /// A node's nodes.conf has been written; this is what a power failure would leave.
    pub(crate) fn saved(&mut self, node: usize, safe: &Promises) {
        self.former.note(node, safe.id);
        self.epochs.saved(node, safe);
        self.clocks.saved(node, safe);
        self.votes.saved(node, safe);
    }

    /// A node runs again with what was on its disk.
    pub(crate) fn restarted(&mut self, node: usize, engine: &Engine, now: Now) -> Result<(), String> {
        self.versions[node] = None;
        self.former.note(node, *engine.table().me().id());
        self.forgotten.restarted(node, engine, now);
        self.voters.restarted(node, now.mono);
        self.epochs.restarted(node, engine)?;
        self.clocks.restarted(node, engine)?;
        self.votes.restarted(node, engine)
    }

    /// An operator made one node meet another.
    pub(crate) fn met(&mut self, from: usize, to: usize, now: Mono) {
        self.forgotten.met(from, to, now);
    }

    /// An operator resets a node.
    pub(crate) fn reset(&mut self, node: usize, hard: bool) {
        self.forgotten.reset(node);
        if hard {
            self.epochs.reset(node);
            self.clocks.reset(node);
        }
    }
}
