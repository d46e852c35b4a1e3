//! Finding out addresses, the own one and others'. Source: spec of the bus, 5.6.

use slotmesh_table::{Address, NodeKey};
use slotmesh_types::Host;
use slotmesh_wire::{Header, Kind};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;
use crate::link::LinkId;

impl Engine {
    /// A MEET always shows a node its own address; a PING does while it has none, and a member's while it has only what
    /// nodes.conf says: the node may have been started at another place.
    pub(crate) fn discover_own_address(&mut self, link: LinkId, kind: Kind) {
        let me = self.table.my_key();
        let known = self.table.me().address.host;
        let outdated = !self.own_address_shown && self.member_of(link).is_some() && !self.is_outbound(link);
        if !self.config.announce_host.is_unknown() || (kind != Kind::Meet && !known.is_unknown() && !outdated) {
            return;
        }
        let Some(local) = self.links.get(link).map(|link| link.local) else { return };
        self.own_address_shown |= !local.is_unknown();
        if local != known && !local.is_unknown() {
            self.table.facts_mut(me).address.host = local;
            self.emit(Event::OwnAddress(local));
            self.want_save(Durability::Lazy);
        }
    }

    /// Where the sender of a packet listens: what it announces, else where the packet came from.
    pub(crate) fn announced_address(&self, link: LinkId, header: &Header<'_>) -> Option<Address> {
        let announced = header.host().host().ok()?;
        let host = if announced.is_unknown() { self.links.get(link)?.peer } else { announced };
        let (port, tls_port) = self.port_pair(header.port(), header.other_port());
        Some(Address { host, port, tls_port, bus_port: header.bus_port() })
    }

    /// A member shows where it is, by a PING that it opened a connection for.
    pub(crate) fn update_address(&mut self, key: NodeKey, link: LinkId, header: &Header<'_>) {
        if self.peers[key].outbound == Some(link) {
            return;
        }
        if let Some(address) = self.announced_address(link, header) {
            self.move_node(key, address);
        }
    }

    /// Whether it is known where a node listens: one that nodes.conf only mentions has no address.
    pub(crate) fn has_address(&self, key: NodeKey) -> bool {
        let node = self.table.node(key);
        !node.noaddr && !node.address.host.is_unknown() && node.address.bus_port != 0
    }

    /// Notes a node's new address and connects there.
    pub(crate) fn move_node(&mut self, key: NodeKey, address: Address) {
        let node = self.table.node(key);
        if node.address.is_same(&address) || address.host == Host::UNKNOWN || address.bus_port == 0 {
            return;
        }
        if let Some(link) = self.peers[key].outbound {
            self.close_link(link);
        }
        let facts = self.table.facts_mut(key);
        facts.address = address;
        facts.noaddr = false;
        self.peers[key].failures = 0;
        self.peers[key].connect_after = self.now.mono;
        self.look_at(key, self.now.mono);
        if self.is_my_primary(key) {
            self.follow_to_new_address(key);
        }
        let node = self.name(key);
        self.emit(Event::AddressUpdated { node, address });
        self.want_save(Durability::Lazy);
        self.state.due = true;
    }

    /// Our own link to a member leads to somebody else [meet-2]. Source: spec of the bus, 5.4.5.
    pub(crate) fn id_mismatch(&mut self, key: NodeKey) {
        let expected = self.name(key);
        self.emit(Event::IdMismatch { expected });
        if let Some(link) = self.peers[key].outbound {
            self.close_link(link);
        }
        let facts = self.table.facts_mut(key);
        facts.noaddr = true;
        facts.address = Address::default();
        if facts.health != slotmesh_table::Health::Fail {
            self.mark_fail(key);
            self.broadcast_fail(key);
        }
        self.want_save(Durability::Lazy);
        self.state.due = true;
    }

    /// The two client ports in the order of packets: the one of the kind the bus uses stands first.
    pub(crate) fn port_pair(&self, port: u16, tls_port: u16) -> (u16, u16) {
        if self.config.tls_cluster { (tls_port, port) } else { (port, tls_port) }
    }
}
