//! Members that claim what can't be: epochs at the end of time, circles of replicas, primaries that nobody knows. The engine
//! follows the rules of the bus where it has to, and stays whole.

use std::iter;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Config, Engine, EpochBump, FailoverError, FailoverMode, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Host, Mono, NodeId, Now, Slot, SlotSet, UnixMillis};
use slotmesh_wire::{GossipFields, HeaderFields, HeaderTemplate, Kind, Name, NodeFlags};

const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const REPLICA: NodeFlags = NodeFlags(0x1c02);
const END: u64 = u64::MAX;

/// This node, and three others.
const ME: u8 = 1;
const A: u8 = 2;
const B: u8 = 3;
const C: u8 = 4;

#[test]
fn a_claim_at_the_end_of_time_takes_the_slots_and_nothing_else() {
    let mut engine = primaries();
    claim(&mut engine, A, END, END, &[0, 1, 2, 3]);
    assert_eq!(owned(&engine, ME), [4]);
    assert_eq!(
        owned(&engine, A),
        [0, 1, 2, 3, 10],
        "what it does not claim any more stays bound for the sake of redirects"
    );
    assert!(engine.table().me().is_primary());
    // Nobody can come after it, and nobody pretends to.
    assert_eq!(engine.bump_epoch(NOW), EpochBump::Still(ConfigEpoch(1)));
    claim(&mut engine, B, END, END, &[0, 10]);
    assert_eq!((owned(&engine, A), owned(&engine, B)), (vec![0, 1, 2, 3], vec![10, 11]), "its epoch is no newer one");
    claim(&mut engine, C, END - 1, END, &[1, 20]);
    assert_eq!((owned(&engine, A), owned(&engine, C)), (vec![0, 1, 2, 3], vec![12, 20]));
    assert_whole(&engine);
}

#[test]
fn an_epoch_that_wraps_around_is_an_old_one() {
    let mut engine = primaries();
    claim(&mut engine, A, END, END, &[10]);
    claim(&mut engine, A, 0, 0, &[0, 1, 2, 3, 4, 10]);
    assert_eq!(engine.table().current_epoch, CurrentEpoch(END));
    assert_eq!(owned(&engine, ME), [0, 1, 2, 3, 4]);
    assert_whole(&engine);
}

#[test]
fn a_replica_does_not_take_over_when_no_epoch_is_left() {
    let mut engine = start(&format!("slave {}", id(A)), "");
    claim(&mut engine, B, END, END, &[20]);
    assert_eq!(engine.failover(NOW, FailoverMode::Takeover), Err(FailoverError::NoEpoch));
    engine.failover(NOW, FailoverMode::Force).expect("it may ask");
    run(&mut engine, Duration::from_secs(60));
    assert!(engine.table().me().is_replica());
    assert_eq!(engine.table().current_epoch, CurrentEpoch(END));
    assert_whole(&engine);
}

#[test]
fn who_follows_somebody_unknown_is_a_replica_of_nobody_and_loses_its_slots() {
    let mut engine = primaries();
    follow(&mut engine, A, id(0xee).into(), 9);
    let node = node(&engine, A);
    assert!(node.is_replica());
    assert_eq!((node.primary_key(), owned(&engine, A)), (None, Vec::new()));
    assert_whole(&engine);
    claim(&mut engine, A, 9, 9, &[10]);
    assert_eq!(owned(&engine, A), [10], "it is back");
}

#[test]
fn a_replica_of_nobody_takes_nobodys_place() {
    let mut engine = start("slave -", "");
    for mode in [FailoverMode::Coordinated, FailoverMode::Force, FailoverMode::Takeover] {
        assert_eq!(engine.failover(NOW, mode), Err(FailoverError::UnknownPrimary));
    }
}

#[test]
fn who_follows_itself_is_a_replica_of_nobody() {
    let mut engine = primaries();
    follow(&mut engine, A, id(A).into(), 9);
    assert_eq!(node(&engine, A).primary_key(), None);
    assert_whole(&engine);
}

#[test]
fn a_circle_of_replicas_has_an_end() {
    let mut engine = primaries();
    for (replica, primary) in [(A, B), (B, C), (C, A), (A, C), (B, A), (C, B)] {
        follow(&mut engine, replica, id(primary).into(), 9);
        run(&mut engine, Duration::from_secs(1));
        assert_whole(&engine);
    }
    assert!([A, B, C].iter().any(|member| followed_by(&engine, *member).is_none()), "somebody is followed by all");
    assert!(engine.table().me().is_primary());
    assert_eq!(owned(&engine, ME), [0, 1, 2, 3, 4]);
}

#[test]
fn an_old_packet_of_a_primary_that_followed_its_replica_leaves_that_one_where_it_is() {
    let mut engine = start(&format!("slave {}", id(A)), "");
    follow(&mut engine, A, id(ME).into(), 1);
    run(&mut engine, Duration::from_secs(1));
    assert!(node(&engine, A).is_primary());
    assert_eq!((followed_by(&engine, ME), owned(&engine, A)), (Some(A), vec![10]));
    assert_whole(&engine);
}

#[test]
fn a_primary_that_follows_its_own_replica_hands_its_slots_to_that_one() {
    let mut engine = start(&format!("slave {}", id(A)), "");
    follow(&mut engine, A, id(ME).into(), 2);
    run(&mut engine, Duration::from_secs(1));
    assert!(engine.table().me().is_primary());
    assert_eq!((followed_by(&engine, A), owned(&engine, ME), owned(&engine, A)), (Some(ME), vec![10], vec![]));
    assert_whole(&engine);
}

/// [role-3]
#[test]
fn who_says_for_long_that_it_is_a_replica_is_believed() {
    let timeout = Config::default().node_timeout;
    let demoted = |times: &[u32], primary_at: Option<u32>| {
        let mut engine = start(&format!("slave {}", id(A)), "");
        for halves in times {
            let now = later(timeout / 2 * *halves + Duration::from_millis(1) * *halves);
            if primary_at == Some(*halves) {
                let slots = [Slot::new(10).expect("a slot")].into_iter().collect();
                let epochs = HeaderFields { config_epoch: ConfigEpoch(2), slots, ..HeaderFields::default() };
                say_at(&mut engine, now, A, HeaderFields { flags: PRIMARY, ..epochs });
            } else {
                let epochs = HeaderFields { config_epoch: ConfigEpoch(1), ..HeaderFields::default() };
                say_at(&mut engine, now, A, HeaderFields { replica_of: id(ME).into(), flags: REPLICA, ..epochs });
            }
            assert_whole(&engine);
        }
        (node(&engine, A).is_replica(), owned(&engine, ME))
    };
    assert_eq!(demoted(&[0, 1], None), (false, vec![]));
    assert_eq!(demoted(&[0, 1, 2], None), (true, vec![10]));
    assert_eq!(demoted(&[0, 1, 2, 3], Some(1)), (false, vec![]), "it has said otherwise meanwhile");
}

#[test]
fn a_slot_that_stays_behind_with_a_new_replica_goes_to_the_primary_that_claims_it() {
    let mut engine = primaries();
    // B is in A's shard, and an operator has given slot 20 to it, here and nowhere else.
    follow(&mut engine, B, id(A).into(), 9);
    claim(&mut engine, B, 9, 9, &[20]);
    claim(&mut engine, A, 10, 10, &[10]);
    follow(&mut engine, B, id(A).into(), 10);
    assert_eq!(owned(&engine, B), [], "a replica owns nothing");
    claim(&mut engine, C, 1, 10, &[12, 20]);
    assert_eq!(owned(&engine, C), [12, 20]);
    assert_whole(&engine);
}

#[test]
fn a_chain_of_primaries_that_comes_back_to_this_node_is_not_closed() {
    let mut engine = start(&format!("slave {}", id(A)), "");
    // Every member says that it follows the next, and the last one follows this node, which has gone along to that one.
    for (replica, primary) in [(A, B), (B, C), (C, ME)] {
        follow(&mut engine, replica, id(primary).into(), 9);
        run(&mut engine, Duration::from_secs(1));
        assert_whole(&engine);
    }
    assert_eq!([A, B, C].map(|member| followed_by(&engine, member)), [Some(B), Some(C), Some(ME)]);
    assert!(engine.table().me().is_primary(), "who follows its replica hands over to it");
}

/// [role-2]
#[test]
fn a_circle_that_one_of_its_members_leaves_is_none_any_more() {
    let mut engine = primaries();
    for (replica, primary) in [(A, B), (B, C), (C, A)] {
        follow(&mut engine, replica, id(primary).into(), 9);
    }
    assert_eq!([A, B, C].map(|member| followed_by(&engine, member)), [Some(B), Some(C), None]);
    claim(&mut engine, B, 10, 10, &[11]);
    follow(&mut engine, C, id(A).into(), 9);
    assert_eq!([A, B, C].map(|member| followed_by(&engine, member)), [Some(B), None, Some(A)]);
    assert_whole(&engine);
}

#[test]
fn a_circle_in_a_saved_table_is_open_when_it_is_loaded() {
    let line = |number: u8, primary: u8, flags: &str| {
        let (id, primary) = (id(number), id(primary));
        format!("{id} 10.0.0.{number}:7000@17000,,tls-port=0,shard-id={id} {flags}slave {primary} 0 0 1 connected\n")
    };
    let text = format!("{}{}{}", line(ME, A, "myself,"), line(A, B, ""), line(B, ME, ""));
    let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(NOW.mono).expect("a table");
    assert_whole(&Engine::new(NOW, table, Config::default(), SplitMix::new(7)));
}

#[test]
fn a_node_that_is_made_a_primary_again_keeps_its_newer_epoch() {
    let mut engine = start_at(12, "master -", "");
    engine.replicate(NOW, &id(A), false).expect("nothing speaks against it");
    drain(&mut engine);
    // A has not heard of our last epoch, and not that we follow it.
    follow(&mut engine, A, id(ME).into(), 10);
    let me = engine.table().me();
    assert!(me.is_primary());
    assert_eq!((owned(&engine, ME), me.config_epoch), (vec![10], ConfigEpoch(12)));
    assert!(engine.table().current_epoch >= CurrentEpoch(12));
    assert_whole(&engine);
}

/// Source: spec of the bus, 5.7.
#[test]
fn a_failure_report_that_is_too_old_hides_no_sign_of_life() {
    let mut engine = primaries();
    let validity = Config::default().report_validity();
    tell(&mut engine, NOW, B, GossipFields { flags: PRIMARY.with(NodeFlags::PFAIL), ..entry(A) });
    for (later, heard) in [(validity, false), (validity + Duration::from_secs(1), true)] {
        let now = Now { mono: NOW.mono.after(later), unix: UnixMillis(NOW.unix.0 + later.as_millis() as u64) };
        tell(&mut engine, now, C, GossipFields { pong_received: now.unix, ..entry(A) });
        let expected = heard.then_some(now.mono);
        assert_eq!(node(&engine, A).liveness.pong_received, expected, "after {later:?}");
    }
}

/// The table is one that can be saved and loaded, each slot has one owner, and each replica's chain of primaries ends.
fn assert_whole(engine: &Engine) {
    let table = engine.table();
    let text = ConfFile::text_of(table, NOW);
    ConfFile::parse(&text).expect("it can be read").into_table(NOW.mono).expect("it makes a table");
    let slots: u16 = table.nodes().map(|(_, node)| node.slot_count()).sum();
    assert_eq!(slots, table.slots_assigned());
    for (key, _) in table.nodes() {
        let above = iter::successors(Some(key), |key| table.node(*key).primary_key());
        assert!(above.take(table.len() + 1).count() <= table.len(), "a circle");
    }
}

/// Whom a node follows.
fn followed_by(engine: &Engine, number: u8) -> Option<u8> {
    let primary = *engine.table().node(node(engine, number).primary_key()?).id();
    [ME, A, B, C].into_iter().find(|number| id(*number) == primary)
}

/// A member says which slots it has.
fn claim(engine: &mut Engine, member: u8, config: u64, current: u64, slots: &[u16]) {
    let slots: SlotSet = slots.iter().filter_map(|slot| Slot::new(*slot)).collect();
    let (config_epoch, current_epoch) = (ConfigEpoch(config), CurrentEpoch(current));
    say(engine, member, HeaderFields { config_epoch, current_epoch, slots, flags: PRIMARY, ..HeaderFields::default() });
}

/// A member says whom it follows.
fn follow(engine: &mut Engine, member: u8, replica_of: Name, config: u64) {
    let config_epoch = ConfigEpoch(config);
    say(engine, member, HeaderFields { config_epoch, replica_of, flags: REPLICA, ..HeaderFields::default() });
}

/// A member gossips about one node.
fn tell(engine: &mut Engine, now: Now, member: u8, entry: GossipFields) {
    let link = engine.handle_accepted(now, Ipv4Addr::new(10, 0, 0, member).into(), LOCAL);
    let slots = [Slot::new(8 + u16::from(member)).expect("a slot")].into_iter().collect();
    let fields =
        HeaderFields { sender: id(member).into(), port: 7000, bus_port: 17_000, slots, ..HeaderFields::default() };
    let template =
        HeaderTemplate::new(&HeaderFields { config_epoch: ConfigEpoch(member.into()), flags: PRIMARY, ..fields });
    let mut bytes = Vec::new();
    let mut builder = template.heartbeat(Kind::Pong, &mut bytes);
    builder.entry(&entry);
    builder.finish();
    engine.handle_packet(now, link, &bytes);
    drain(engine);
}

fn entry(number: u8) -> GossipFields {
    let host = Host::from(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))).into();
    GossipFields {
        name: id(number).into(),
        host,
        port: 7000,
        bus_port: 17_000,
        flags: PRIMARY,
        ..GossipFields::default()
    }
}

fn say(engine: &mut Engine, member: u8, fields: HeaderFields) {
    say_at(engine, NOW, member, fields);
}

fn later(time: Duration) -> Now {
    Now { mono: NOW.mono.after(time), ..NOW }
}

fn say_at(engine: &mut Engine, now: Now, member: u8, fields: HeaderFields) {
    let link = engine.handle_accepted(now, Ipv4Addr::new(10, 0, 0, member).into(), LOCAL);
    let fields = HeaderFields { sender: id(member).into(), port: 7000, bus_port: 17_000, ..fields };
    let mut bytes = Vec::new();
    HeaderTemplate::new(&fields).heartbeat(Kind::Ping, &mut bytes).extensible().finish();
    engine.handle_packet(now, link, &bytes);
    drain(engine);
}

fn run(engine: &mut Engine, time: Duration) {
    let end = NOW.mono.after(time);
    while let Some(due) = engine.poll_timeout().filter(|due| *due <= end) {
        engine.handle_timeout(Now { mono: due.max(NOW.mono), ..NOW });
        drain(engine);
    }
}

fn drain(engine: &mut Engine) {
    iter::from_fn(|| engine.poll_action()).for_each(drop);
}

fn owned(engine: &Engine, number: u8) -> Vec<u16> {
    node(engine, number).slots().iter().map(Slot::get).collect()
}

fn node(engine: &Engine, number: u8) -> &slotmesh_table::Node {
    let table = engine.table();
    table.node(table.lookup(&id(number)).expect("known"))
}

/// Four primaries with a few slots each.
fn primaries() -> Engine {
    start("master -", " 0-4")
}

fn start(role: &str, slots: &str) -> Engine {
    start_at(1, role, slots)
}

/// This node's role in its nodes.conf, with its config epoch and its slots, and three primaries with a slot each.
fn start_at(epoch: u64, role: &str, slots: &str) -> Engine {
    let shard = if role.starts_with("slave") { id(A) } else { id(ME) };
    let others = [(A, 2, "10"), (B, 3, "11"), (C, 4, "12")].map(|(number, epoch, slots)| {
        let id = id(number);
        format!("{id} 10.0.0.{number}:7000@17000,,tls-port=0,shard-id={id} master - 0 0 {epoch} connected {slots}\n")
    });
    let text = format!(
        "{} 10.0.0.{ME}:7000@17000,,tls-port=0,shard-id={shard} myself,{role} 0 0 {epoch} connected{slots}\n{}\
         vars currentEpoch 4 lastVoteEpoch 0\n",
        id(ME),
        others.concat()
    );
    let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(NOW.mono).expect("a table");
    let mut engine = Engine::new(NOW, table, Config::default(), SplitMix::new(7));
    drain(&mut engine);
    engine
}

fn id(number: u8) -> NodeId {
    NodeId::from_entropy([0x10 + number; 20])
}
