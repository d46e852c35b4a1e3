//! What happens with a received packet. Source: spec of the bus, 5.3.

use slotmesh_table::NodeKey;
use slotmesh_types::NodeId;
use slotmesh_wire::{Body, Header, Heartbeat, Kind, LightBody, NodeFlags, Packet};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::{Event, MeetRefusal};
use crate::handshake::HandshakeEnd;
use crate::link::LinkId;
use crate::publish::Delivery;

impl Engine {
    pub(crate) fn receive(&mut self, link: LinkId, bytes: &[u8]) {
        let Some(state) = self.links.get_mut(link) else { return };
        state.received += 1;
        state.heard = self.now.mono;
        if let Some(key) = state.node {
            self.peers[key].heard = Some((state.direction, self.now.mono));
        }
        match Packet::decode(bytes) {
            Ok(Packet::Full(header, body)) => {
                state.traffic.received(header.kind(), bytes.len());
                self.counters.received(header.kind(), bytes.len());
                self.receive_full(link, &header, &body);
            }
            Ok(Packet::Light(body)) => self.receive_light(link, body, bytes.len()),
            Err(reason) => self.emit(Event::PacketDropped { link, reason }),
        }
    }

    /// A light packet says nothing about its sender: it is good only from a member.
    fn receive_light(&mut self, link: LinkId, body: LightBody<'_>, bytes: usize) {
        let kind = match body {
            LightBody::Publish(_) => Kind::Publish,
            LightBody::PublishShard(_) => Kind::PublishShard,
            LightBody::Module(_) => Kind::Module,
        };
        if let Some(state) = self.links.get_mut(link) {
            state.traffic.received(kind, bytes);
        }
        self.counters.received(kind, bytes);
        match self.member_of(link).or_else(|| self.member_since(link)) {
            Some(key) => {
                self.table.liveness_mut(key).data_received = Some(self.now.mono);
                self.delivery = match body {
                    LightBody::Publish(publish) => Some(Delivery::new(false, &publish)),
                    LightBody::PublishShard(publish) => Some(Delivery::new(true, &publish)),
                    LightBody::Module(_) => None,
                };
            }
            None => self.close_link(link),
        }
    }

    /// The member that spoke on a link before it was one. Its next heartbeat would say so, but it knows us already and may
    /// send light packets first.
    fn member_since(&mut self, link: LinkId) -> Option<NodeKey> {
        let name = self.links.get(link)?.named?;
        self.bind(link, &name)?;
        self.member_of(link)
    }

    /// Whether messages, which may be big, are worth collecting on a link: it is a member's, or who spoke on it has become
    /// one since [frame-2].
    #[must_use]
    pub fn takes_messages(&self, link: LinkId) -> bool {
        let named = || self.table.lookup(&self.links.get(link)?.named?);
        let of_member = |key| key != self.table.my_key() && !self.table.node(key).handshake;
        self.member_of(link).or_else(named).is_some_and(of_member)
    }

    /// The member a link belongs to.
    pub(crate) fn member_of(&self, link: LinkId) -> Option<NodeKey> {
        self.links.get(link)?.node.filter(|key| !self.table.node(*key).handshake)
    }

    fn receive_full(&mut self, link: LinkId, header: &Header<'_>, body: &Body<'_>) {
        if self.is_question(link) {
            return self.hear_answer(link, header);
        }
        if self.is_other_cluster(header) {
            return self.refuse_other_cluster(link, header);
        }
        let sender = self.identify(link, header);
        if sender == Some(self.table.my_key()) {
            return self.hear_myself(link, header);
        }
        if header.message_flags().has_extensions()
            && let Some(state) = self.links.get_mut(link)
        {
            state.extensible = true;
        }
        // The link decides who speaks, but somebody else may listen at an old address, or use a link that was another's: what
        // the header and all else in the packet say is then not said by the node that the link belongs to [trust-5].
        let author = sender.filter(|key| header.sender().id().as_ref() == Some(self.table.node(*key).id()));
        if sender.is_some() && author.is_none() && !self.is_outbound(link) {
            return self.answer_other_name(link, header);
        }
        if let Some(key) = author {
            self.copy_capabilities(key, header);
            self.peers[key].witness = header.own_marks().witness;
            self.peers[key].compares = header.own_marks().compares;
            self.table.liveness_mut(key).data_received = Some(self.now.mono);
            self.note_epochs(key, header);
            if self.heed_leave(key, header) {
                return;
            }
        }
        match body {
            Body::Heartbeat(heartbeat) => self.receive_heartbeat(link, sender, header, heartbeat),
            other => self.receive_message(link, author, header, other),
        }
    }

    /// Somebody speaks under another name on a link that a member has opened: it is answered as a stranger, and that is all.
    fn answer_other_name(&mut self, link: LinkId, header: &Header<'_>) {
        let Some(from) = self.links.get(link).map(|state| state.peer) else { return };
        if matches!(header.kind(), Kind::Ping | Kind::Meet) {
            self.send_heartbeat(Kind::Pong, link, None, &[]);
        }
        self.emit(Event::StrangerIgnored { from, kind: header.kind() });
    }

    /// Which member speaks: the one that the link belongs to, else the one that the header names; then the link is its. A node in
    /// handshake is nobody yet: its name in the table is made up, and no packet bears it.
    fn identify(&mut self, link: LinkId, header: &Header<'_>) -> Option<NodeKey> {
        if let Some(member) = self.member_of(link) {
            return Some(member);
        }
        let name = header.sender().id()?;
        self.links.get_mut(link)?.named = Some(name);
        self.bind(link, &name)
    }

    /// Who has this name, if it is a member or this node. A link that belongs to nobody is a member's then.
    fn bind(&mut self, link: LinkId, name: &NodeId) -> Option<NodeKey> {
        let named = self.table.lookup(name)?;
        if named == self.table.my_key() || self.table.node(named).handshake {
            return Some(named).filter(|key| *key == self.table.my_key());
        }
        let state = self.links.get_mut(link)?;
        if state.node.is_none() {
            state.node = Some(named);
            self.note_forgot_us(named, false);
            if let Some(older) = self.peers[named].inbound.replace(link) {
                self.links.get_mut(older).expect("a peer's link exists").node = None;
                self.close_link(older);
            }
        }
        Some(named)
    }

    pub(crate) fn is_other_cluster(&self, header: &Header<'_>) -> bool {
        let tags = (self.config.cluster_tag, header.cluster_tag());
        matches!(tags, (Some(mine), Some(theirs)) if mine != theirs)
    }

    /// A MEET is answered, so that its sender learns the reason from our own tag; everything else is ignored [name-1].
    fn refuse_other_cluster(&mut self, link: LinkId, header: &Header<'_>) {
        let Some(state) = self.links.get(link) else { return };
        let (from, node) = (state.peer, state.node);
        if header.kind() == Kind::Meet {
            self.send_heartbeat(Kind::Pong, link, None, &[]);
            self.emit(Event::MeetRefused { from, reason: MeetRefusal::OtherCluster });
        } else if let Some(key) = node.filter(|key| self.table.node(*key).handshake && self.is_outbound(link)) {
            self.abandon(key, HandshakeEnd::OtherCluster);
        } else {
            self.emit(Event::StrangerIgnored { from, kind: header.kind() });
        }
    }

    /// We met ourselves: answer, so that the other end of the connection finds out.
    fn hear_myself(&mut self, link: LinkId, header: &Header<'_>) {
        if !self.is_outbound(link) {
            if matches!(header.kind(), Kind::Ping | Kind::Meet) {
                self.discover_own_address(link, header.kind());
                self.send_heartbeat(Kind::Pong, link, None, &[]);
            }
            return;
        }
        match self.links.get(link).and_then(|state| state.node) {
            Some(key) if self.table.node(key).handshake => self.abandon(key, HandshakeEnd::Itself),
            Some(key) => self.id_mismatch(key),
            None => {}
        }
    }

    fn receive_heartbeat(
        &mut self,
        link: LinkId,
        sender: Option<NodeKey>,
        header: &Header<'_>,
        heartbeat: &Heartbeat<'_>,
    ) {
        let kind = header.kind();
        let mut trusted = sender;
        if kind != Kind::Pong {
            self.discover_own_address(link, kind);
            if kind == Kind::Meet {
                trusted = self.receive_meet(link, sender, header);
            }
            self.reply_pong(link, trusted, heartbeat);
        }
        if self.is_outbound(link) && !self.check_identity(link, header) {
            return;
        }
        if let Some(key) = sender {
            self.receive_from_member(link, key, header, heartbeat);
        } else if kind == Kind::Meet
            && let Some(key) = trusted
        {
            self.merge_gossip(key, heartbeat);
        }
    }

    /// On our own link: the node at its end is, or turns out to be, the one we want. Tells whether the packet may be used.
    fn check_identity(&mut self, link: LinkId, header: &Header<'_>) -> bool {
        let Some(key) = self.links.get(link).and_then(|state| state.node) else { return false };
        let Some(name) = header.sender().id() else { return false };
        if self.table.node(key).handshake {
            let joined = self.complete_handshake(key, link, name, header);
            if joined && header.kind() == Kind::Pong {
                // It answers the MEET: a ping that stayed pending would have the link given up after the node timeout.
                self.note_pong(key);
            }
            return joined;
        }
        if *self.table.node(key).id() != name {
            self.id_mismatch(key);
            return false;
        }
        self.prove(key);
        self.knock_if_strange(key, link, header);
        true
    }

    fn receive_from_member(&mut self, link: LinkId, key: NodeKey, header: &Header<'_>, heartbeat: &Heartbeat<'_>) {
        if std::mem::take(&mut self.peers[key].meet) {
            let name = self.name(key);
            self.emit(Event::MeetConfirmed(name));
        }
        let no_failover = header.flags().has(NodeFlags::NOFAILOVER);
        if self.table.node(key).no_failover != no_failover {
            self.table.facts_mut(key).no_failover = no_failover;
            self.want_save(Durability::Lazy);
        }
        match header.kind() {
            Kind::Ping => self.update_address(key, link, header),
            Kind::Pong if self.is_outbound(link) => self.note_pong(key),
            _ => {}
        }
        if !self.apply_role(key, header) {
            return;
        }
        self.resolve_collision(key);
        self.merge_gossip(key, heartbeat);
        if self.table.get(key).is_some() {
            self.apply_extensions(key, heartbeat);
        }
        if self.table.get(key).is_some() {
            self.hear_roster(key, link, header);
        }
    }

    /// Everything but heartbeats. Strangers have no say [trust-1].
    fn receive_message(&mut self, link: LinkId, sender: Option<NodeKey>, header: &Header<'_>, body: &Body<'_>) {
        let Some(sender) = sender else {
            if let Some(from) = self.links.get(link).map(|state| state.peer) {
                self.emit(Event::StrangerIgnored { from, kind: header.kind() });
            }
            return;
        };
        match body {
            Body::Fail(name) => {
                if let Some(key) = name.id().and_then(|id| self.table.lookup(&id)) {
                    self.handle_fail(sender, key);
                }
            }
            Body::Update(update) => self.apply_update(update),
            Body::AuthRequest => self.consider_vote(sender, header),
            Body::AuthAck => self.count_vote(sender, header.current_epoch()),
            Body::MfStart => self.receive_mfstart(link, sender),
            Body::Publish(publish) => self.delivery = Some(Delivery::new(false, publish)),
            Body::PublishShard(publish) => self.delivery = Some(Delivery::new(true, publish)),
            // A node without modules has nobody to hand a message to; liveness and epochs are noted already.
            Body::Module(_) | Body::Unknown | Body::Heartbeat(_) => {}
        }
    }
}
