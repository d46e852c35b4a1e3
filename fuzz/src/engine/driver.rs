//! An engine with the world around it: links, clocks, a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Config, Engine, Event, LinkId, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_table::{ClusterView, Table};
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, Packet};

use crate::engine::actions;
use crate::engine::peers::{COUNT, Peer};
use crate::input::Input;

/// A link as the driver sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) standing: bool,
    /// Who is at its other end, as far as addresses tell.
    pub(crate) peer: Peer,
}

#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) engine: Engine,
    pub(crate) now: Now,
    /// Links that neither side has closed.
    pub(crate) links: BTreeMap<LinkId, Link>,
    /// The highest link so far.
    pub(crate) last_link: LinkId,
    /// The highest config epoch that needs no further promise to be told as the own one.
    pub(crate) promised: ConfigEpoch,
    /// The votes that it has sent: by which name, in which epoch. One may wait for its link and leave after a later one.
    votes: BTreeSet<(Option<NodeId>, CurrentEpoch)>,
    /// What readers were shown last.
    pub(crate) shown: Option<ClusterView>,
    /// Digest of every action so far.
    pub(crate) digest: DefaultHasher,
    seed: u64,
    restarts: usize,
    /// The engine wants its seeds resolved.
    resolving: bool,
}

/// Tables that an engine may start with besides an empty one.
const SAVED: [&[u8]; 4] = [
    include_bytes!("../../tables/shards.conf"),
    include_bytes!("../../tables/moving.conf"),
    include_bytes!("../../tables/replica.conf"),
    include_bytes!("../../tables/gaps.conf"),
];

/// How often an engine may be started again in one run.
const RESTARTS_MAX: usize = 2;

const START_MICROS: u64 = 1_795_000_000_000_000;

/// The address at which peers reach the engine.
pub(crate) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 100));

impl Driver {
    pub(crate) fn new(input: &mut Input<'_>) -> Self {
        let now = Now { mono: Mono::from_micros(START_MICROS), unix: UnixMillis(START_MICROS / 1000) };
        let table = match SAVED.get(input.below(SAVED.len() * 2)) {
            Some(text) => load(text, now),
            None => Table::new(NodeId::from_entropy([0x70; 20]), ShardId::from_entropy([0x71; 20])),
        };
        let seed = u64::from(input.byte());
        let engine = Engine::new(now, table, Config::default(), SplitMix::new(seed));
        let promised = engine.table().me().config_epoch;
        let me = Some(*engine.table().me().id());
        let votes = BTreeSet::from([(me, engine.table().last_vote_epoch)]);
        let (links, last_link, digest) = (BTreeMap::new(), LinkId(0), DefaultHasher::new());
        let mut driver = Self {
            engine,
            now,
            links,
            last_link,
            promised,
            votes,
            shown: None,
            digest,
            seed,
            restarts: 0,
            resolving: false,
        };
        driver.drain();
        driver
    }

    /// A peer opens a connection.
    pub(crate) fn accept(&mut self, ip: IpAddr, peer: Peer) -> LinkId {
        let link = self.engine.handle_accepted(self.now, ip, LOCAL);
        self.open(link, Link { standing: true, peer });
        self.drain();
        link
    }

    /// Lets the engine run for `time`, called whenever it wants to be, at most `calls` times.
    pub(crate) fn run(&mut self, time: Duration, calls: usize) {
        let end = self.now.mono.after(time);
        for _ in 0..calls {
            let due = self.engine.poll_timeout().filter(|due| *due <= end);
            let Some(due) = due else { break };
            self.advance(due.since(self.now.mono));
            self.timeout();
        }
        self.advance(end.since(self.now.mono));
    }

    /// Calls the engine because time has passed.
    pub(crate) fn timeout(&mut self) -> Vec<Action> {
        if std::mem::take(&mut self.resolving) {
            self.resolve();
        }
        self.engine.handle_timeout(self.now);
        let done = self.drain();
        let next = self.engine.poll_timeout().expect("an engine always wants to be called again");
        assert!(next > self.now.mono, "it has just been called, it must not want to be called at once");
        done
    }

    /// Lets time pass without a call.
    pub(crate) fn advance(&mut self, time: Duration) {
        self.now.mono = self.now.mono.after(time);
        self.now.unix.0 += time.as_millis() as u64;
    }

    /// The same, unless it has been done often: it is slow.
    pub(crate) fn restart_seldom(&mut self) {
        if self.restarts < RESTARTS_MAX {
            self.restart();
        }
    }

    /// Stops the engine and starts it again from what it would have saved.
    pub(crate) fn restart(&mut self) {
        let text = ConfFile::from_table(self.engine.table(), self.now).to_text();
        let members = self.engine.table().nodes().filter(|(_, node)| !node.handshake).count();
        let table = load(&text, self.now);
        assert_eq!(table.len(), members, "every member was saved, and nobody else");
        self.seed += 1;
        self.restarts += 1;
        let config = self.engine.config().clone();
        let memory = self.engine.memory(self.now);
        self.engine = Engine::new(self.now, table, config, SplitMix::new(self.seed));
        self.engine.recall(self.now, &memory);
        self.resolving = false;
        self.links.clear();
        self.last_link = LinkId(0);
        self.promised = self.engine.table().me().config_epoch;
        self.shown = None;
        self.drain();
    }

    /// Carries out what the engine wants and checks that it may want it.
    pub(crate) fn drain(&mut self) -> Vec<Action> {
        let mut batch = Vec::new();
        while let Some(action) = self.engine.poll_action() {
            batch.push(action);
        }
        while let Some(event) = self.engine.poll_event() {
            if let Event::EpochCollision { epoch, .. } = event {
                assert!(epoch > self.promised, "a new epoch is a higher one");
            }
        }
        actions::check(self, &batch);
        batch.iter().for_each(|action| self.note_vote(action));
        batch.iter().for_each(|action| self.carry_out(action));
        self.promised = self.engine.table().me().config_epoch;
        batch
    }

    /// One vote for each epoch.
    fn note_vote(&mut self, action: &Action) {
        if let Action::SendPromise { bytes, .. } = action
            && let Ok(Packet::Full(header, Body::AuthAck)) = Packet::decode(bytes)
        {
            let vote = (header.sender().id(), header.current_epoch());
            assert!(self.votes.insert(vote), "voted twice in epoch {}", header.current_epoch());
        }
    }

    /// The seeds turn out to be every peer.
    fn resolve(&mut self) {
        let targets: Vec<_> = (0..COUNT as u8).map(|number| Peer(number).target()).collect();
        self.engine.handle_seed_addresses(self.now, &targets);
        self.engine.handle_seeds_resolved(self.now);
        self.drain();
    }

    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::Connect { link, host, port } => {
                (1, link, host, port).hash(&mut self.digest);
                let peer = Peer::at_bus_port(*port).unwrap_or(Peer(0));
                self.open(*link, Link { standing: false, peer });
            }
            Action::Send { link, bytes } | Action::SendPromise { link, bytes } => {
                (2, link, bytes).hash(&mut self.digest);
                assert!(self.links.contains_key(link), "packets leave on links that are open");
            }
            Action::Close { link } => {
                (3, link).hash(&mut self.digest);
                assert!(self.links.remove(link).is_some(), "a link is closed once");
            }
            Action::Persist(durability) => (4, *durability as u8).hash(&mut self.digest),
            Action::Data(order) => (5, format!("{order:?}")).hash(&mut self.digest),
            Action::ResolveSeeds => self.resolving = true,
        }
    }

    fn open(&mut self, id: LinkId, link: Link) {
        assert!(id > self.last_link, "link ids are never used twice");
        self.last_link = id;
        self.links.insert(id, link);
    }
}

fn load(text: &[u8], now: Now) -> Table {
    let file = ConfFile::parse(text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)));
    file.into_table(now.mono).expect("a saved table can be loaded")
}
