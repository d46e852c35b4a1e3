//! Records to table and back.

use std::sync::Arc;

use slotmesh_types::{ConfigEpoch, Mono, NodeId, Now, ShardId, UnixMillis};

use super::error::ConfError;
use super::record::{ConfFile, Flags, Health, NodeRecord, Role};
use super::write::FileText;
use crate::facts::{self, Address, Announcements, NodeFacts};
use crate::node::{Node, NodeKey};
use crate::slots::OpenSlot;
use crate::table::{Table, TableFull};

impl ConfFile {
    /// The records of a table. Nodes in handshake are left out: their names are made up.
    #[must_use]
    pub fn from_table(table: &Table, now: Now) -> Self {
        let members = table.nodes().filter(|(_, node)| !node.handshake);
        Self {
            nodes: members.map(|(key, node)| NodeRecord::from_node(table, key, node, now)).collect(),
            current_epoch: table.current_epoch,
            last_vote_epoch: table.last_vote_epoch,
        }
    }

    /// The text of the file for a table: that of [`Self::from_table`], one record after the other. A record with its map of
    /// slots is some 2.5 KiB, and this is done at each change of a big cluster.
    #[must_use]
    pub fn text_of(table: &Table, now: Now) -> Vec<u8> {
        let mut text = FileText::for_nodes(table.len());
        for (key, node) in table.nodes().filter(|(_, node)| !node.handshake) {
            text.add(&NodeRecord::from_node(table, key, node, now));
        }
        text.finish(table.current_epoch, table.last_vote_epoch)
    }

    /// The table these records describe, as a server has it after start: nothing is connected, pings and pongs that
    /// were ever seen count as seen now, epochs agree.
    ///
    /// # Errors
    /// When there are more nodes than a table holds, or none is `myself`.
    pub fn into_table(self, now: Mono) -> Result<Table, ConfError> {
        let me = self.nodes.iter().position(|record| record.flags.myself).ok_or(ConfError::NoMyself)?;
        // Keys follow the order of the file, so that it is written back in that order.
        let facts = self.nodes.iter().map(NodeRecord::to_facts).collect();
        let mut table = Table::with_nodes(facts, me, now).map_err(|TableFull| ConfError::TooManyNodes)?;
        for record in &self.nodes {
            table.apply_relations(record, now).map_err(|TableFull| ConfError::TooManyNodes)?;
        }
        table.adopt_shards_of_primaries();
        table.current_epoch = self.current_epoch;
        table.last_vote_epoch = self.last_vote_epoch;
        let highest = table.nodes().map(|(_, node)| node.config_epoch).max().unwrap_or_default();
        table.raise_current_epoch(highest.as_current());
        Ok(table)
    }
}

/// A file of Redis 7.0 knows no shards; every node gets one of its own, the same at each start.
fn derived_shard(id: &NodeId) -> ShardId {
    ShardId::new(*id.as_bytes()).expect("ids and shard ids have one alphabet")
}

impl NodeRecord {
    fn from_node(table: &Table, key: NodeKey, node: &Node, now: Now) -> Self {
        let me = key == table.my_key();
        let unix = |then: Option<Mono>| then.map_or(UnixMillis(0), |then| now.to_unix(then));
        let announced = &node.announcements;
        let open = |wanted: fn(OpenSlot) -> Option<NodeKey>| {
            // The name of a handshake is made up: after a restart nobody would answer to it.
            let lasting = |open: OpenSlot| !table.node(open.peer()).handshake;
            let slots = table.open_slots().filter(|(_, open)| me && lasting(*open));
            slots.filter_map(|(slot, open)| Some((slot, *table.node(wanted(open)?).id()))).collect()
        };
        Self {
            host: node.address.host,
            port: node.address.port,
            bus_port: node.address.bus_port,
            hostname: announced.hostname.clone(),
            zone: announced.zone.clone(),
            client_tls_port: announced.client_tls_port,
            client_port: announced.client_port,
            client_ipv6: announced.client_ipv6,
            client_ipv4: announced.client_ipv4,
            tls_port: Some(node.address.tls_port),
            human_nodename: announced.human_nodename.clone(),
            shard: Some(node.shard),
            flags: Flags::from_node(node, me),
            primary: node.primary_key().map(|primary| *table.node(primary).id()),
            ping_sent: if me { UnixMillis(0) } else { unix(node.liveness.ping_sent) },
            pong_received: if me { UnixMillis(0) } else { unix(node.liveness.pong_received) },
            config_epoch: table.epoch_of(key),
            connected: node.connected,
            slots: node.slots().clone(),
            migrating: open(|open| if let OpenSlot::Migrating(peer) = open { Some(peer) } else { None }),
            importing: open(|open| if let OpenSlot::Importing(peer) = open { Some(peer) } else { None }),
            ..Self::new(*node.id())
        }
    }

    fn to_facts(&self) -> NodeFacts {
        let role = match self.flags.role {
            Role::Primary => facts::Role::Primary,
            Role::Replica => facts::Role::Replica(None),
            Role::None => facts::Role::Unknown,
        };
        let shard = self.shard.unwrap_or_else(|| derived_shard(&self.id));
        let has_primary = self.flags.role == Role::Replica && self.primary.is_some();
        NodeFacts {
            // An entry without an address can only be a failed one: nobody can reach it.
            health: if self.flags.noaddr { Health::Fail } else { self.flags.health },
            noaddr: self.flags.noaddr,
            handshake: false,
            no_failover: self.flags.no_failover,
            config_epoch: if has_primary { ConfigEpoch(0) } else { self.config_epoch },
            address: Address {
                host: self.host,
                port: self.port,
                tls_port: self.tls_port.unwrap_or(0),
                bus_port: self.bus_port,
            },
            announcements: Arc::new(Announcements {
                hostname: self.hostname.clone(),
                human_nodename: self.human_nodename.clone(),
                client_ipv4: self.client_ipv4,
                client_ipv6: self.client_ipv6,
                client_port: self.client_port,
                client_tls_port: self.client_tls_port,
                zone: self.zone.clone(),
            }),
            ..NodeFacts::primary(self.id, shard).with_role(role)
        }
    }
}

impl Flags {
    fn from_node(node: &Node, myself: bool) -> Self {
        let role = match node.role() {
            facts::Role::Primary => Role::Primary,
            facts::Role::Replica(_) => Role::Replica,
            facts::Role::Unknown => Role::None,
        };
        Self {
            myself,
            role,
            health: node.health,
            handshake: node.handshake,
            noaddr: node.noaddr,
            no_failover: node.no_failover,
        }
    }
}

impl Table {
    fn apply_relations(&mut self, record: &NodeRecord, now: Mono) -> Result<(), TableFull> {
        let key = self.lookup(&record.id).expect("every record has been added");
        let seen = |at: UnixMillis| (at != UnixMillis(0)).then_some(now);
        let failed = self.node(key).health == Health::Fail;
        let liveness = self.liveness_mut(key);
        liveness.ping_sent = seen(record.ping_sent);
        liveness.pong_received = seen(record.pong_received);
        liveness.fail_since = failed.then_some(now);
        if record.flags.role == Role::Replica {
            let primary = record.primary.map(|id| self.lookup_or_add(id, now)).transpose()?;
            // A circle can't be what anybody wanted to save; who would close it is a replica of nobody known.
            self.make_replica(key, primary.filter(|primary| !self.is_below(*primary, key)));
        }
        for slot in record.slots.iter() {
            self.bind(slot, key);
        }
        for (slot, peer) in &record.importing {
            let peer = self.lookup_or_add(*peer, now)?;
            self.set_open_slot(*slot, Some(OpenSlot::Importing(peer)));
        }
        for (slot, peer) in &record.migrating {
            let peer = self.lookup_or_add(*peer, now)?;
            self.set_open_slot(*slot, Some(OpenSlot::Migrating(peer)));
        }
        Ok(())
    }

    /// A node that is only mentioned gets an entry without a role and without an address.
    fn lookup_or_add(&mut self, id: NodeId, now: Mono) -> Result<NodeKey, TableFull> {
        match self.lookup(&id) {
            Some(key) => Ok(key),
            None => {
                let facts = NodeFacts::primary(id, derived_shard(&id)).with_role(facts::Role::Unknown);
                self.add(facts, now)
            }
        }
    }

    fn adopt_shards_of_primaries(&mut self) {
        for key in self.keys() {
            if let Some(primary) = self.node(key).primary_key() {
                let shard = self.node(primary).shard;
                self.facts_mut(key).shard = shard;
            }
        }
    }
}
