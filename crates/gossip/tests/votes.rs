//! Who gets this node's vote, and whose votes count. Ids of rules: docs/PROTOCOL.md.

use std::collections::BTreeMap;
use std::iter;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{
    Action, Config, Durability, Engine, Event, FailoverMode, LinkId, PrimaryLink, Replication, SplitMix, VoteRefusal,
};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Host, Mono, NodeId, Now, ReplOffset, Slot, SlotSet, UnixMillis};
use slotmesh_wire::{HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const REPLICA: NodeFlags = NodeFlags(0x1c02);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// This node.
const ME: u8 = 1;
/// The primary whose place is asked for.
const FAILED: u8 = 2;
/// Its replicas.
const CANDIDATE: u8 = 3;
const SIBLING: u8 = 4;
/// Other primaries with slots.
const OTHER: u8 = 5;
const THIRD: u8 = 6;

/// [vote-1]
#[test]
fn a_vote_is_given_once_in_an_epoch_and_is_on_disk_first() {
    let mut world = World::voter();
    world.ask(CANDIDATE, 9);
    assert_eq!(world.refusal(), None);
    let save = world.position(|action| matches!(action, Action::Persist(Durability::Barrier)));
    let vote = world.position(|action| is_promise(action, Kind::AuthAck));
    assert!(save.is_some() && save < vote, "{:?}", world.actions);
    assert_eq!(world.engine.table().last_vote_epoch, CurrentEpoch(9));
    for candidate in [CANDIDATE, SIBLING] {
        world.ask(candidate, 9);
        assert_eq!(world.refusal(), Some(VoteRefusal::Voted));
    }
    world.ask(SIBLING, 10);
    assert_eq!(world.refusal(), None, "another epoch, another vote");
}

#[test]
fn an_epoch_that_is_over_gets_no_vote() {
    let mut world = World::voter();
    world.ask(CANDIDATE, 6);
    assert_eq!(world.refusal(), Some(VoteRefusal::OldEpoch));
    // Somebody has driven the clock to its end: the last epoch is one like any other, and nothing is above it.
    world.ask(CANDIDATE, u64::MAX);
    assert_eq!(world.refusal(), None);
    world.ask(SIBLING, u64::MAX);
    assert_eq!(world.refusal(), Some(VoteRefusal::Voted));
    world.ask(SIBLING, 0);
    assert_eq!(world.refusal(), Some(VoteRefusal::OldEpoch));
}

#[test]
fn only_replicas_of_a_known_primary_that_has_failed_get_a_vote() {
    let mut world = World::voter();
    world.ask(OTHER, 9);
    assert_eq!(world.refusal(), Some(VoteRefusal::Primary));
    world.tell(SIBLING, |fields| HeaderFields { replica_of: id(0xee).into(), flags: REPLICA, ..fields });
    world.ask(SIBLING, 9);
    assert_eq!(world.refusal(), None, "who names somebody unknown stays what it was");
    let mut world = World::voter_who_knows(&format!("slave {}", id(FAILED)), "slave -");
    world.ask_with(SIBLING, 9, |fields| HeaderFields { replica_of: id(0xee).into(), ..fields });
    assert_eq!(world.refusal(), Some(VoteRefusal::UnknownPrimary));
    let mut world = World::voter_who_knows("master,fail", "master");
    world.ask(CANDIDATE, 9);
    assert_eq!(world.refusal(), Some(VoteRefusal::PrimaryUp));
}

#[test]
fn who_claims_slots_that_have_a_newer_owner_is_told_so_instead() {
    let mut world = World::voter();
    world.ask_with(CANDIDATE, 9, |fields| HeaderFields { config_epoch: ConfigEpoch(1), ..fields });
    assert_eq!(world.refusal(), Some(VoteRefusal::OldClaim));
    assert!(world.sent(Kind::Update), "{:?}", world.actions);
}

#[test]
fn replicas_and_primaries_without_slots_have_no_vote() {
    for (mine, slots) in [("master -".to_owned(), ""), (format!("slave {}", id(OTHER)), "")] {
        let mut world = World::me_as(&mine, slots);
        world.ask(CANDIDATE, 9);
        assert!(!world.sent(Kind::AuthAck) && world.events.is_empty(), "{mine}: {:?}", world.events);
    }
}

#[test]
fn a_primary_that_has_just_started_has_no_vote() {
    let mut world = World::me_as("master -", " 0-99");
    world.ask(CANDIDATE, 9);
    assert_eq!(world.refusal(), Some(VoteRefusal::JustStarted));
}

#[test]
fn a_candidate_counts_each_primary_with_slots_once_and_for_its_own_epoch_only() {
    let mut world = World::candidate();
    world.vote(OTHER, 7);
    assert!(world.engine.table().me().is_replica(), "nobody was asked");
    world.stand();
    let epoch = world.engine.table().current_epoch;
    assert_eq!(epoch, CurrentEpoch(8));
    for (voter, epoch) in [(OTHER, 7), (THIRD, 7), (SIBLING, 8), (OTHER, 8), (OTHER, 8), (OTHER, 8)] {
        world.vote(voter, epoch);
        assert!(world.engine.table().me().is_replica(), "{voter} in {epoch}");
    }
    world.vote(THIRD, 8);
    let me = world.engine.table().me();
    assert!(me.is_primary());
    assert_eq!((me.config_epoch, me.slot_count()), (ConfigEpoch(8), 100), "two of three, the failed one among them");
}

/// [vote-2]
#[test]
fn a_majority_is_one_of_those_that_had_a_vote_when_they_were_asked() {
    let mut world = World::candidate();
    world.stand();
    world.vote(OTHER, 8);
    assert!(world.engine.table().me().is_replica(), "one of three");
    // The operator forgets the two others. One vote is a majority of what is left, and each of the two may have voted for
    // somebody else in this epoch.
    world.forget(THIRD);
    assert!(world.engine.table().me().is_replica(), "one of two");
    assert_eq!(world.engine.table().current_epoch, CurrentEpoch(8));
    world.demote(OTHER);
    assert_eq!((world.engine.table().voting(), world.engine.table().me().is_replica()), (1, true));
    world.actions.clear();
    world.pass(Duration::from_millis(1));
    assert!(world.sent(Kind::AuthRequest) && world.engine.table().me().is_replica());
    assert_eq!(world.engine.table().current_epoch, CurrentEpoch(9), "who is left is asked, in another epoch");
}

/// [vote-4]
#[test]
fn who_has_rivals_asks_again_in_another_epoch_long_before_the_votes_expire() {
    let mut world = World::candidate();
    world.stand();
    let epoch = |world: &World| world.engine.table().current_epoch.0;
    world.vote(OTHER, 8);
    world.pass(Duration::from_millis(1100));
    assert_eq!(epoch(&world), 8, "one of three, and nobody else asks");
    world.ask(SIBLING, 7);
    world.pass(Duration::from_millis(1100));
    assert_eq!(epoch(&world), 8, "nor in this epoch");
    world.ask(SIBLING, 8);
    world.pass(Duration::from_millis(490));
    assert_eq!(epoch(&world), 8, "votes may be on their way");
    world.pass(Duration::from_millis(520));
    world.pass(Duration::from_millis(1));
    assert_eq!(epoch(&world), 9);
    world.vote(OTHER, 8);
    world.vote(THIRD, 8);
    assert!(world.engine.table().me().is_replica(), "votes of another epoch");
    world.vote(OTHER, 9);
    world.vote(THIRD, 9);
    assert!(world.engine.table().me().is_primary());
}

/// [vote-1]
#[test]
fn a_request_for_votes_is_on_disk_first() {
    let mut world = World::candidate();
    world.stand();
    let save = world.position(|action| matches!(action, Action::Persist(Durability::Barrier)));
    let request = world.position(|action| is_promise(action, Kind::AuthRequest));
    assert!(save.is_some() && save < request, "{:?}", world.actions);
}

/// [link-2]
#[test]
fn a_vote_waits_for_the_link_that_is_being_made() {
    let mut world = World::voter();
    let link = world.lose_link_to(CANDIDATE);
    world.ask(CANDIDATE, 9);
    assert!(world.events.iter().any(|event| matches!(event, Event::VoteGranted { .. })), "{:?}", world.events);
    assert!(!world.sent(Kind::AuthAck), "there is nothing yet to send it on");
    world.connected(link);
    let greeting = world.position(|action| matches!(action, Action::Send { bytes, .. } if is(bytes, Kind::Ping)));
    let vote = world.position(|action| is_promise(action, Kind::AuthAck));
    assert!(greeting.is_some() && greeting < vote, "{:?}", world.actions);
    let save = world.position(|action| matches!(action, Action::Persist(Durability::Barrier)));
    assert!(save.is_some() && save < vote, "the first save may have failed: {:?}", world.actions);
}

/// [link-2]
#[test]
fn what_waits_for_a_link_has_a_bound() {
    let mut world = World::voter();
    let link = world.lose_link_to(CANDIDATE);
    for epoch in 9..200 {
        world.ask(CANDIDATE, epoch);
    }
    world.connected(link);
    let votes = world.actions.iter().filter(|action| is_promise(action, Kind::AuthAck)).count();
    assert_eq!(votes, 64);
}

fn is_promise(action: &Action, kind: Kind) -> bool {
    matches!(action, Action::SendPromise { bytes, .. } if is(bytes, kind))
}

fn is(bytes: &[u8], kind: Kind) -> bool {
    matches!(Packet::decode(bytes), Ok(Packet::Full(header, _)) if header.kind() == kind)
}

/// An engine, and what came of the last input.
struct World {
    engine: Engine,
    now: Now,
    actions: Vec<Action>,
    events: Vec<Event>,
    /// Our links to others.
    links: BTreeMap<Host, LinkId>,
    /// Connections that are asked for do not stand at once.
    slow: bool,
}

impl World {
    /// A primary with slots that has run for a while.
    fn voter() -> Self {
        let mut world = Self::me_as("master -", " 0-99");
        world.wait();
        world
    }

    /// As [`World::voter`], but the table says something else about others.
    fn voter_who_knows(old: &str, new: &str) -> Self {
        let mut world = Self::of(&conf("master -", " 0-99").replace(old, new));
        world.wait();
        world
    }

    fn me_as(role: &str, slots: &str) -> Self {
        Self::of(&conf(role, slots))
    }

    /// A replica of the failed primary, with its data, that stands only when it is told to.
    fn candidate() -> Self {
        let mut world = Self::of(&conf(&format!("slave {}", id(FAILED)), ""));
        world.engine.configure(world.now, Config { no_failover: true, ..Config::default() });
        let link = PrimaryLink::Lost { since: world.now.mono };
        world.engine.handle_replication(world.now, Replication { offset: ReplOffset(7), link });
        world.wait();
        world
    }

    fn of(text: &str) -> Self {
        let now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
        let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(now.mono).expect("a table");
        let engine = Engine::new(now, table, Config::default(), SplitMix::new(7));
        let mut world =
            Self { engine, now, actions: Vec::new(), events: Vec::new(), links: BTreeMap::new(), slow: false };
        world.drain();
        // Every connection it asks for stands.
        world.engine.handle_timeout(now);
        world.drain();
        world
    }

    /// So long that a primary serves again after its start. Others are heard of meanwhile.
    fn wait(&mut self) {
        for _ in 0..3 {
            self.now.mono = self.now.mono.after(Duration::from_secs(1));
            for node in [OTHER, THIRD] {
                self.tell(node, |fields| fields);
            }
            self.engine.handle_timeout(self.now);
            self.drain();
        }
        self.events.clear();
    }

    fn pass(&mut self, time: Duration) {
        self.now.mono = self.now.mono.after(time);
        self.engine.handle_timeout(self.now);
        self.drain();
    }

    /// An operator wants it to take over, whatever its primary does.
    fn stand(&mut self) {
        self.actions.clear();
        self.engine.failover(self.now, FailoverMode::Force).expect("a replica");
        self.drain();
    }

    fn ask(&mut self, candidate: u8, epoch: u64) {
        self.ask_with(candidate, epoch, |fields| fields);
    }

    fn ask_with(&mut self, candidate: u8, epoch: u64, change: impl FnOnce(HeaderFields) -> HeaderFields) {
        let fields = change(HeaderFields {
            current_epoch: CurrentEpoch(epoch),
            config_epoch: ConfigEpoch(7),
            slots: (100..200).filter_map(Slot::new).collect::<SlotSet>(),
            replica_of: id(FAILED).into(),
            flags: REPLICA,
            ..header(candidate)
        });
        let mut bytes = Vec::new();
        HeaderTemplate::new(&fields).auth_request(false, &mut bytes);
        self.receive(candidate, &bytes);
    }

    fn vote(&mut self, voter: u8, epoch: u64) {
        let mut bytes = Vec::new();
        let fields = HeaderFields { current_epoch: CurrentEpoch(epoch), ..header(voter) };
        HeaderTemplate::new(&fields).bare(Kind::AuthAck, &mut bytes);
        self.receive(voter, &bytes);
    }

    fn tell(&mut self, node: u8, change: impl FnOnce(HeaderFields) -> HeaderFields) {
        let mut bytes = Vec::new();
        HeaderTemplate::new(&change(header(node))).heartbeat(Kind::Ping, &mut bytes).extensible().finish();
        self.receive(node, &bytes);
    }

    fn forget(&mut self, node: u8) {
        self.engine.forget(self.now, &id(node)).expect("a member");
        self.drain();
    }

    /// The primary becomes a replica of nobody known, and has no slots any more.
    fn demote(&mut self, node: u8) {
        self.tell(node, |fields| HeaderFields {
            replica_of: id(0xee).into(),
            flags: REPLICA,
            slots: SlotSet::new(),
            ..fields
        });
    }

    /// A packet on a link that the node has opened.
    fn receive(&mut self, node: u8, bytes: &[u8]) {
        let link = self.engine.handle_accepted(self.now, address(node), LOCAL);
        self.drain();
        self.actions.clear();
        self.events.clear();
        self.engine.handle_packet(self.now, link, bytes);
        self.drain();
    }

    /// Our link to a node ends, and the next one takes its time.
    fn lose_link_to(&mut self, node: u8) -> LinkId {
        self.slow = true;
        self.engine.handle_closed(self.now, self.links[&Host::from(address(node))], false);
        self.now.mono = self.now.mono.after(Duration::from_millis(60));
        self.engine.handle_timeout(self.now);
        self.drain();
        self.links[&Host::from(address(node))]
    }

    fn connected(&mut self, link: LinkId) {
        self.actions.clear();
        self.engine.handle_connected(self.now, link, LOCAL);
        self.drain();
    }

    fn drain(&mut self) {
        let mut connects: Vec<LinkId> = Vec::new();
        loop {
            let actions: Vec<Action> = iter::from_fn(|| self.engine.poll_action()).collect();
            for action in &actions {
                if let Action::Connect { link, host, .. } = action {
                    self.links.insert(*host, *link);
                    connects.push(*link);
                }
            }
            self.actions.extend(actions);
            if self.slow {
                break;
            }
            let Some(link) = connects.pop() else { break };
            self.engine.handle_connected(self.now, link, LOCAL);
        }
        self.events.extend(iter::from_fn(|| self.engine.poll_event()));
    }

    /// Why the last request was refused; `None` if a vote was sent.
    fn refusal(&self) -> Option<VoteRefusal> {
        let refused = self.events.iter().find_map(|event| match event {
            Event::VoteDenied { reason, .. } => Some(*reason),
            _ => None,
        });
        assert_eq!(refused.is_none(), self.sent(Kind::AuthAck), "{:?}", self.events);
        refused
    }

    fn sent(&self, kind: Kind) -> bool {
        self.actions.iter().any(|action| {
            matches!(action, Action::Send { bytes, .. } | Action::SendPromise { bytes, .. } if is(bytes, kind))
        })
    }

    fn position(&self, which: impl Fn(&Action) -> bool) -> Option<usize> {
        self.actions.iter().position(which)
    }
}

/// Node `number` has this node's opinion of itself: a primary with its slots.
fn header(number: u8) -> HeaderFields {
    let slots = match number {
        OTHER => 200..300,
        THIRD => 300..400,
        _ => 0..0,
    };
    let replica = number == CANDIDATE || number == SIBLING;
    HeaderFields {
        sender: id(number).into(),
        port: 7000,
        bus_port: 17_000,
        flags: if replica { REPLICA } else { PRIMARY },
        replica_of: if replica { id(FAILED).into() } else { slotmesh_wire::Name::NULL },
        current_epoch: CurrentEpoch(7),
        config_epoch: ConfigEpoch(if number == OTHER { 5 } else { 6 }),
        slots: slots.filter_map(Slot::new).collect(),
        ..HeaderFields::default()
    }
}

/// The failed primary has slots 100 to 199 at epoch 7, two others 100 each at 5 and 6.
fn conf(role: &str, slots: &str) -> String {
    let mine = if role.starts_with("slave") && role.ends_with(id(FAILED).as_str()) { shard(FAILED) } else { shard(ME) };
    let line = |number: u8, rest: &str| format!("{}{rest}\n", line_start(number));
    let mut text =
        format!("{} 10.0.0.{ME}:7000@17000,,tls-port=0,shard-id={mine} myself,{role} 0 0 1 connected{slots}\n", id(ME));
    text += &line(FAILED, "master,fail - 1 1 7 disconnected 100-199");
    text += &line(CANDIDATE, &format!("slave {} 0 0 7 connected", id(FAILED)));
    text += &line(SIBLING, &format!("slave {} 0 0 7 connected", id(FAILED)));
    text += &line(OTHER, "master - 0 0 5 connected 200-299");
    text += &line(THIRD, "master - 0 0 6 connected 300-399");
    text + "vars currentEpoch 7 lastVoteEpoch 0\n"
}

fn line_start(number: u8) -> String {
    let shard = if number == CANDIDATE || number == SIBLING { shard(FAILED) } else { shard(number) };
    format!("{} 10.0.0.{number}:7000@17000,,tls-port=0,shard-id={shard} ", id(number))
}

fn shard(number: u8) -> String {
    id(number).as_str().to_owned()
}

fn id(number: u8) -> NodeId {
    NodeId::from_entropy([0x10 + number; 20])
}

fn address(number: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, number).into()
}
