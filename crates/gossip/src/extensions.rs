//! What a member's extensions say. Source: spec of the bus, 3.2.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::{Announcements, NodeKey};
use slotmesh_types::{Announced, Host, Hostname, ShardId};
use slotmesh_wire::{Extension, Heartbeat, Name};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

impl Engine {
    /// Stores what `sender` announces. An absent extension clears the stored value; one that nodes.conf could not carry
    /// counts as absent, where a real server would store it and not start again [text-1].
    pub(crate) fn apply_extensions(&mut self, sender: NodeKey, heartbeat: &Heartbeat<'_>) {
        let mut announced = Announcements::default();
        let mut shard = None;
        let mut bad = None;
        for extension in heartbeat.extensions() {
            match extension {
                Extension::Hostname(text) => keep(Hostname::new(text), &mut announced.hostname, "hostname", &mut bad),
                Extension::HumanNodename(text) => {
                    keep(Announced::new(text), &mut announced.human_nodename, "human nodename", &mut bad);
                }
                Extension::ClientIpv4(text) => {
                    keep(ip(text, IpAddr::is_ipv4), &mut announced.client_ipv4, "client ipv4", &mut bad);
                }
                Extension::ClientIpv6(text) => {
                    keep(ip(text, IpAddr::is_ipv6), &mut announced.client_ipv6, "client ipv6", &mut bad);
                }
                Extension::ClientPort(port) => announced.client_port = port,
                Extension::ClientTlsPort(port) => announced.client_tls_port = port,
                Extension::AvailabilityZone(text) => {
                    keep(Announced::new(text), &mut announced.zone, "availability zone", &mut bad);
                }
                Extension::ShardId(name) => shard = name.shard(),
                Extension::ForgottenNode { name, ttl } => self.hear_forgotten(sender, name, ttl),
                Extension::Reach(reach) => self.receive_reach(sender, &reach),
                // A question has been answered with the PONG.
                Extension::Roster(_) | Extension::Unknown { .. } => {}
            }
        }
        if self.table.get(sender).is_none() || self.finish_leave(sender) {
            return;
        }
        if let Some(what) = bad {
            let from = self.name(sender);
            self.emit(Event::BadAnnouncement { from, what });
        }
        if *self.table.node(sender).announcements != announced {
            self.table.facts_mut(sender).announcements = Arc::new(announced);
            self.want_save(Durability::Lazy);
        }
        self.update_shard(sender, shard);
    }

    fn hear_forgotten(&mut self, from: NodeKey, name: Name, ttl: u64) {
        let Some(id) = name.id() else { return };
        if id == *self.table.me().id() {
            return self.note_forgot_us(from, true);
        }
        let Some(key) = self.table.lookup(&id) else { return };
        if self.table.me().primary_key() == Some(key) || key == from {
            return;
        }
        let by = Some(self.name(from));
        // A day is far beyond any sensible ban; a peer must not be able to bar a node for ever.
        self.forget_node(key, Duration::from_secs(ttl.min(86_400)), by);
    }

    /// A member announces its shard. A replica's counts only if it is its primary's. Source: spec of the bus, 5.10.
    pub(crate) fn update_shard(&mut self, key: NodeKey, announced: Option<ShardId>) {
        let node = self.table.node(key);
        let primary = node.primary_key().map(|primary| self.table.node(primary).shard);
        let shard = announced.or(primary).unwrap_or(node.shard);
        let allowed = if node.is_replica() { primary.unwrap_or(node.shard) == shard } else { true };
        if !allowed || node.shard == shard {
            return;
        }
        self.table.facts_mut(key).shard = shard;
        self.want_save(Durability::Lazy);
        if self.table.me().primary_key() == Some(key) {
            let me = self.table.my_key();
            self.table.facts_mut(me).shard = shard;
            self.want_save(Durability::Synced);
        }
    }
}

/// An address of that family, or none. A real server that reads one of the other family in its nodes.conf does not start.
fn ip(text: &[u8], family: fn(&IpAddr) -> bool) -> Result<Host, ()> {
    Host::new(text).ok().filter(|host| host.is_unknown() || host.ip().is_some_and(|ip| family(&ip))).ok_or(())
}

fn keep<T, E>(read: Result<T, E>, place: &mut T, what: &'static str, bad: &mut Option<&'static str>) {
    match read {
        Ok(value) => *place = value,
        Err(_) => *bad = Some(what),
    }
}
