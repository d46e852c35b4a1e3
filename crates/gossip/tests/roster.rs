//! Members of ours compare whom they know, and ask for whom they lack. Rules [roster-1] to [roster-4], [mesh-3], [mesh-7].

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Config, Engine, LinkId, SplitMix};
use slotmesh_table::Table;
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{
    Body, Extension, GossipFields, Header, HeaderFields, HeaderTemplate, Heartbeat, Kind, NameFilter, NodeFlags,
    OwnMarks, Packet, RosterDigest,
};

const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1));

/// [roster-2]
#[test]
fn who_hears_another_digest_asks_for_the_difference() {
    let mut world = World::with_members(1);
    world.say(1, Kind::Ping, Words { knows: &[0, 1, 2], ..Words::default() });
    let questions = world.questions();
    let [(link, known)] = &questions[..] else { panic!("one question, not {}", questions.len()) };
    assert_eq!(*link, world.out[0]);
    let known = NameFilter::read(known).unwrap();
    assert!(known.may_hold(&id(0)) && known.may_hold(&id(1)) && !known.may_hold(&id(2)));
}

#[test]
fn an_equal_digest_asks_nothing() {
    let mut world = World::with_members(2);
    world.say(1, Kind::Ping, Words { knows: &[2, 1, 0], ..Words::default() });
    assert!(world.questions().is_empty());
}

#[test]
fn a_real_server_is_asked_nothing() {
    let mut world = World::with_members(1);
    world.say(1, Kind::Ping, Words { ours: false, ..Words::default() });
    assert!(world.questions().is_empty());
}

/// [roster-4]
#[test]
fn an_answer_with_news_lets_ask_the_next_at_once() {
    let mut world = World::with_members(2);
    world.say(1, Kind::Ping, Words { knows: &[0, 1, 2, 3], ..Words::default() });
    assert_eq!(world.questions().len(), 1);
    world.say(2, Kind::Ping, Words { knows: &[0, 1, 2, 4], ..Words::default() });
    assert!(world.questions().is_empty(), "one at a time");
    world.answer(1, Words { knows: &[0, 1, 2, 3], tells: &[3], ..Words::default() });
    let questions = world.questions();
    let [(link, known)] = &questions[..] else { panic!("one question, not {}", questions.len()) };
    assert_eq!(*link, world.out[1]);
    assert!(NameFilter::read(known).unwrap().may_hold(&id(3)), "it knows what the last answer brought");
}

/// [roster-4]
#[test]
fn answers_without_news_make_it_patient() {
    let mut world = World::with_members(1);
    let mut asked = 0;
    for _ in 0..1000 {
        world.say(1, Kind::Ping, Words { knows: &[0, 1, 2], ..Words::default() });
        let questions = world.questions().len();
        asked += questions;
        if questions > 0 {
            world.answer(1, Words { knows: &[0, 1, 2], ..Words::default() });
        }
        world.pass(Duration::from_millis(1));
    }
    assert!((7..=9).contains(&asked), "at 0, 5, 15, 35, ... 635 ms: {asked}");
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for() {
    let mut world = World::with_members(2);
    world.say(1, Kind::Ping, Words { knows: &[0, 1, 2, 3], ..Words::default() });
    assert_eq!(world.questions().len(), 1);
    world.say(2, Kind::Ping, Words { knows: &[0, 1, 2, 4], ..Words::default() });
    world.pass(Duration::from_millis(300));
    let links: Vec<LinkId> = world.questions().into_iter().map(|(link, _)| link).collect();
    assert!(links.contains(&world.out[1]), "{links:?}");
}

/// [roster-3]
#[test]
fn a_question_is_answered_with_everybody_who_is_missing() {
    let mut world = World::with_members(40);
    let known: Vec<u32> = (0..20).collect();
    world.say(1, Kind::Ping, Words { asks: Some(&known), ..Words::default() });
    let told = world.pongs().pop().expect("a PONG").1;
    let missing = (20..=40).filter(|number| !told.contains(&id(*number))).count();
    assert!(missing <= 2, "a filter hides few: {missing}");
    // 10 percent of 41, and some of the first 20 may be among them.
    assert!(told.len() <= 21 + 4, "{}", told.len());
}

/// [roster-1]
#[test]
fn a_member_is_shown_a_digest_and_a_stranger_none() {
    let mut world = World::with_members(1);
    world.say(1, Kind::Ping, Words::default());
    let marks = world.pongs().pop().expect("a PONG").0;
    assert_eq!((marks.compares, marks.roster), (true, Some(digest(&[0, 1]))));
    let link = world.engine.handle_accepted(world.now, ip(9), LOCAL);
    world.receive(link, 9, Kind::Ping, Words::default());
    let marks = world.pongs().pop().expect("a PONG").0;
    assert_eq!((marks.compares, marks.roster), (true, None));
}

/// [mesh-3]
#[test]
fn who_answers_as_a_stranger_gets_a_meet_at_once() {
    for (knows_us, meets) in [(false, 1), (true, 0)] {
        let mut world = World::with_members(1);
        let link = world.learn(1, 2);
        let knows: &[u32] = if knows_us { &[0, 1, 2] } else { &[] };
        world.receive(link, 2, Kind::Pong, Words { knows, ..Words::default() });
        assert_eq!(world.sent_on(link, Kind::Meet), meets, "knows us: {knows_us}");
    }
}

/// [mesh-7]
#[test]
fn a_node_in_handshake_is_not_learned_a_second_time() {
    let mut world = World::with_members(1);
    let link = world.engine.handle_accepted(world.now, ip(2), LOCAL);
    world.receive(link, 2, Kind::Meet, Words::default());
    let before = world.engine.table().len();
    world.say(1, Kind::Ping, Words { tells: &[2, 3], ..Words::default() });
    assert_eq!(world.engine.table().len(), before + 1, "node 3");
    assert!(world.engine.table().lookup(&id(2)).is_none());
}

/// What a hand-made heartbeat says.
#[derive(Clone, Copy)]
struct Words<'a> {
    /// Whether its sender is a node of ours.
    ours: bool,
    /// Whom its sender shows to know; nobody for a digest of zeros.
    knows: &'a [u32],
    /// Of whom it tells.
    tells: &'a [u32],
    /// The names in its question, if it asks.
    asks: Option<&'a [u32]>,
}

impl Default for Words<'_> {
    fn default() -> Self {
        Self { ours: true, knows: &[], tells: &[], asks: None }
    }
}

struct World {
    engine: Engine,
    now: Now,
    /// Connections with members 1, 2, ...: ours, and theirs.
    out: Vec<LinkId>,
    inbound: Vec<LinkId>,
    sent: Vec<(LinkId, Vec<u8>)>,
    connects: Vec<(LinkId, Host)>,
}

impl World {
    /// Nodes 1 to `count` have joined by their own MEET.
    fn with_members(count: u32) -> Self {
        let table = Table::new(id(0), ShardId::from_entropy([0xaa; 20]));
        let now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
        let engine = Engine::new(now, table, Config::default(), SplitMix::new(7));
        let mut world = Self { engine, now, out: vec![], inbound: vec![], sent: vec![], connects: vec![] };
        for number in 1..=count {
            let inbound = world.engine.handle_accepted(world.now, ip(number), LOCAL);
            world.receive(inbound, number, Kind::Meet, Words::default());
            let out = world.connection_to(number);
            world.receive(out, number, Kind::Pong, Words::default());
            world.inbound.push(inbound);
            world.out.push(out);
        }
        world.pass(Duration::from_millis(50));
        world.sent.clear();
        world
    }

    /// Member `teller` tells of node `number`; gives our connection to it.
    fn learn(&mut self, teller: u32, number: u32) -> LinkId {
        self.say(teller, Kind::Ping, Words { tells: &[number], ..Words::default() });
        self.connection_to(number)
    }

    /// The engine connects to node `number`.
    fn connection_to(&mut self, number: u32) -> LinkId {
        let found = self.connects.iter().find(|(_, host)| *host == Host::from(ip(number)));
        let (link, _) = *found.expect("the engine wants a connection");
        self.engine.handle_connected(self.now, link, LOCAL);
        self.drain();
        link
    }

    /// Member `number` says something on its connection to us.
    fn say(&mut self, number: u32, kind: Kind, words: Words<'_>) {
        self.receive(self.inbound[number as usize - 1], number, kind, words);
    }

    /// Member `number` answers on our connection to it.
    fn answer(&mut self, number: u32, words: Words<'_>) {
        self.receive(self.out[number as usize - 1], number, Kind::Pong, words);
    }

    fn receive(&mut self, link: LinkId, number: u32, kind: Kind, words: Words<'_>) {
        let roster = (words.ours && !words.knows.is_empty()).then(|| digest(words.knows));
        let fields = HeaderFields {
            sender: id(number).into(),
            bus_port: 17_000,
            flags: PRIMARY,
            own_marks: OwnMarks { compares: words.ours, roster, ..OwnMarks::default() },
            ..HeaderFields::default()
        };
        let mut bytes = Vec::new();
        let template = HeaderTemplate::new(&fields);
        let mut builder = template.heartbeat(kind, &mut bytes).extensible();
        for other in words.tells {
            builder.entry(&GossipFields {
                name: id(*other).into(),
                host: Host::from(ip(*other)).into(),
                bus_port: 17_000,
                flags: PRIMARY,
                ..GossipFields::default()
            });
        }
        if let Some(names) = words.asks {
            let names: Vec<NodeId> = names.iter().map(|number| id(*number)).collect();
            let known = NameFilter::encode(7, names.len(), names.iter());
            builder.extension(&Extension::Roster(NameFilter::read(&known).expect("has bits")));
        }
        builder.finish();
        self.engine.handle_packet(self.now, link, &bytes);
        self.drain();
        self.engine.handle_timeout(self.now);
        self.drain();
    }

    /// Time passes, and the engine is called whenever it wants to be.
    fn pass(&mut self, time: Duration) {
        let end = self.now.mono.after(time);
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now.mono = due.max(self.now.mono);
            self.engine.handle_timeout(self.now);
            self.drain();
        }
        self.now.mono = end;
    }

    fn drain(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Send { link, bytes } => self.sent.push((link, bytes.to_vec())),
                Action::Connect { link, host, .. } => self.connects.push((link, host)),
                _ => {}
            }
        }
    }

    /// The questions sent since the last call, and on which connection.
    fn questions(&mut self) -> Vec<(LinkId, Vec<u8>)> {
        let sent = std::mem::take(&mut self.sent);
        let questions = sent.iter().filter_map(|(link, bytes)| {
            let (_, heartbeat) = decoded(bytes)?;
            heartbeat.extensions().find_map(|extension| match extension {
                Extension::Roster(known) => {
                    let mut bytes = Vec::new();
                    known.append(&mut bytes);
                    Some((*link, bytes))
                }
                _ => None,
            })
        });
        questions.collect()
    }

    /// The marks of the PONGs sent since the last call, and of whom they told.
    fn pongs(&mut self) -> Vec<(OwnMarks, Vec<NodeId>)> {
        let sent = std::mem::take(&mut self.sent);
        let pongs = sent.iter().filter_map(|(_, bytes)| {
            let (header, heartbeat) = decoded(bytes).filter(|(header, _)| header.kind() == Kind::Pong)?;
            let told = heartbeat.entries().iter().filter_map(|entry| entry.name().id()).collect();
            Some((header.own_marks(), told))
        });
        pongs.collect()
    }

    fn sent_on(&self, on: LinkId, kind: Kind) -> usize {
        let sent = self.sent.iter().filter(|(link, _)| *link == on);
        sent.filter(|(_, bytes)| decoded(bytes).is_some_and(|(header, _)| header.kind() == kind)).count()
    }
}

fn decoded(bytes: &[u8]) -> Option<(Header<'_>, Heartbeat<'_>)> {
    match Packet::decode(bytes) {
        Ok(Packet::Full(header, Body::Heartbeat(heartbeat))) => Some((header, heartbeat)),
        _ => None,
    }
}

fn digest(numbers: &[u32]) -> RosterDigest {
    let mut digest = RosterDigest::default();
    numbers.iter().for_each(|number| digest.toggle(&id(*number)));
    digest
}

fn ip(number: u32) -> IpAddr {
    let [_, _, high, low] = number.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, 0, high, low))
}

fn id(number: u32) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    NodeId::from_entropy(entropy)
}
