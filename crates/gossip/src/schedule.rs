//! What is due when.

use std::collections::BTreeSet;
use std::time::Duration;

use rand_core::Rng;
use slotmesh_table::{Health, NodeKey};
use slotmesh_types::{Mono, NodeId};
use slotmesh_wire::ReachWord;

use crate::action::Durability;
use crate::config::Rules;
use crate::engine::Engine;
use crate::event::Event;
use crate::grid::{GRID, Grid};
use crate::handshake::{HandshakeEnd, HandshakeTrouble};
use crate::introduce::KNOCK;
use crate::link::ConnectError;
use crate::suspicion;

/// Every deadline of the engine that is not one node's.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// When the schedule has to run again; never later than anything that is due.
    pub(crate) wake: Mono,
    /// When what is not urgent is done.
    pub(crate) grid: Grid,
    /// When each node has to be looked at.
    agenda: BTreeSet<(Mono, NodeKey)>,
    /// When this node, a replica, looks for orphaned primaries.
    migration: Mono,
    /// When newcomers are passed on.
    pub(crate) introduce: Option<Mono>,
    /// When a collision of config epochs is ended.
    pub(crate) collision: Option<Mono>,
    /// When everybody is told what an operator has changed here.
    pub(crate) tell: Option<Mono>,
    /// When everybody was last told so.
    told: Mono,
    /// When the next random ping is sent.
    pub(crate) random_ping: Mono,
}

/// The least difference of two moments.
pub(crate) const TICK: Duration = Duration::from_micros(1);
/// Connections are not tried more often than this [retry-1].
const RETRY_MIN: Duration = Duration::from_millis(50);

impl Clock {
    pub(crate) fn new(now: Mono, me: &NodeId) -> Self {
        Self {
            wake: now,
            grid: Grid::of(me),
            agenda: BTreeSet::new(),
            migration: now,
            introduce: None,
            collision: None,
            tell: None,
            told: Mono::default(),
            random_ping: now.after(Duration::from_secs(1)),
        }
    }
}

impl Engine {
    /// Does everything that is due and finds out when the next thing is.
    pub(crate) fn run_schedule(&mut self) {
        let now = self.now.mono;
        if self.clock.introduce.is_some_and(|due| due <= now) {
            self.clock.introduce = None;
            self.introduce();
        }
        if self.clock.collision.is_some_and(|due| due <= now) {
            self.clock.collision = None;
            self.end_collision();
        }
        if self.clock.tell.is_some_and(|due| due <= now) {
            self.clock.tell = None;
            self.clock.told = now;
            self.broadcast = true;
        }
        if self.clock.random_ping <= now {
            self.clock.random_ping = self.clock.grid.from(now.after(Duration::from_secs(1)));
            if !self.mischief.no_random_ping {
                self.ping_at_random();
            }
            self.look_at_all();
            if self.table.forgotten.purge(now) {
                // What is over is not to be found on disk by a later run whose clock was set back.
                self.want_save(Durability::Lazy);
                self.touch();
            }
        }
        while let Some((_, key)) = self.clock.agenda.first().copied().filter(|(due, _)| *due <= now) {
            self.look_no_more(key);
            let next = self.attend(key);
            if self.table.get(key).is_some() {
                self.look_at(key, next.max(now.after(TICK)));
            }
        }
        if self.clock.migration <= now && self.table.me().is_replica() {
            self.clock.migration = self.clock.grid.from(now.after(TICK));
            self.consider_migration();
        }
        let mut wake = self.clock.random_ping;
        if self.table.me().is_replica() {
            wake = wake.min(self.clock.migration);
        }
        for due in [self.clock.introduce, self.clock.collision, self.clock.tell].into_iter().flatten() {
            wake = wake.min(due);
        }
        let handover = self.expire_handover();
        for due in [handover, self.election_deadline()].into_iter().flatten() {
            self.election.due = true;
            wake = wake.min(due);
        }
        for due in [self.attend_seeds(), self.attend_leave(), self.attend_roster()].into_iter().flatten() {
            wake = wake.min(due);
        }
        wake = wake.min(self.attend_state());
        // Last, since all of the above may have put something there.
        self.clock.wake = self.clock.agenda.first().map_or(wake, |(due, _)| wake.min(*due));
    }

    /// Looks at a node at `at`, or before if that was planned already.
    pub(crate) fn look_at(&mut self, key: NodeKey, at: Mono) {
        let planned = &mut self.peers[key].due;
        if key == self.table.my_key() || planned.is_some_and(|due| due <= at) {
            return;
        }
        if let Some(later) = planned.replace(at) {
            self.clock.agenda.remove(&(later, key));
        }
        self.clock.agenda.insert((at, key));
        self.clock.wake = self.clock.wake.min(at);
    }

    /// Looks at a node when the present input is done.
    pub(crate) fn look_soon(&mut self, key: NodeKey) {
        self.look_at(key, self.now.mono.after(TICK));
    }

    /// Looks at every node: settings have changed, or it is time for what no event announces.
    pub(crate) fn look_at_all(&mut self) {
        for key in self.table.keys() {
            self.look_at(key, self.now.mono);
        }
    }

    pub(crate) fn look_no_more(&mut self, key: NodeKey) {
        if let Some(due) = self.peers[key].due.take() {
            self.clock.agenda.remove(&(due, key));
        }
    }

    /// The own slots have changed by an operator's word: everybody is told with the next tick [slots-1].
    pub(crate) fn tell_slots_soon(&mut self) {
        if self.config.rules == Rules::Slotmesh {
            self.clock.tell.get_or_insert(self.clock.grid.from(self.now.mono.after(TICK)));
        }
    }

    /// An operator had a node forgotten: everybody is told at once, and of others right after it with the next tick [forget-2].
    pub(crate) fn tell_forgotten(&mut self) {
        if self.config.rules == Rules::Slotmesh {
            let now = self.now.mono;
            let is_first = now.since(self.clock.told) >= GRID;
            self.clock.tell.get_or_insert(if is_first { now } else { self.clock.grid.from(now.after(TICK)) });
        }
    }

    /// A ping has left, or one could not: from now on an answer is waited for.
    pub(crate) fn expect_pong(&mut self, key: NodeKey) {
        let now = self.now.mono;
        self.table.liveness_mut(key).ping_sent.get_or_insert(now);
        self.look_at(key, self.clock.grid.from(now.after(self.config.node_timeout / 2)));
    }

    /// Does what is due for one node; tells when to look at it again.
    fn attend(&mut self, key: NodeKey) -> Mono {
        let now = self.now.mono;
        let node = self.table.node(key);
        if node.noaddr {
            return now.after(Duration::from_secs(1));
        }
        if node.handshake {
            let Some(handshake) = self.handshakes.get(key) else { return now.after(GRID) };
            let deadline = handshake.deadline;
            if deadline <= now {
                self.expire_handshake(key);
                return now.after(GRID);
            }
            return self.attend_connection(key).min(deadline);
        }
        self.enforce_send_limit(key);
        let connection = self.attend_connection(key);
        connection.min(self.attend_liveness(key)).min(self.attend_knock(key))
    }

    fn attend_connection(&mut self, key: NodeKey) -> Mono {
        let now = self.now.mono;
        let peer = &self.peers[key];
        if peer.outbound.is_some() || self.mischief.no_reconnection {
            return now.after(Duration::from_secs(1));
        }
        if peer.connect_after > now {
            return peer.connect_after;
        }
        if let Some(handshake) = self.handshakes.get_mut(key) {
            handshake.attempts += 1;
        }
        if !self.has_address(key) {
            self.note_connect_failure(key, ConnectError::Address);
            return self.peers[key].connect_after;
        }
        self.connect(key);
        now.after(Duration::from_secs(1))
    }

    /// Pings what has been silent, suspects what does not answer. Source: spec of the bus, 6.1.
    fn attend_liveness(&mut self, key: NodeKey) -> Mono {
        let now = self.now.mono;
        let timeout = self.config.node_timeout;
        let node = self.table.node(key);
        let live = node.liveness;
        let silent = live.data_received.map_or(Duration::MAX, |at| now.since(at));
        let standing = self.standing(key).is_some();
        if standing && self.is_handing_over_to(key) {
            self.ping(key);
            return now.after(GRID);
        }
        let Some(sent) = live.ping_sent else {
            let due = live.pong_received.map_or(now, |at| at.after(self.config.ping_after()));
            if !standing {
                return self.clock.grid.from(due.max(now.after(GRID)));
            }
            if due < now {
                self.ping(key);
                return self.clock.grid.from(now.after((timeout / 2).max(Duration::from_millis(1))));
            }
            return self.clock.grid.from(due.after(TICK));
        };
        let waiting = now.since(sent);
        let healthy = node.health == Health::Online;
        if healthy && waiting.min(silent) > timeout {
            self.suspect(key);
        }
        self.weigh_case(key);
        let judgement = self.judgement(key);
        // Real servers ask whether anything came from the node, on whichever link. But its own pings say nothing about
        // this link: one that swallows our pings would stand for ever [link-1].
        let link = self.peers[key].outbound.and_then(|id| Some((id, self.links.get(id)?)));
        if let Some((id, link)) = link
            && waiting > timeout / 2
            && now.since(link.heard) > timeout / 2
            && now.since(link.created) > timeout
        {
            self.close_link(id);
        }
        let look = if waiting > timeout / 2 {
            self.clock.grid.from(now.after((timeout / 20).max(Duration::from_millis(1)).min(GRID)))
        } else {
            self.clock.grid.from(sent.after(timeout / 2).after(TICK))
        };
        judgement.map_or(look, |due| due.min(look))
    }

    /// MEETs a node that answers but never connects to us: it does not know us. Source: spec of the bus, 5.4.4.
    fn attend_knock(&mut self, key: NodeKey) -> Mono {
        let now = self.now.mono;
        let node = self.table.node(key);
        let peer = &self.peers[key];
        let later = now.after(Duration::from_secs(1));
        if peer.inbound.is_some() || peer.forgot_us || self.standing(key).is_none() || peer.proven == 0 {
            return later;
        }
        if node.health != Health::Online || !node.capabilities.light_module {
            return later;
        }
        let patience = self.config.handshake_timeout();
        let due = match peer.meet_sent {
            Some(sent) => sent.max(peer.inbound_lost).after(patience),
            // Learned from gossip and never met: it is the quick case. One that knew us gets the patience of old.
            None if peer.inbound_lost == node.liveness.created && self.config.rules == Rules::Slotmesh => {
                peer.inbound_lost.after(KNOCK)
            }
            None => peer.inbound_lost.after(patience),
        };
        if due <= now {
            // Never as the first packet of a link: that would be taken for an operator's word by a node that has been made
            // to forget us [mesh-4].
            self.send_meet(key);
            return now.after(patience);
        }
        due
    }

    /// Once a second: the node not heard of for longest among five drawn.
    fn ping_at_random(&mut self) {
        let keys = self.table.keys();
        let mut oldest: Option<(Option<Mono>, NodeKey)> = None;
        for _ in 0..5 {
            let key = keys[self.rng.next_u32() as usize % keys.len()];
            let node = self.table.node(key);
            let idle = !node.handshake && node.liveness.ping_sent.is_none() && self.standing(key).is_some();
            if key == self.table.my_key() || !idle {
                continue;
            }
            let candidate = (node.liveness.pong_received, key);
            oldest = Some(oldest.map_or(candidate, |before| if candidate.0 < before.0 { candidate } else { before }));
        }
        if let Some((_, key)) = oldest {
            self.ping(key);
        }
    }

    fn enforce_send_limit(&mut self, key: NodeKey) {
        let limit = self.config.link_sendbuf_limit;
        let ids = [self.peers[key].outbound, self.peers[key].inbound];
        for id in ids.into_iter().flatten() {
            let queued = self.links.get(id).map_or(0, |link| link.queued);
            if limit != 0 && queued > limit {
                self.counters.0.links_over_limit += 1;
                let node = self.name(key);
                self.emit(Event::LinkOverLimit { node, queued });
                self.close_link(id);
            }
        }
    }

    pub(crate) fn note_connect_failure(&mut self, key: NodeKey, error: ConnectError) {
        let now = self.now.mono;
        let timeout = self.config.node_timeout;
        let node = self.name(key);
        let peer = &mut self.peers[key];
        let doubled = RETRY_MIN * 2_u32.saturating_pow(peer.failures.min(16));
        // A member is retried as often as real servers do; one that never proved itself is given up on step by step.
        // While a refusal is evidence, more of it is sought sooner.
        let least = if peer.case.is_some() { suspicion::RETRY } else { GRID };
        let ceiling = if peer.proven > 0 { timeout / 20 } else { timeout / 2 }.clamp(least, Duration::from_secs(8));
        peer.failures = peer.failures.saturating_add(1);
        let due = now.after(doubled.min(ceiling));
        peer.connect_after = if doubled > GRID && peer.case.is_none() { self.clock.grid.from(due) } else { due };
        peer.connect_error = Some((error, now));
        peer.gone = matches!(error, ConnectError::Refused | ConnectError::Unreachable);
        let retry = peer.connect_after;
        self.look_at(key, retry);
        if let Some(handshake) = self.handshakes.get_mut(key) {
            handshake.last_error = Some(HandshakeTrouble::Unreachable(error));
            // An address that can't be connected to will not get better.
            if error == ConnectError::Address {
                self.expire_handshake(key);
            }
            return;
        }
        // Nobody there: failure detection starts now, as if a ping had been sent.
        self.expect_pong(key);
        self.emit(Event::ConnectFailed { node, error });
        if self.peers[key].gone {
            self.tell_askers(key, ReachWord::Gone);
        }
        self.add_evidence(key, error);
    }

    /// An outbound link ended by itself.
    pub(crate) fn end_of_outbound(&mut self, key: NodeKey, garbage: bool) {
        let now = self.now.mono;
        if let Some(handshake) = self.handshakes.get_mut(key) {
            if garbage {
                self.abandon(key, HandshakeEnd::NotABus);
                return;
            }
            handshake.last_error = Some(HandshakeTrouble::Closed);
        }
        let peer = &mut self.peers[key];
        peer.failures = peer.failures.saturating_add(1);
        peer.connect_after = now.after(if peer.case.is_some() { suspicion::RETRY } else { RETRY_MIN });
        let retry = peer.connect_after;
        self.look_at(key, retry);
        if !self.table.node(key).handshake {
            self.expect_pong(key);
        }
    }
}
