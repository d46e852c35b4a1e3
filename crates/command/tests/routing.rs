//! Where a command runs.

use slotmesh_command::cluster::Audience;
use slotmesh_command::{Access, Asker, Presence, Redirection, Rules, ShardOwner, one_slot, route, shard_owner};
use slotmesh_table::{Address, BusStats, ClusterView, NodeFacts, NodeKey, OpenSlot, Table};
use slotmesh_types::{NodeId, Now, ShardId, Slot};

const READONLY: Asker = Asker { readonly: true, asking: false };
const ASKING: Asker = Asker { readonly: false, asking: true };
const ANY: Asker = Asker { readonly: false, asking: false };

fn slot(raw: u16) -> Slot {
    Slot::new(raw).expect("below 16384")
}

/// This node, which owns slot 1, and another one at 127.0.0.1:7001, which owns slot 2.
fn two_nodes() -> (Table, NodeKey) {
    let mut table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([1; 20]));
    let mut facts = NodeFacts::primary(NodeId::from_entropy([2; 20]), ShardId::from_entropy([2; 20]));
    facts.address = Address { host: "127.0.0.1".parse().expect("an address"), port: 7001, ..Address::default() };
    let other = table.add(facts, Now::default().mono).expect("room");
    table.bind(slot(1), table.my_key());
    table.bind(slot(2), other);
    (table, other)
}

fn view(table: &Table, ok: bool) -> ClusterView {
    ClusterView::new(table, Now::default(), ok, 2, BusStats::default())
}

fn decide(view: &ClusterView, raw: u16, access: Access, asker: Asker, presence: Presence) -> String {
    match route(view, slot(raw), access, Rules::default(), asker, || presence) {
        Ok(()) => "serve".into(),
        Err(why) => String::from_utf8(why.reply(Audience::default()).text().to_vec()).expect("text"),
    }
}

fn all(here: usize) -> Presence {
    Presence { here, ..Presence::default() }
}

#[test]
fn keys_share_a_slot_or_cross() {
    assert_eq!(one_slot([]).unwrap(), None);
    assert_eq!(one_slot([&b"{a}1"[..], b"{a}2"]).unwrap(), one_slot([&b"a"[..]]).unwrap());
    assert!(matches!(one_slot([&b"a"[..], b"b"]), Err(Redirection::CrossSlot)));
}

#[test]
fn the_owner_serves_and_others_tell_who_it_is() {
    let (table, _) = two_nodes();
    let view = view(&table, true);
    for access in [Access::Read, Access::Write, Access::ShardChannel] {
        assert_eq!(decide(&view, 1, access, ANY, all(1)), "serve");
        assert_eq!(decide(&view, 2, access, ANY, all(1)), "MOVED 2 127.0.0.1:7001");
        assert_eq!(decide(&view, 3, access, ANY, all(1)), "CLUSTERDOWN Hash slot not served");
    }
    assert_eq!(
        [1, 2, 3].map(|number| shard_owner(&view, slot(number))),
        [Some(ShardOwner::Member(*table.me().id())), None, None]
    );
}

#[test]
fn a_cluster_that_is_down_serves_what_the_rules_allow() {
    let (table, _) = two_nodes();
    let view = view(&table, false);
    let decide = |access, rules| route(&view, slot(1), access, rules, ANY, Presence::default);
    let none = Rules::default();
    assert!(matches!(decide(Access::Read, none), Err(Redirection::Down)));
    assert!(matches!(decide(Access::ShardChannel, none), Err(Redirection::Down)));
    let reads = Rules { reads_when_down: true, ..none };
    assert!(decide(Access::Read, reads).is_ok());
    assert!(matches!(decide(Access::Write, reads), Err(Redirection::DownForWrites)));
    assert!(matches!(decide(Access::ShardChannel, reads), Err(Redirection::Down)));
    assert!(decide(Access::ShardChannel, Rules { shard_channels_when_down: true, ..none }).is_ok());
}

#[test]
fn a_replica_serves_reads_that_allow_it_and_shard_channels() {
    let (mut table, other) = two_nodes();
    table.unbind(slot(1));
    table.make_replica(table.my_key(), Some(other));
    let view = view(&table, true);
    assert_eq!(decide(&view, 2, Access::Read, ANY, all(1)), "MOVED 2 127.0.0.1:7001");
    assert_eq!(decide(&view, 2, Access::Read, READONLY, all(1)), "serve");
    assert_eq!(decide(&view, 2, Access::Write, READONLY, all(1)), "MOVED 2 127.0.0.1:7001");
    assert_eq!(decide(&view, 2, Access::ShardChannel, ANY, all(1)), "serve");
    assert_eq!(shard_owner(&view, slot(2)), Some(ShardOwner::Member(*table.node(other).id())));
}

#[test]
fn a_slot_that_leaves_serves_what_is_still_here() {
    let (mut table, other) = two_nodes();
    table.set_open_slot(slot(1), Some(OpenSlot::Migrating(other)));
    let view = view(&table, true);
    assert_eq!(decide(&view, 1, Access::Write, ANY, all(2)), "serve");
    assert_eq!(
        decide(&view, 1, Access::Read, ANY, Presence { missing: 2, several: true, here: 0 }),
        "ASK 1 127.0.0.1:7001"
    );
    assert_eq!(
        decide(&view, 1, Access::Read, ANY, Presence { here: 1, missing: 1, several: true }),
        "TRYAGAIN Multiple keys request during rehashing of slot"
    );
    assert_eq!(decide(&view, 1, Access::ShardChannel, ANY, Presence { missing: 1, ..Presence::default() }), "serve");
}

#[test]
fn a_slot_that_arrives_serves_those_who_ask() {
    let (mut table, other) = two_nodes();
    table.set_open_slot(slot(2), Some(OpenSlot::Importing(other)));
    let view = view(&table, true);
    assert_eq!(decide(&view, 2, Access::Read, ANY, all(1)), "MOVED 2 127.0.0.1:7001");
    assert_eq!(decide(&view, 2, Access::Read, ASKING, Presence { missing: 1, ..Presence::default() }), "serve");
    assert_eq!(
        decide(&view, 2, Access::Read, ASKING, Presence { here: 1, missing: 1, several: true }),
        "TRYAGAIN Multiple keys request during rehashing of slot"
    );
    assert_eq!(decide(&view, 2, Access::ShardChannel, ASKING, all(0)), "serve");
    assert_eq!(decide(&view, 2, Access::ShardChannel, ANY, all(0)), "MOVED 2 127.0.0.1:7001");
    assert_eq!(shard_owner(&view, slot(2)), Some(ShardOwner::Arriving));
}
