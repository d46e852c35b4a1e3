//! CLUSTER NODES, INFO, SLOTS and SHARDS of one small cluster.

use std::sync::Arc;

use slotmesh_command::cluster::{Audience, EndpointType, info, nodes, shards, slots};
use slotmesh_resp::{Protocol, ReplyWriter, Value};
use slotmesh_table::{Address, Announcements, BusStats, ClusterView, NodeFacts, Role, Table};
use slotmesh_types::{NodeId, Now, ReplOffset, ShardId, Slot, SlotRange};

fn id(byte: u8) -> NodeId {
    NodeId::from_entropy([byte; 20])
}

/// Primary 11 (myself) owns 0 to 99, its replica 22 has a host name, primary 33 owns 100.
fn view() -> ClusterView {
    let now = Now::default();
    let mut table = Table::new(id(0x11), ShardId::from_entropy([0xaa; 20]));
    let me = table.my_key();
    let address =
        |port| Address { host: "10.0.0.1".parse().expect("a host"), port, tls_port: 0, bus_port: port + 10_000 };
    table.facts_mut(me).address = address(7001);
    let mut facts = NodeFacts::primary(id(0x22), ShardId::from_entropy([0xaa; 20])).with_role(Role::Replica(None));
    facts.address = address(7002);
    facts.announcements =
        Arc::new(Announcements { hostname: "r.example".parse().expect("a name"), ..Announcements::default() });
    let replica = table.add(facts, now.mono).expect("there is room");
    table.make_replica(replica, Some(me));
    table.liveness_mut(replica).offset = ReplOffset(5);
    let mut facts = NodeFacts::primary(id(0x33), ShardId::from_entropy([0xbb; 20]));
    facts.address = address(7003);
    facts.connected = true;
    let other = table.add(facts, now.mono).expect("there is room");
    let slot = |raw| Slot::new(raw).expect("a slot");
    for slot in SlotRange::from(slot(0)..=slot(99)).iter() {
        table.bind(slot, me);
    }
    table.bind(slot(100), other);
    ClusterView::new(&table, now, false, 2, BusStats::default())
}

#[test]
fn nodes_has_a_line_for_each_node() {
    let (one, two, three) = (id(0x11), id(0x22), id(0x33));
    assert_eq!(
        nodes(&view(), Audience::default()),
        format!(
            "{one} 10.0.0.1:7001@17001 myself,master - 0 0 0 connected 0-99\n\
             {two} 10.0.0.1:7002@17002,r.example slave {one} 0 0 0 disconnected\n\
             {three} 10.0.0.1:7003@17003 master - 0 0 0 connected 100\n"
        )
    );
}

#[test]
fn info_counts_slots_and_nodes() {
    let text = info(&view());
    for line in ["cluster_state:fail", "cluster_slots_assigned:101", "cluster_known_nodes:3", "cluster_size:2"] {
        assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
    }
}

fn written(protocol: Protocol, write: impl FnOnce(&mut ReplyWriter<'_>)) -> String {
    let mut out = Vec::new();
    write(&mut ReplyWriter::new(&mut out, protocol));
    let parsed = Value::parse(&out).expect("a reply").expect("a whole reply");
    assert_eq!(parsed.1, out.len(), "nothing but one reply");
    String::from_utf8(out).expect("text").replace("\r\n", " ")
}

#[test]
fn slots_names_the_primary_first_and_then_who_can_serve() {
    let (one, two, three) = (id(0x11), id(0x22), id(0x33));
    assert_eq!(
        written(Protocol::Resp2, |reply| slots(&view(), Audience::default(), reply)),
        format!(
            "*2 *4 :0 :99 *4 $8 10.0.0.1 :7001 $40 {one} *0 *4 $8 10.0.0.1 :7002 $40 {two} *2 $8 hostname $9 r.example \
             *3 :100 :100 *4 $8 10.0.0.1 :7003 $40 {three} *0 "
        )
    );
    let audience = Audience { endpoint_type: EndpointType::Hostname, ..Audience::default() };
    let reply = written(Protocol::Resp3, |reply| slots(&view(), audience, reply));
    assert!(reply.contains(&format!("*4 $1 ? :7001 $40 {one} %1 $2 ip $8 10.0.0.1 ")), "{reply}");
    assert!(reply.contains(&format!("*4 $9 r.example :7002 $40 {two} %1 $2 ip $8 10.0.0.1 ")), "{reply}");
}

#[test]
fn shards_groups_nodes_by_shard() {
    let reply = written(Protocol::Resp3, |reply| shards(&view(), Audience::default(), reply));
    let (one, shard) = (id(0x11), ShardId::from_entropy([0xaa; 20]));
    assert!(
        reply.starts_with(&format!("*2 %3 $5 slots *2 :0 :99 $5 nodes *2 %7 $2 id $40 {one} $4 port :7001 ")),
        "{reply}"
    );
    assert!(reply.contains(&format!("$2 id $40 {shard} ")), "{reply}");
}
