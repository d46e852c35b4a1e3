//! Merging what a member gossips. Source: spec of the bus, 5.7.

use std::time::Duration;

use slotmesh_table::{Address, Capabilities, Health, NodeFacts, NodeKey, Role, TableFull};
use slotmesh_types::{NodeId, UnixMillis};
use slotmesh_wire::{GossipEntry, Heartbeat, NodeFlags};

use crate::engine::Engine;
use crate::event::Event;

/// A gossiped sign of life may be this far in the future: clocks differ.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(500);
/// Nodes known from gossip that have not proven who they are yet: what a lying member can make us hold [trust-3].
const UNPROVEN_MAX: usize = 8192;

impl Engine {
    /// Uses the entries of a heartbeat of `sender`, a member or somebody who just sent MEET.
    pub(crate) fn merge_gossip(&mut self, sender: NodeKey, heartbeat: &Heartbeat<'_>) {
        let invalid = heartbeat.entries().iter().filter(|entry| entry.name().id().is_none()).count();
        if invalid > 0 {
            let from = self.name(sender);
            return self.emit(Event::InvalidGossip { from, count: invalid });
        }
        let mut refused = 0;
        for entry in heartbeat.entries() {
            let Some(id) = entry.name().id() else { continue };
            self.counters.0.gossip_entries += 1;
            match self.table.lookup(&id) {
                Some(key) if key == self.table.my_key() => {}
                Some(key) => self.merge_known(sender, key, entry),
                None => refused += usize::from(self.learn(sender, id, entry).is_err()),
            }
        }
        if refused > 0 {
            let from = self.name(sender);
            self.emit(Event::TooManyNodes { from, count: refused });
        }
    }

    fn merge_known(&mut self, sender: NodeKey, key: NodeKey, entry: &GossipEntry) {
        // What this node thinks of others is not for a stranger to change, whose MEET this is [trust-4].
        if self.table.node(sender).handshake {
            return;
        }
        if self.is_hearsay(key) {
            self.peers[key].hearsay = None;
            self.relist(key);
        }
        let flags = entry.flags();
        if flags.has_any(NodeFlags(NodeFlags::FAIL.0 | NodeFlags::PFAIL.0)) {
            self.note_report(key, sender);
        } else {
            self.withdraw_report(key, sender);
            self.adopt_pong_time(key, entry.pong_received());
        }
        let node = self.table.node(key);
        let unwell = NodeFlags(NodeFlags::FAIL.0 | NodeFlags::PFAIL.0 | NodeFlags::NOADDR.0);
        if node.health != Health::Online
            && !flags.has_any(unwell)
            && let Some(address) = self.gossiped_address(entry)
        {
            self.move_node(key, address);
        }
    }

    /// Somebody else heard of the node: no need to ask it ourselves so soon. This is what keeps ping traffic low.
    fn adopt_pong_time(&mut self, key: NodeKey, heard: UnixMillis) {
        let node = self.table.node(key);
        let settled = node.health == Health::Online && !node.handshake && !node.noaddr;
        let reported = self.table.has_report(key, self.now.mono, self.config.report_validity());
        if !settled || node.liveness.ping_sent.is_some() || reported {
            return;
        }
        let heard = self.now.to_mono(heard);
        if heard <= self.now.mono.after(CLOCK_TOLERANCE) && Some(heard) > node.liveness.pong_received {
            self.table.liveness_mut(key).pong_received = Some(heard);
        }
    }

    /// Adds a node that was not known, if it is worth a place: one of the ways into the table [trust-2].
    fn learn(&mut self, sender: NodeKey, id: NodeId, entry: &GossipEntry) -> Result<(), TableFull> {
        // First of all: what comes when there is no place costs next to nothing.
        if self.table.len() >= self.roll.len() + UNPROVEN_MAX {
            return Err(TableFull);
        }
        let flags = entry.flags();
        if flags.has(NodeFlags::NOADDR) || self.table.forgotten.contains(&id, self.now.mono) {
            return Ok(());
        }
        let Some(address) = self.gossiped_address(entry) else { return Ok(()) };
        // A handshake with that place will find it out. Two connections to one node, one of them for an entry that is about
        // to go, would have the node close the wrong one [mesh-7].
        if self.handshakes.with(&address).next().is_some() {
            return Ok(());
        }
        let role = if flags.has(NodeFlags::REPLICA) { Role::Replica(None) } else { Role::Primary };
        let shard = self.random_shard_id();
        let mut facts = NodeFacts::primary(id, shard).with_role(role);
        facts.address = address;
        facts.no_failover = flags.has(NodeFlags::NOFAILOVER);
        facts.migrate_to = flags.has(NodeFlags::MIGRATE_TO);
        facts.capabilities = Capabilities {
            extensions: flags.has(NodeFlags::EXTENSIONS),
            light_publish: flags.has(NodeFlags::LIGHT_PUBLISH),
            light_module: flags.has(NodeFlags::LIGHT_MODULE),
            my_primary_fail: flags.has(NodeFlags::MY_PRIMARY_FAIL),
        };
        facts.health = if flags.has(NodeFlags::FAIL) {
            Health::Fail
        } else if flags.has(NodeFlags::PFAIL) {
            Health::Pfail
        } else {
            Health::Online
        };
        let failed = facts.health == Health::Fail;
        // From here on it is due to be connected to, without a tick in between [mesh-2].
        let key = self.add_node(facts)?;
        self.set_health(key, self.table.node(key).health);
        self.table.liveness_mut(key).fail_since = failed.then_some(self.now.mono);
        self.note_hearsay(key, sender);
        self.relist(key);
        self.note_learned();
        let (node, from) = (self.name(key), self.name(sender));
        self.emit(Event::NodeLearned { node, from });
        Ok(())
    }

    fn gossiped_address(&self, entry: &GossipEntry) -> Option<Address> {
        let host = entry.host().host().ok().filter(|host| !host.is_unknown())?;
        let (port, tls_port) = self.port_pair(entry.port(), entry.other_port());
        (entry.bus_port() != 0).then_some(Address { host, port, tls_port, bus_port: entry.bus_port() })
    }
}
