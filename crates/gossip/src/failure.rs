//! From silence to suspicion to agreement. Source: spec of the bus, 5.7 and 6.6.

use bytes::Bytes;
use slotmesh_table::{Health, NodeKey};
use slotmesh_wire::{Kind, ReachWord};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

/// So many voting primaries hear at once whom this node suspects [gone-3].
const COLLECTORS: usize = 8;

impl Engine {
    /// This node can't reach `key`.
    pub(crate) fn suspect(&mut self, key: NodeKey) {
        self.set_health(key, Health::Pfail);
        let name = self.name(key);
        self.peers[key].suspected = Some(self.now.mono);
        self.emit(Event::PossiblyFailing(name));
        self.explain_judgement(key);
        self.state.due = true;
        if self.table.me().is_voting() {
            self.alarm = self.config.weighs_evidence();
            self.try_mark_fail(key);
        }
    }

    /// Reports whom this node suspects to a few voting primaries, the same ones for all who do so: one of them soon has a
    /// majority of the reports, and what FAIL costs grows with the nodes and not with their pairs.
    pub(crate) fn raise_alarm(&mut self) {
        let voters = self.table.nodes().filter(|(key, node)| {
            *key != self.table.my_key() && node.is_voting() && node.health == Health::Online && !node.handshake
        });
        let mut voters: Vec<_> = voters.map(|(key, node)| (*node.id(), key)).collect();
        voters.sort_unstable();
        for (_, key) in voters.into_iter().take(COLLECTORS) {
            if let Some(link) = self.standing(key) {
                self.send_heartbeat(Kind::Pong, link, Some(key), &[]);
            }
        }
    }

    /// `by` reported `about` as unreachable.
    pub(crate) fn note_report(&mut self, about: NodeKey, by: NodeKey) {
        if self.table.node(by).is_voting() && self.table.node(about).health != Health::Fail {
            let now = self.now.mono;
            if self.table.add_report(about, by, now) {
                let (node, by) = (self.name(about), self.name(by));
                self.emit(Event::FailureReported { node, by });
            }
        }
        self.try_mark_fail(about);
    }

    /// `by` sees `about` as healthy.
    pub(crate) fn withdraw_report(&mut self, about: NodeKey, by: NodeKey) {
        if self.table.remove_report(about, by) {
            let (node, by) = (self.name(about), self.name(by));
            self.emit(Event::FailureWithdrawn { node, by });
        }
    }

    /// Marks a suspected node as failing when a majority of the voting primaries says so.
    fn try_mark_fail(&mut self, key: NodeKey) {
        if self.table.node(key).health != Health::Pfail {
            return;
        }
        let validity = self.config.report_validity();
        let own = usize::from(self.table.me().is_voting());
        let reports = self.table.count_reports(key, self.now.mono, validity) + own;
        if reports < self.quorum() {
            return;
        }
        let name = self.name(key);
        self.emit(Event::MarkedFail(name));
        self.mark_fail(key);
        self.broadcast_fail(key);
    }

    /// The one place where the health of a known node changes.
    pub(crate) fn set_health(&mut self, key: NodeKey, health: Health) {
        // Nodes of one process may share what they know until it changes.
        if self.table.node(key).health != health {
            self.table.facts_mut(key).health = health;
        }
        for (unwell, nodes) in [(Health::Pfail, &mut self.suspects), (Health::Fail, &mut self.failed)] {
            if health == unwell {
                nodes.insert(key);
            } else {
                nodes.remove(&key);
            }
        }
    }

    pub(crate) fn mark_fail(&mut self, key: NodeKey) {
        let now = self.now.mono;
        self.set_health(key, Health::Fail);
        self.table.liveness_mut(key).fail_since = Some(now);
        if self.is_my_primary(key) {
            self.note_primary_failed();
        }
        self.explain_judgement(key);
        self.want_save(Durability::Lazy);
        self.state.due = true;
    }

    /// FAIL arrived about `key`.
    pub(crate) fn handle_fail(&mut self, from: NodeKey, key: NodeKey) {
        let node = self.table.node(key);
        if key == self.table.my_key() || node.health == Health::Fail || node.handshake {
            return;
        }
        let (node, from) = (self.name(key), self.name(from));
        self.emit(Event::FailReceived { node, from });
        self.mark_fail(key);
    }

    pub(crate) fn broadcast_fail(&mut self, key: NodeKey) {
        let name = (*self.table.node(key).id()).into();
        let mut bytes = Vec::with_capacity(2296);
        self.header().fail(name, &mut bytes);
        let bytes = Bytes::from(bytes);
        for to in self.table.keys() {
            if to == self.table.my_key() || self.table.node(to).handshake {
                continue;
            }
            if let Some(link) = self.peers[to].outbound {
                self.transmit(link, Kind::Fail, bytes.clone());
            }
        }
    }

    /// A PONG came from `key` on our own link to it.
    pub(crate) fn note_pong(&mut self, key: NodeKey) {
        self.note_round_trip(key);
        let now = self.now.mono;
        let live = self.table.liveness_mut(key);
        live.pong_received = Some(now);
        live.ping_sent = None;
        self.tell_askers(key, ReachWord::Reached);
        match self.table.node(key).health {
            Health::Online => {}
            Health::Pfail => {
                self.set_health(key, Health::Online);
                let name = self.name(key);
                self.emit(Event::SuspicionCleared(name));
                self.want_save(Durability::Lazy);
                self.state.due = true;
            }
            Health::Fail => self.maybe_clear_fail(key),
        }
    }

    /// A voting primary stays failed for twice the node timeout: somebody may be taking over its slots.
    fn maybe_clear_fail(&mut self, key: NodeKey) {
        let node = self.table.node(key);
        let (voting, replica) = (node.is_voting(), node.is_replica());
        let since = node.liveness.fail_since.unwrap_or(self.now.mono);
        if voting && self.now.mono.since(since) <= self.config.report_validity() {
            return;
        }
        self.set_health(key, Health::Online);
        self.table.liveness_mut(key).fail_since = None;
        if self.is_my_primary(key) {
            self.note_primary_well();
        }
        let node = self.name(key);
        self.emit(Event::FailCleared { node, voting, replica });
        self.want_save(Durability::Lazy);
        self.state.due = true;
    }
}
