//! MEET: an operator's, and a peer's. Source: spec of the bus, 5.4.

use std::net::IpAddr;

use slotmesh_table::{Address, NodeFacts, NodeKey, Role};
use slotmesh_types::{Host, Mono, NodeId, Now};
use slotmesh_wire::{Header, NodeFlags};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::{Event, MeetRefusal};
use crate::handshake::{Handshake, HandshakeEnd, HandshakeId, HandshakeOrigin, Handshakes};
use crate::link::LinkId;

/// Whom to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeetTarget {
    /// IP address.
    pub ip: IpAddr,
    /// Client port.
    pub port: u16,
    /// Bus port.
    pub bus_port: u16,
}

/// What a MEET command began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetStart {
    /// A new handshake.
    Started(HandshakeId),
    /// A handshake with that address is under way already.
    UnderWay(HandshakeId),
}

/// Why a MEET command began nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeetError {
    /// The node table is full.
    #[error("the node table is full")]
    TableFull,
    /// Too many handshakes are under way; wait for some to end.
    #[error("too many handshakes are under way; wait for some to end")]
    TooMany,
}

impl Engine {
    /// Starts a handshake with a node, as CLUSTER MEET does. Its end comes as [`Event::HandshakeEnded`].
    ///
    /// # Errors
    /// See [`MeetError`].
    pub fn meet(&mut self, now: Now, target: MeetTarget) -> Result<MeetStart, MeetError> {
        self.now = now;
        self.begin_meeting(target, HandshakeOrigin::Operator)
    }

    /// Starts a handshake that begins with a MEET of ours.
    pub(crate) fn begin_meeting(
        &mut self,
        target: MeetTarget,
        origin: HandshakeOrigin,
    ) -> Result<MeetStart, MeetError> {
        let (port, tls_port) = if self.config.tls_cluster { (0, target.port) } else { (target.port, 0) };
        let address = Address { host: Host::from(target.ip), port, tls_port, bus_port: target.bus_port };
        if let Some((_, handshake)) = self.handshakes.with(&address).next() {
            return Ok(MeetStart::UnderWay(handshake.id));
        }
        if self.handshakes.count(origin) >= Handshakes::FROM_OPERATORS_MAX {
            return Err(MeetError::TooMany);
        }
        let key = self.start_handshake(address, origin).ok_or(MeetError::TableFull)?;
        self.peers[key].meet = true;
        Ok(MeetStart::Started(HandshakeId(self.handshakes.last)))
    }

    /// Enters a node of which only the address is known.
    fn start_handshake(&mut self, address: Address, origin: HandshakeOrigin) -> Option<NodeKey> {
        let (id, shard) = (self.random_node_id(), self.random_shard_id());
        let mut facts = NodeFacts::primary(id, shard).with_role(Role::Unknown);
        facts.handshake = true;
        facts.address = address;
        let key = self.add_node(facts).ok()?;
        self.handshakes.last += 1;
        let handshake = Handshake {
            id: HandshakeId(self.handshakes.last),
            origin,
            address,
            started: self.now.mono,
            deadline: self.now.mono.after(self.config.handshake_timeout()),
            attempts: 0,
            last_error: None,
        };
        self.handshakes.insert(key, handshake.clone());
        self.emit(Event::HandshakeStarted(handshake));
        Some(key)
    }

    /// A MEET came in. Gives the node whose gossip may be trusted: the sender, or its new entry.
    pub(crate) fn receive_meet(
        &mut self,
        link: LinkId,
        sender: Option<NodeKey>,
        header: &Header<'_>,
    ) -> Option<NodeKey> {
        if let Some(sender) = sender {
            self.reconnect_to(sender, link);
            return Some(sender);
        }
        let state = self.links.get(link)?;
        if let Some(key) = state.node {
            // The link belongs to a handshake that an earlier MEET began.
            return Some(key);
        }
        let (from, first, opened) = (state.peer, state.received < 2, state.created);
        match self.admit(link, header, first, opened) {
            Ok(key) => {
                self.links.get_mut(link)?.node = Some(key);
                self.peers[key].inbound = Some(link);
                self.want_save(Durability::Lazy);
                Some(key)
            }
            Err(reason) => {
                self.emit(Event::MeetRefused { from, reason });
                None
            }
        }
    }

    fn admit(&mut self, link: LinkId, header: &Header<'_>, first: bool, opened: Mono) -> Result<NodeKey, MeetRefusal> {
        // A node that was forgotten keeps pinging its old peers and in the end sends MEET on the same connection, by
        // itself. An operator's MEET is the first packet of a new one, and that is honoured, unless it was under way when
        // the operator had the node forgotten: then the connection is older than the ban [forget-1].
        let barred = header.sender().id().and_then(|id| self.table.forgotten.since(&id, self.now.mono));
        if barred.is_some_and(|since| !first || opened < since) {
            return Err(MeetRefusal::Forgotten);
        }
        if self.handshakes.count(HandshakeOrigin::Peer) >= Handshakes::FROM_PEERS_MAX {
            return Err(MeetRefusal::TooMany);
        }
        let address = self.announced_address(link, header).filter(|address| address.bus_port != 0);
        let address = address.ok_or(MeetRefusal::Address)?;
        let key = self.start_handshake(address, HandshakeOrigin::Peer).ok_or(MeetRefusal::TooMany)?;
        self.table.facts_mut(key).capabilities.extensions = header.message_flags().has_extensions();
        Ok(key)
    }

    /// A node we know sends MEET: it has no link from us. A fresh one shows it that we are here. What comes on that very
    /// link proves that it has one, and is yet to show that it comes from that node [meet-1].
    fn reconnect_to(&mut self, sender: NodeKey, from: LinkId) {
        let age = self.now.mono.since(self.table.node(sender).liveness.created);
        if let Some(link) = self.peers[sender].outbound
            && link != from
            && age > self.config.handshake_timeout()
        {
            self.close_link(link);
            self.peers[sender].connect_after = self.now.mono;
            self.look_at(sender, self.now.mono);
        }
    }

    /// A packet of `name` came on our own link of a handshake. Tells whether there is more to do with it.
    pub(crate) fn complete_handshake(&mut self, key: NodeKey, link: LinkId, name: NodeId, header: &Header<'_>) -> bool {
        if let Some(known) = self.table.lookup(&name).filter(|known| *known != key) {
            if known == self.table.my_key() {
                self.abandon(key, HandshakeEnd::Itself);
                return false;
            }
            if let Some(address) = self.announced_address(link, header) {
                self.move_node(known, address);
            }
            self.abandon(key, HandshakeEnd::AlreadyKnown(name));
            return false;
        }
        // Its MEET came before it was forgotten [forget-1].
        let barred = self.table.forgotten.since(&name, self.now.mono);
        let begun = self.handshakes.get(key).filter(|handshake| handshake.origin == HandshakeOrigin::Peer);
        if begun.zip(barred).is_some_and(|(handshake, since)| handshake.started < since) {
            self.abandon(key, HandshakeEnd::Cancelled);
            return false;
        }
        self.table.rename(key, name);
        self.table.forgotten.remove(&name);
        let flags = header.flags();
        let replica = flags.has(NodeFlags::REPLICA) && !flags.has(NodeFlags::PRIMARY);
        if replica {
            self.table.make_replica(key, None);
        } else {
            self.table.make_primary(key);
        }
        let facts = self.table.facts_mut(key);
        facts.handshake = false;
        facts.connected = true;
        self.copy_capabilities(key, header);
        self.prove(key);
        self.relist(key);
        self.note_learned();
        self.peers[key].sponsored = true;
        self.conclude(key, HandshakeEnd::Joined(name));
        let name = self.name(key);
        self.emit(Event::LinkUp(name));
        self.want_save(Durability::Lazy);
        self.introduce_soon();
        self.hear_roster(key, link, header);
        true
    }
}
