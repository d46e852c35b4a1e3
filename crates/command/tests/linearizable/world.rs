//! A server, and the threads that use it at once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use slotmesh_command::{
    Departure, Driver, Keyspace, Migration, Outcome, Output, Peer, Process, PubSub, Server, Session, Surroundings,
    Usage, Waiter, end_wait, execute,
};
use slotmesh_config::Config;
use slotmesh_table::{Address, BusStats, ClusterView, NodeFacts, OpenSlot, Table};
use slotmesh_types::{NodeId, Now, ShardId, Slot, SlotSet, UnixMillis, key_slot};

use crate::dice::Dice;
use crate::history::{Call, History};
use crate::model::{Asked, Standing};

/// Two share a slot, and all share one fate.
const KEYS: [&str; 3] = ["{a}1", "{a}2", "{b}1"];
const WORKERS: u64 = 3;
const REQUESTS: u64 = 14;
const CHANGES: u64 = 6;
const CHORES: u64 = 5;
/// Keys that are sent to another node, if they are there.
const SENT: u64 = 6;
/// Time goes in steps of so many milliseconds: with less, what looks for expired keys need not find one at once.
const STEP: u64 = 16;
/// Requests of the client that waits until it is served.
const WAITS: u64 = 8;

const REQUESTED: &[&str] = &[
    "GET K",
    "GET K",
    "SET K V",
    "SET K V",
    "SET K V NX",
    "SET K V XX",
    "SET K V GET",
    "SET K V PX 32",
    "SET K V PX 64",
    "INCR K",
    "INCR K",
    "APPEND K V",
    "STRLEN K",
    "GETSET K V",
    "GETDEL K",
    "DEL K",
    "DEL K",
    "EXISTS K",
    "PERSIST K",
    "LPUSH K V",
    "RPUSH K V W",
    "RPUSH K V",
    "LPOP K",
    "RPOP K",
    "LLEN K",
    "BLPOP K 0",
    "BLPOP K 0",
];

/// Plays a seed and gives what was seen of each key.
pub(crate) fn play(seed: u64) -> BTreeMap<&'static str, History> {
    let stage = Stage::new(seed);
    let mut dice = Dice::new(seed);
    let mut seeds = || dice.below(u64::MAX);
    let mut seen = thread::scope(|scope| {
        let patient = scope.spawn({
            let dice = Dice::new(seeds());
            || patient(&stage, dice)
        });
        let mut others = vec![
            scope.spawn({
                let dice = Dice::new(seeds());
                || move_slots(&stage, dice)
            }),
            scope.spawn({
                let dice = Dice::new(seeds());
                || keep(&stage, dice)
            }),
            scope.spawn({
                let dice = Dice::new(seeds());
                || send_keys(&stage, dice)
            }),
        ];
        others.extend((0..WORKERS).map(|_| {
            let dice = Dice::new(seeds());
            let stage = &stage;
            scope.spawn(|| work(stage, dice))
        }));
        let mut seen: Vec<Seen> = others.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        seen.extend(stage.stand(Standing::Here));
        stage.over.store(true, SeqCst);
        seen.extend(patient.join().expect("no panic"));
        seen
    });
    let mut histories = BTreeMap::new();
    for (key, call) in seen.drain(..) {
        for of_key in KEYS.iter().filter(|known| key.is_none_or(|key| key == **known)) {
            histories.entry(*of_key).or_insert_with(History::default).add(call.clone());
        }
    }
    histories
}

/// A call, and the key that it has to do with unless it is all of them.
type Seen = (Option<&'static str>, Call);

/// A client that sends one request after the other, and does not wait for long.
fn work(stage: &Stage, mut dice: Dice) -> Vec<Seen> {
    let mut client = stage.client();
    let request = |_| {
        let key = dice.pick(&KEYS);
        let (text, asking) = (dice.pick(REQUESTED), dice.below(4) == 0);
        let patience = dice.below(20);
        let mut word = |word: &str| match word {
            "K" => key.to_owned(),
            "V" | "W" => (1 + dice.below(98)).to_string(),
            _ => word.to_owned(),
        };
        let words: Vec<String> = text.split(' ').map(&mut word).collect();
        let now = stage.clock.fetch_add(STEP * dice.below(2), SeqCst);
        pause(&mut dice);
        let mut left = patience;
        let wait = || {
            left = left.saturating_sub(1);
            left > 0
        };
        client.ask(key, words, asking, now, wait)
    };
    (0..REQUESTS).flat_map(request).collect()
}

/// A client that waits until it is served or everything is over, and then there must have been nothing to serve it
/// with.
fn patient(stage: &Stage, mut dice: Dice) -> Vec<Seen> {
    let (mut client, mut seen) = (stage.client(), Vec::new());
    for _ in 0..WAITS {
        let key = dice.pick(&KEYS);
        let words = ["BLPOP", key, "0"].map(str::to_owned).to_vec();
        let calls = client.ask(key, words, false, stage.clock.load(SeqCst), || !stage.over.load(SeqCst));
        let waits_still = calls.last().is_some_and(|(_, call)| call.reply == "*-1");
        seen.extend(calls);
        if waits_still {
            let length = client.send(&[b"LLEN", key.as_bytes()], stage.clock.load(SeqCst)).1;
            assert!(
                [":0", "WRONGTYPE"].contains(&length.as_str()),
                "a request has waited for {key} until the end: {length}"
            );
            break;
        }
    }
    seen
}

/// Has the slots stand in one way after the other.
fn move_slots(stage: &Stage, mut dice: Dice) -> Vec<Seen> {
    let (mut seen, mut standing) = (Vec::new(), Standing::Here);
    for _ in 0..CHANGES {
        (0..dice.below(4)).for_each(|_| pause(&mut dice));
        standing = match standing {
            Standing::Here => dice.pick(&[Standing::Migrating, Standing::Away, Standing::Down]),
            Standing::Migrating => dice.pick(&[Standing::Away, Standing::Away, Standing::Here]),
            Standing::Away => dice.pick(&[Standing::Importing, Standing::Importing, Standing::Here]),
            Standing::Importing => dice.pick(&[Standing::Here, Standing::Here, Standing::Away]),
            Standing::Down => Standing::Here,
        };
        seen.extend(stage.stand(standing));
        if standing == Standing::Away && dice.below(2) == 0 {
            let began = stage.tick();
            stage.server.drop_keys(&slots(), stage.now(0));
            seen.push((None, stage.call(began, Asked::Flush, String::new())));
        }
    }
    seen
}

/// What is done for the keys on the side.
fn keep(stage: &Stage, mut dice: Dice) -> Vec<Seen> {
    let (mut seen, mut client) = (Vec::new(), stage.client());
    for _ in 0..CHORES {
        (0..dice.below(6)).for_each(|_| pause(&mut dice));
        let now = stage.clock.fetch_add(STEP * dice.below(3), SeqCst);
        let began = stage.tick();
        let asked = match dice.below(5) {
            0 => {
                assert_eq!(client.send(&[b"FLUSHALL"], now).1, "+OK");
                Asked::Flush
            }
            // It is looked at more often than it changes.
            1 => {
                stage.server.follow_topology(stage.now(now));
                continue;
            }
            _ => {
                stage.server.expire(stage.now(now), Duration::from_secs(3600));
                Asked::Expire { now }
            }
        };
        seen.push((None, stage.call(began, asked, String::new())));
    }
    seen
}

/// Sends keys to another node, where they mostly arrive.
fn send_keys(stage: &Stage, mut dice: Dice) -> Vec<Seen> {
    let (mut seen, client) = (Vec::new(), stage.client());
    for _ in 0..SENT {
        (0..dice.below(6)).for_each(|_| pause(&mut dice));
        let (key, now, began) = (dice.pick(&KEYS), stage.clock.load(SeqCst), stage.tick());
        let wanted = Migration { keys: vec![key.into()], ..Migration::default() };
        let departure = stage.server.depart(&wanted, client.session.client(), stage.now(now));
        let mut transit = match departure {
            Departure::Begun(transit) => transit,
            Departure::Held => continue,
            // It was looked for, and so taken out if it has expired.
            Departure::NoKeys => {
                seen.push((Some(key), stage.call(began, Asked::Expire { now }, String::new())));
                continue;
            }
        };
        seen.push((Some(key), stage.call(began, Asked::Depart { now }, String::new())));
        (0..dice.below(6)).for_each(|_| pause(&mut dice));
        let (began, arrives) = (stage.tick(), dice.below(4) > 0);
        if arrives {
            transit.hand_over(0, stage.now(now));
        }
        drop(transit);
        let asked = if arrives { Asked::Arrive } else { Asked::Stay };
        seen.push((Some(key), stage.call(began, asked, String::new())));
    }
    seen
}

/// Lets others go on now and then.
fn pause(dice: &mut Dice) {
    if dice.below(2) == 0 {
        thread::yield_now();
    }
}

fn slots() -> SlotSet {
    let mut slots = SlotSet::new();
    for key in KEYS {
        slots.insert(key_slot(key.as_bytes()));
    }
    slots
}

struct Stage {
    server: Server,
    view: Arc<ArcSwap<ClusterView>>,
    version: Arc<AtomicU64>,
    /// Orders the beginnings and ends of calls.
    ticks: AtomicU64,
    /// Milliseconds of the wall clock.
    clock: AtomicU64,
    over: AtomicBool,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let view = Arc::new(ArcSwap::new(view(Standing::Here)));
        let config = Config::default();
        let pubsub = PubSub::new(config.output_limits());
        let version = Arc::new(AtomicU64::new(0));
        let world = Box::new(World { view: Arc::clone(&view), version: Arc::clone(&version) });
        let keyspace = Keyspace::new(seed);
        let server = Server::new(Now::default(), Process::default(), config, keyspace, world, pubsub);
        server.follow_topology(Now::default());
        let (ticks, clock, over) = (AtomicU64::new(0), AtomicU64::new(STEP), AtomicBool::new(false));
        Self { server, view, version, ticks, clock, over }
    }

    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, SeqCst)
    }

    /// The time, which is that of this thread from now on.
    fn now(&self, millis: u64) -> Now {
        let now = Now { unix: UnixMillis(millis), ..Now::default() };
        NOW.set(now);
        now
    }

    /// A call that ends now.
    fn call(&self, began: u64, asked: Asked, reply: String) -> Call {
        Call { began, ended: self.tick(), asked, reply }
    }

    fn stand(&self, standing: Standing) -> Option<Seen> {
        let began = self.tick();
        self.view.store(view(standing));
        self.version.fetch_add(1, SeqCst);
        self.server.follow_topology(self.now(0));
        Some((None, self.call(began, Asked::Stand(standing), String::new())))
    }

    fn client(&self) -> Client<'_> {
        let peer = Peer::Tcp { remote: ([127, 0, 0, 1], 5000).into(), local: ([127, 0, 0, 1], 7000).into() };
        let session = self.server.connect(Now::default(), &peer, 0, Box::new(Ignore)).expect("room");
        Client { stage: self, session }
    }
}

struct Client<'a> {
    stage: &'a Stage,
    session: Session,
}

impl Client<'_> {
    /// Sends a request, and waits with it for as long as `wait` wants to.
    fn ask(
        &mut self,
        key: &'static str,
        words: Vec<String>,
        asking: bool,
        now: u64,
        mut wait: impl FnMut() -> bool,
    ) -> Vec<Seen> {
        if asking {
            self.send(&[b"ASKING"], now);
        }
        let began = self.stage.tick();
        let request: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let (mut outcome, mut reply) = self.send(&request, now);
        while matches!(outcome, Outcome::Held(_)) {
            thread::yield_now();
            (outcome, reply) = self.send(&request, now);
        }
        let asked = Asked::Request { words, asking, now };
        let Outcome::Wait(waiter) = outcome else { return vec![(Some(key), self.stage.call(began, asked, reply))] };
        let waits = self.stage.call(began, asked, "waits".to_owned());
        while !waiter.is_served() && wait() {
            thread::yield_now();
        }
        let reply = self.give_up(&waiter, now);
        // It may have been served before this thread came to note that it waits.
        let began = waits.began;
        vec![(Some(key), waits), (Some(key), self.stage.call(began, Asked::Wait, reply))]
    }

    fn send(&mut self, words: &[&[u8]], now: u64) -> (Outcome, String) {
        let mut out = Output::default();
        let outcome = execute(&self.stage.server, &mut self.session, self.stage.now(now), words, None, &mut out);
        (outcome, shown(out.own()))
    }

    /// Waits no longer; it may have been served a moment ago.
    fn give_up(&mut self, waiter: &Waiter, now: u64) -> String {
        let mut out = Output::default();
        end_wait(&self.stage.server, &mut self.session, self.stage.now(now), waiter, &mut out);
        shown(out.own())
    }
}

/// A reply as histories show it: of errors only the first word.
fn shown(reply: &[u8]) -> String {
    let text = String::from_utf8_lossy(reply).replace("\r\n", " ");
    match text.strip_prefix('-') {
        Some(error) => error.split(' ').next().unwrap_or_default().to_owned(),
        None => text.trim_end().to_owned(),
    }
}

fn view(standing: Standing) -> Arc<ClusterView> {
    static VIEWS: LazyLock<[Arc<ClusterView>; 5]> = LazyLock::new(|| {
        use Standing::{Away, Down, Here, Importing, Migrating};
        [Here, Migrating, Away, Importing, Down].map(|standing| Arc::new(make_view(standing)))
    });
    Arc::clone(&VIEWS[standing as usize])
}

fn make_view(standing: Standing) -> ClusterView {
    let mut table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([1; 20]));
    let mut facts = NodeFacts::primary(NodeId::from_entropy([2; 20]), ShardId::from_entropy([2; 20]));
    facts.address = Address { host: "127.0.0.1".parse().expect("an address"), port: 7001, ..Address::default() };
    let other = table.add(facts, Now::default().mono).expect("room");
    let me = table.my_key();
    Slot::all().for_each(|slot| table.bind(slot, me));
    for slot in slots().iter() {
        match standing {
            Standing::Here | Standing::Down => {}
            Standing::Migrating => table.set_open_slot(slot, Some(OpenSlot::Migrating(other))),
            Standing::Away => table.bind(slot, other),
            Standing::Importing => {
                table.bind(slot, other);
                table.set_open_slot(slot, Some(OpenSlot::Importing(other)));
            }
        }
    }
    ClusterView::new(&table, Now::default(), standing != Standing::Down, 2, BusStats::default())
}

/// What commands see of the cluster.
struct World {
    view: Arc<ArcSwap<ClusterView>>,
    version: Arc<AtomicU64>,
}

thread_local! {
    static NOW: Cell<Now> = Cell::default();
}

impl Surroundings for World {
    fn view(&self) -> Arc<ClusterView> {
        self.view.load_full()
    }

    fn view_version(&self) -> u64 {
        self.version.load(SeqCst)
    }

    /// No time goes by while a thread waits for a lock.
    fn now(&self) -> Now {
        NOW.get()
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn unix_micros(&self) -> u64 {
        0
    }

    fn publish(&self, _shard: bool, _channel: &[u8], _message: &[u8]) {}
}

struct Ignore;

impl Driver for Ignore {
    fn killed(&self) {}

    fn pushed(&self) {}

    fn served(&self) {}
}
