//! When a primary that had failed is trusted again. Source: spec of the bus, 6.6.

mod support;

use std::iter;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Engine, LinkId};
use slotmesh_table::Health;
use slotmesh_types::{Host, Now};
use slotmesh_wire::{HeaderFields, HeaderTemplate, Kind, NodeFlags};
use support::{ME, NOW, OTHER, engine, hear, id};

/// Digit of the node that fails.
const FAILED: char = '3';
/// Twice the default node timeout.
const TERM: Duration = Duration::from_secs(30);

#[test]
fn a_failed_primary_with_slots_is_trusted_after_two_node_timeouts() {
    let (mut engine, link) = beside("connected 100-199");
    pong(&mut engine, link, Duration::from_secs(1));
    assert_eq!(health(&engine), Health::Fail, "a replica may be taking over its slots");
    pong(&mut engine, link, TERM);
    assert_eq!(health(&engine), Health::Fail, "not yet");
    pong(&mut engine, link, TERM + Duration::from_millis(1));
    assert_eq!(health(&engine), Health::Online);
}

#[test]
fn a_failed_primary_without_slots_is_trusted_at_once() {
    let (mut engine, link) = beside("connected");
    pong(&mut engine, link, Duration::from_secs(1));
    assert_eq!(health(&engine), Health::Online);
}

/// An engine that has been told that a primary fails, and its link to that one.
fn beside(slots: &str) -> (Engine, LinkId) {
    let line = |digit, rest: &str| {
        format!("{} 10.0.0.{digit}:7000@17000,,tls-port=0,shard-id={} {rest}\n", id(digit), id(digit))
    };
    let mut text = line(ME, "myself,master - 0 0 1 connected 0-99");
    text += &line(OTHER, "master - 0 0 2 connected 200-299");
    text += &line(FAILED, &format!("master - 0 0 3 {slots}"));
    let mut engine = engine(&text);
    engine.handle_timeout(NOW);
    let address = Host::from(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3)));
    let link = iter::from_fn(|| engine.poll_action()).find_map(|action| match action {
        Action::Connect { link, host, .. } if host == address => Some(link),
        _ => None,
    });
    let link = link.expect("every member is connected to");
    engine.handle_connected(NOW, link, Ipv4Addr::new(10, 0, 0, 1).into());
    let fields = HeaderFields { flags: NodeFlags::PRIMARY, ..HeaderFields::default() };
    hear(&mut engine, fields, |template, bytes| template.fail(id(FAILED).into(), bytes));
    assert_eq!(health(&engine), Health::Fail);
    (engine, link)
}

/// The failed node answers so long after NOW.
fn pong(engine: &mut Engine, link: LinkId, after: Duration) {
    let slots = engine.table().node(engine.table().lookup(&id(FAILED)).expect("known")).slots().clone();
    let fields = HeaderFields {
        sender: id(FAILED).into(),
        port: 7000,
        bus_port: 17_000,
        flags: NodeFlags::PRIMARY,
        slots,
        ..HeaderFields::default()
    };
    let mut bytes = Vec::new();
    HeaderTemplate::new(&fields).heartbeat(Kind::Pong, &mut bytes).finish();
    engine.handle_packet(Now { mono: NOW.mono.after(after), ..NOW }, link, &bytes);
}

fn health(engine: &Engine) -> Health {
    let table = engine.table();
    table.node(table.lookup(&id(FAILED)).expect("known")).health
}
