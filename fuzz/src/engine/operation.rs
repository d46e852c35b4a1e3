//! One operation on an engine.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_gossip::{Config, ConnectError, FailoverMode, LinkId, PrimaryLink, Replication};
use slotmesh_table::Announcements;
use slotmesh_types::{Host, NodeId, ReplOffset};
use slotmesh_wire::ClusterTag;

use crate::engine::driver::{Driver, LOCAL};
use crate::engine::packets;
use crate::engine::peers::{COUNT, Peer};
use crate::input::Input;

const STEPS_MS: [u64; 12] = [0, 1, 4, 50, 60, 100, 500, 1000, 7500, 15_001, 61_000, 86_400_000];
const TIMEOUTS_MS: [u64; 8] = [15_000, 0, 1, 3, 200, 3000, 1 << 40, i64::MAX as u64];

impl Driver {
    /// Does what the input says next.
    pub(crate) fn operate(&mut self, input: &mut Input<'_>) {
        match input.below(24) {
            0 => self.meet(input),
            1 | 2 => {
                let peer = Peer(input.below(COUNT) as u8);
                self.accept(peer.ip(), peer);
            }
            3 | 4 => self.connected(input),
            5 => self.connect_failed(input),
            6 => self.closed(input),
            7 => self.flushed(input),
            8 => self.let_time_pass(input),
            9 | 10 => self.run(Duration::from_millis(input.pick(&STEPS_MS)), 16),
            11 => self.forget(input),
            12 => self.reset(input),
            13 => self.configure(input),
            14 => self.be_asked(input),
            15 => self.restart_seldom(),
            19 => self.edit(input),
            20 => self.change_role(input),
            21 => self.failover(input),
            22 | 23 => self.replication(input),
            _ => self.packet(input),
        }
    }

    fn meet(&mut self, input: &mut Input<'_>) {
        let peer = Peer(input.below(COUNT) as u8);
        let mut target = peer.target();
        if input.below(8) == 7 {
            (target.ip, target.bus_port) = (LOCAL, input.word().max(1));
        }
        let _ = self.engine.meet(self.now, target);
        self.drain();
    }

    fn connected(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.some_link(input, false) else { return };
        self.links.entry(id).and_modify(|link| link.standing = true);
        self.engine.handle_connected(self.now, id, LOCAL);
        self.drain();
    }

    fn connect_failed(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.some_link(input, false) else { return };
        let error = input.pick(&[
            ConnectError::Refused,
            ConnectError::Unreachable,
            ConnectError::TimedOut,
            ConnectError::Address,
            ConnectError::Other,
        ]);
        self.links.remove(&id);
        self.engine.handle_connect_failed(self.now, id, error);
        self.drain();
    }

    fn closed(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.some_link(input, true) else { return };
        self.links.remove(&id);
        self.engine.handle_closed(self.now, id, input.flag());
        self.drain();
    }

    fn flushed(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.some_link(input, true) else { return };
        self.engine.handle_flushed(id, u64::from(input.word()));
        self.drain();
    }

    /// The wall clock may be stepped meanwhile.
    fn let_time_pass(&mut self, input: &mut Input<'_>) {
        self.advance(Duration::from_millis(input.pick(&STEPS_MS)));
        if input.below(16) == 15 {
            self.now.unix.0 = input.pick(&[0, 1, u64::from(u32::MAX) * 1000, 1_795_000_000_000]);
        }
        self.timeout();
    }

    fn forget(&mut self, input: &mut Input<'_>) {
        let id = self.some_id(input);
        let _ = self.engine.forget(self.now, &id);
        self.drain();
    }

    fn reset(&mut self, input: &mut Input<'_>) {
        let hard = input.flag();
        self.engine.reset(self.now, hard);
        self.drain();
        assert_eq!(self.engine.table().len(), 1, "a reset node knows nobody");
    }

    fn change_role(&mut self, input: &mut Input<'_>) {
        if input.below(4) == 3 {
            self.engine.replicate_no_one(self.now);
        } else {
            let (id, holds_data) = (self.some_id(input), input.below(4) == 3);
            let _ = self.engine.replicate(self.now, &id, holds_data);
        }
        self.drain();
    }

    fn failover(&mut self, input: &mut Input<'_>) {
        let mode = input.pick(&[FailoverMode::Coordinated, FailoverMode::Force, FailoverMode::Takeover]);
        let done = self.engine.failover(self.now, mode);
        if done.is_ok() && mode == FailoverMode::Takeover {
            assert!(self.engine.table().me().is_primary(), "a takeover is done at once");
        }
        self.drain();
    }

    fn replication(&mut self, input: &mut Input<'_>) {
        let heard = self.now.mono;
        let link = input.pick(&[PrimaryLink::Never, PrimaryLink::Up { heard }, PrimaryLink::Lost { since: heard }]);
        let offset = ReplOffset(input.pick(&[0, 1, 1000, u64::MAX]));
        self.engine.handle_replication(self.now, Replication { offset, link });
        self.drain();
    }

    fn configure(&mut self, input: &mut Input<'_>) {
        let old = self.engine.config().clone();
        let announcements = Announcements { client_port: input.word(), ..Announcements::default() };
        let config = Config {
            node_timeout: Duration::from_millis(input.pick(&TIMEOUTS_MS)),
            ping_interval: Duration::from_millis(input.pick(&[0, 0, 1, 1000, i64::MAX as u64])),
            gossip_percent: input.pick(&[10, 1, 50, 100]),
            link_sendbuf_limit: input.pick(&[0, 0, 1, 2256, 10_000]),
            forget_ttl: Duration::from_millis(input.pick(&[60_000, 0, 1, i64::MAX as u64])),
            require_full_coverage: input.flag(),
            no_failover: input.flag(),
            replica_validity_factor: input.pick(&[10, 0, 1, u32::MAX]),
            manual_failover_timeout: Duration::from_millis(input.pick(&[5000, 1, 100_000])),
            allow_replica_migration: input.flag(),
            migration_barrier: input.pick(&[1, 0, usize::MAX]),
            tls_cluster: input.flag(),
            announce_host: input.pick(&[Host::UNKNOWN, Host::from(LOCAL), Peer(1).host()]),
            cluster_tag: ClusterTag::of(input.pick(&["", "", "", "one"])),
            announcements: Arc::new(announcements),
            has_seeds: !old.has_seeds,
            ..old
        };
        self.engine.configure(self.now, config);
        self.drain();
    }

    /// Questions change nothing.
    fn be_asked(&mut self, input: &mut Input<'_>) {
        let id = self.some_id(input);
        let version = self.engine.table().version();
        let _ = self.engine.failure_reports(self.now, &id);
        let explained = self.engine.explain(self.now, &id);
        assert_eq!(explained.is_some(), self.engine.table().lookup(&id).is_some(), "whoever is known can be explained");
        assert_eq!(self.engine.table().version(), version);
        assert!(self.engine.poll_action().is_none() && self.engine.poll_event().is_none());
    }

    fn packet(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.some_link(input, true) else { return };
        let bytes = packets::packet(self, id, input);
        self.engine.handle_packet(self.now, id, &bytes);
        let _ = self.engine.poll_delivery();
        self.drain();
    }

    /// One of the links, of those that stand or of those that do not yet; now and then one that is gone.
    fn some_link(&self, input: &mut Input<'_>, standing: bool) -> Option<LinkId> {
        let choice = input.byte();
        if choice == u8::MAX {
            return Some(LinkId(self.last_link.0 + 1 + u64::from(input.byte())));
        }
        let fitting: Vec<_> = self.links.iter().filter(|(_, link)| link.standing == standing).collect();
        // From the newest to the oldest: short inputs mean the link that was opened just now.
        fitting.iter().rev().nth(usize::from(choice) % fitting.len().max(1)).map(|(id, _)| **id)
    }

    /// The name of a peer, of anybody in the table, or of nobody.
    pub(crate) fn some_id(&self, input: &mut Input<'_>) -> NodeId {
        let choice = input.below(COUNT + 9);
        if choice < COUNT {
            return Peer(choice as u8).id();
        }
        let mut known = self.engine.table().nodes().map(|(_, node)| *node.id());
        known.nth(choice - COUNT).unwrap_or(NodeId::from_entropy([0xcc; 20]))
    }
}
