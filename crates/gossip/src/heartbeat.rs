//! Building and sending PING, PONG and MEET.

use std::time::Duration;

use rand_core::Rng;
use slotmesh_table::{Health, NodeKey};
use slotmesh_types::{Mono, NodeId, UnixMillis};
use slotmesh_wire::{Extension, GossipFields, Kind, NodeFlags};

use crate::config::Rules;
use crate::engine::Engine;
use crate::link::LinkId;

/// Most bans in a heartbeat, 56 bytes each; the others are in the next ones. 16,384 of them can be known, for a day, on the
/// word of one member [forget-1].
const BANS_MAX: usize = 256;

/// Which bans a heartbeat tells of.
#[derive(Clone, Copy)]
enum Bans {
    /// To a member: some, from the one at this place on.
    From(usize),
    /// To a stranger: its own, if it has said what it is called.
    Only(Option<NodeId>),
}

impl Engine {
    /// Sends a heartbeat on `link` to `to` (nobody, if a stranger is answered).
    pub(crate) fn send_heartbeat(&mut self, kind: Kind, link: LinkId, to: Option<NodeKey>, news: &[NodeKey]) {
        self.send_heartbeat_with(kind, link, to, news, None);
    }

    /// The same with an extension for this one packet, if the receiver takes any.
    pub(crate) fn send_heartbeat_with(
        &mut self,
        kind: Kind,
        link: LinkId,
        to: Option<NodeKey>,
        news: &[NodeKey],
        extra: Option<Extension<'_>>,
    ) {
        // When nodes go, questions about them are many, and what is asked has to do with nobody else.
        let is_question = matches!(extra, Some(Extension::Reach(_)));
        let wanted = if self.is_gossip_heard(kind, link, to) && !is_question { self.gossip_count() } else { 0 };
        let chosen = self.choose_gossip(to, news, wanted);
        let extensible = self.links.get(link).is_some_and(|link| link.extensible)
            || to.is_some_and(|key| self.table.node(key).capabilities.extensions);
        let mut bytes = Vec::with_capacity(2256 + chosen.len() * 104 + if extensible { 256 } else { 0 });
        let member = to.is_some_and(|key| !self.table.node(key).handshake);
        let digest = self.roster_digest();
        let compares = self.config.rules == Rules::Slotmesh;
        let mut builder = self.header().heartbeat(kind, &mut bytes).extensible();
        if member && compares {
            builder = builder.roster(digest);
        }
        for key in chosen {
            builder.entry(&self.gossip_about(key));
        }
        if extensible {
            let bans = match to {
                Some(key) if member => Bans::From(self.peers[key].bans_told),
                _ => Bans::Only(self.links.get(link).and_then(|link| link.named)),
            };
            self.for_each_extension(bans, |extension| builder.extension(&extension));
            extra.iter().for_each(|extension| builder.extension(extension));
        }
        builder.finish();
        if !self.transmit(link, kind, bytes) {
            return;
        }
        if extensible
            && member
            && let Some(key) = to
        {
            self.note_bans_told(key);
        }
        self.vouch(link, to);
    }

    /// Pings a node on its outbound link. A ping that is pending already keeps its time.
    pub(crate) fn ping(&mut self, key: NodeKey) {
        let Some(link) = self.peers[key].outbound else { return };
        let news = self.news_for(key, false);
        self.send_heartbeat(Kind::Ping, link, Some(key), &news);
        self.expect_pong(key);
    }

    /// Sends MEET on the outbound link of a node.
    pub(crate) fn send_meet(&mut self, key: NodeKey) {
        let Some(link) = self.peers[key].outbound else { return };
        let news = self.news_for(key, true);
        self.send_heartbeat(Kind::Meet, link, Some(key), &news);
        let now = self.now.mono;
        self.peers[key].meet_sent = Some(now);
        self.expect_pong(key);
    }

    /// The first packet on a fresh outbound link.
    pub(crate) fn greet(&mut self, key: NodeKey) {
        if self.peers[key].meet { self.send_meet(key) } else { self.ping(key) }
    }

    /// Tells every member what changed about this node.
    pub(crate) fn broadcast_pong(&mut self) {
        for key in self.table.keys() {
            if let Some(link) = self.standing(key)
                && key != self.table.my_key()
                && !self.table.node(key).handshake
            {
                self.send_heartbeat(Kind::Pong, link, Some(key), &[]);
            }
        }
    }

    /// Whether the receiver makes use of what a heartbeat says about others. Somebody who does not know us does not, and the
    /// first answer on a link is not read further by real servers [mesh-5], [mesh-6]. Members of ours ask when they lack
    /// somebody: a mesh that forms is full of such packets.
    fn is_gossip_heard(&self, kind: Kind, link: LinkId, to: Option<NodeKey>) -> bool {
        if self.config.rules == Rules::Valkey {
            return true;
        }
        let Some(peer) = to.map(|key| &self.peers[key]) else { return false };
        match kind {
            Kind::Meet => !peer.compares,
            Kind::Ping => peer.inbound.is_some(),
            _ => self.links.get(link).is_some_and(|link| link.received > 1),
        }
    }

    /// Random entries in a heartbeat. Source: spec of the bus, 6.4.
    fn gossip_count(&self) -> usize {
        let count = self.table.len();
        (count * usize::from(self.config.gossip_percent) / 100).max(3).min(count.saturating_sub(2))
    }

    /// Which nodes to talk about: a few at random, those we suspect, and the news. Source: spec of the bus, 6.4.
    fn choose_gossip(&mut self, to: Option<NodeKey>, news: &[NodeKey], wanted: usize) -> Vec<NodeKey> {
        let start = self.rng.next_u32() as usize % self.table.key_bound();
        let sample = self.table.nodes_from(start).map(|(key, _)| key).take(wanted + 2);
        // There may be as much news as there are suspects.
        let mut told = news.to_vec();
        told.sort_unstable();
        let is_new = |key: &NodeKey| told.binary_search(key).is_ok();
        let eligible = sample.filter(|key| self.is_worth_gossip(*key) && Some(*key) != to && !is_new(key));
        let mut chosen = news.to_vec();
        chosen.extend(eligible.take(wanted));
        let suspected = self.suspects.iter().filter(|key| {
            let known = !self.table.node(**key).handshake && !self.is_hearsay(**key);
            known && self.has_address(**key) && !is_new(key)
        });
        chosen.extend(suspected);
        chosen
    }

    fn is_worth_gossip(&self, key: NodeKey) -> bool {
        let node = self.table.node(key);
        key != self.table.my_key()
            && node.health != Health::Pfail
            && !node.handshake
            && !self.is_hearsay(key)
            && self.has_address(key)
            && (self.peers[key].outbound.is_some() || node.slot_count() > 0)
    }

    fn gossip_about(&self, key: NodeKey) -> GossipFields {
        let node = self.table.node(key);
        let unix = |then: Option<Mono>| then.map_or(UnixMillis(0), |then| self.now.to_unix(then));
        let (port, other_port) = self.port_pair(node.address.port, node.address.tls_port);
        GossipFields {
            name: (*node.id()).into(),
            ping_sent: unix(node.liveness.ping_sent),
            pong_received: unix(node.liveness.pong_received),
            host: node.address.host.into(),
            port,
            other_port,
            bus_port: node.address.bus_port,
            flags: self.flags_of(key).masked(NodeFlags::GOSSIPED),
        }
    }

    /// The next heartbeat to that node begins with the bans that this one did not hold.
    fn note_bans_told(&mut self, key: NodeKey) {
        let next = self.peers[key].bans_told + BANS_MAX;
        let more = self.table.forgotten.iter(self.now.mono).nth(next).is_some();
        self.peers[key].bans_told = if more { next } else { 0 };
    }

    /// The complete set, in the order of real servers: an absent one would be cleared at the receiver. A ban has no meaning
    /// by its absence.
    fn for_each_extension(&self, bans: Bans, mut add: impl FnMut(Extension<'_>)) {
        let me = self.table.me();
        let announced = &me.announcements;
        let mut text = |text: &str, make: fn(&[u8]) -> Extension<'_>| {
            if !text.is_empty() {
                add(make(text.as_bytes()));
            }
        };
        text(announced.hostname.as_str(), |text| Extension::Hostname(text));
        text(announced.human_nodename.as_str(), |text| Extension::HumanNodename(text));
        text(announced.client_ipv4.as_str(), |text| Extension::ClientIpv4(text));
        text(announced.client_ipv6.as_str(), |text| Extension::ClientIpv6(text));
        if announced.client_port != 0 {
            add(Extension::ClientPort(announced.client_port));
        }
        if announced.client_tls_port != 0 {
            add(Extension::ClientTlsPort(announced.client_tls_port));
        }
        if !announced.zone.is_none() {
            add(Extension::AvailabilityZone(announced.zone.as_str().as_bytes()));
        }
        let known = self.table.forgotten.iter(self.now.mono);
        let mut ban = |(id, left): (&NodeId, Duration)| {
            add(Extension::ForgottenNode { name: (*id).into(), ttl: left.as_secs() });
        };
        match bans {
            Bans::From(first) => known.skip(first).take(BANS_MAX).for_each(&mut ban),
            Bans::Only(name) => known.filter(|(id, _)| name == Some(**id)).for_each(&mut ban),
        }
        add(Extension::ShardId(me.shard.into()));
    }
}
