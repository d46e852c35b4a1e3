//! Passing on newcomers at once.
//!
//! Real servers tell each other about three random nodes a heartbeat, so news spreads over seconds. Here every node
//! that has proven who it is (it answered with its own id) gets a place on a roll, and every peer a mark up to which it
//! has been told. Whoever is behind is told the rest, newest first, in the next packet; after a handshake that packet is
//! sent at once. With everybody told, packets are what real servers send. Rules [mesh-1] to [mesh-5].

use std::time::Duration;

use slotmesh_table::NodeKey;
use slotmesh_wire::{Header, Heartbeat, Kind};

use crate::config::Rules;
use crate::engine::Engine;
use crate::link::LinkId;
use crate::roster::question;

/// Newcomers are collected this long before they are passed on.
const COLLECT: Duration = Duration::from_millis(4);
/// A node learned from gossip that answers but does not connect to us gets a MEET after this long: it may not know us
/// [mesh-3].
pub(crate) const KNOCK: Duration = Duration::from_millis(60);
/// Most news in one packet to a peer that is not new itself.
const NEWS_MAX: usize = 256;
/// So many nodes of ours tell a real server of a newcomer, about.
const TELLERS: u64 = 3;

impl Engine {
    /// The node has answered with its own id for the first time.
    pub(crate) fn prove(&mut self, key: NodeKey) {
        if self.peers[key].proven == 0 {
            self.proven += 1;
            self.peers[key].proven = self.proven;
            self.roll.insert(self.proven, key);
            let knock = self.peers[key].inbound_lost.after(KNOCK);
            self.look_at(key, knock);
        }
    }

    /// Passes newcomers on soon: a handshake has brought one.
    pub(crate) fn introduce_soon(&mut self) {
        if self.config.rules == Rules::Valkey {
            return;
        }
        let due = self.now.mono.after(COLLECT);
        self.clock.introduce = Some(self.clock.introduce.map_or(due, |before| before.min(due)));
        self.clock.wake = self.clock.wake.min(due);
    }

    /// Tells every peer that is behind.
    pub(crate) fn introduce(&mut self) {
        for key in self.table.keys() {
            let peer = &self.peers[key];
            // A member of ours asks for what it lacks; it only has to hear once from whoever met it.
            if peer.compares && (!peer.sponsored || peer.told > 0) {
                continue;
            }
            let behind = self.roll.range(self.peers[key].told + 1..).any(|(_, newcomer)| *newcomer != key);
            if !behind || self.standing(key).is_none() || self.table.node(key).handshake || key == self.table.my_key() {
                continue;
            }
            // A peer that may not have finished its side of the handshake listens to a MEET, but not to a PING.
            if self.is_fresh(key) && !self.peers[key].compares { self.send_meet(key) } else { self.ping(key) }
        }
    }

    /// What `to` has not been told yet, newest first, if the packet is one that it will listen to; then it counts as told.
    pub(crate) fn news_for(&mut self, to: NodeKey, meet: bool) -> Vec<NodeKey> {
        let peer = &self.peers[to];
        let nothing_new = peer.told == self.proven || self.config.rules == Rules::Valkey;
        if nothing_new || self.table.node(to).handshake {
            return Vec::new();
        }
        if peer.compares {
            self.peers[to].told = self.proven;
            return Vec::new();
        }
        // To somebody who may not know us news are wasted: it ignores what strangers tell.
        if !meet && peer.inbound.is_none() {
            return Vec::new();
        }
        let limit = if self.is_fresh(to) { usize::from(u16::MAX) } else { NEWS_MAX };
        let behind = self.roll.range(peer.told + 1..).rev().map(|(_, key)| *key);
        let everything = self.is_fresh(to);
        let tellers = self.table.keys().into_iter().filter(|key| self.peers[*key].compares).count() as u64 + 1;
        let news = behind.filter(|key| {
            *key != to && self.has_address(*key) && (everything || self.is_mine_to_tell(*key, to, tellers))
        });
        let news = news.take(limit).collect();
        self.peers[to].told = self.proven;
        news
    }

    /// Answers a PING or MEET of `from` on `link`.
    pub(crate) fn reply_pong(&mut self, link: LinkId, from: Option<NodeKey>, heartbeat: &Heartbeat<'_>) {
        let member = from.filter(|key| !self.table.node(*key).handshake && self.peers[*key].inbound == Some(link));
        // The first answer on a link completes the peer's handshake and is not read further by real servers [mesh-5].
        let first = self.links.get(link).is_none_or(|link| link.received < 2);
        let news = match (member, question(heartbeat)) {
            (Some(key), Some(known)) => self.answer_roster(key, &known),
            (Some(key), None) if !first => self.news_for(key, false),
            _ => Vec::new(),
        };
        self.send_heartbeat(Kind::Pong, link, from, &news);
    }

    /// A member of ours that has just shown who it is does not know us: others told us of it, but nobody told it of us. Then
    /// it gets a MEET at once [mesh-3].
    pub(crate) fn knock_if_strange(&mut self, key: NodeKey, link: LinkId, header: &Header<'_>) {
        let marks = header.own_marks();
        let peer = &self.peers[key];
        let never_met = peer.inbound.is_none()
            && peer.meet_sent.is_none()
            && peer.inbound_lost == self.table.node(key).liveness.created
            && !peer.forgot_us;
        let first = self.links.get(link).is_some_and(|link| link.received == 1);
        if marks.compares && marks.roster.is_none() && header.kind() == Kind::Pong && first && never_met {
            self.send_meet(key);
        }
    }

    /// Real servers are told of a newcomer by whoever met it, and by some three others of ours: all of them would be many.
    fn is_mine_to_tell(&self, newcomer: NodeKey, to: NodeKey, tellers: u64) -> bool {
        if self.peers[newcomer].sponsored {
            return true;
        }
        let names = [self.table.my_key(), newcomer, to].map(|key| self.table.node(key).id().as_bytes());
        let draw = names
            .into_iter()
            .flatten()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        (draw >> 32) % tellers < TELLERS
    }

    /// Whether a handshake with the node has only just ended here, so that it may not have ended there, and it
    /// survives another MEET.
    pub(crate) fn is_fresh(&self, key: NodeKey) -> bool {
        let node = self.table.node(key);
        let age = self.now.mono.since(node.liveness.created);
        self.peers[key].meet_sent.is_some()
            && node.capabilities.light_module
            && age < self.config.handshake_timeout() / 2
    }
}
