//! A replica takes over from a primary that is well, on an operator's word. Source: spec of the bus, 8.6.

mod support;

use slotmesh_gossip::{Engine, FailoverMode, PrimaryLink, Replication};
use slotmesh_types::{CurrentEpoch, ReplOffset};
use slotmesh_wire::{HeaderFields, Kind, MessageFlags, NodeFlags};
use support::{ME, NOW, OTHER, engine, hear, id};

/// Where the primary stands when it has paused, and where the replica does before that.
const END: ReplOffset = ReplOffset(100);
const BEFORE: ReplOffset = ReplOffset(7);

#[test]
fn votes_are_asked_for_when_everything_of_the_paused_primary_is_here() {
    let mut engine = replica();
    engine.failover(NOW, FailoverMode::Coordinated).expect("a replica of a primary that is well");
    copy(&mut engine, END);
    assert!(!asks_for_votes(&engine), "the primary has not paused yet, and writes on");
    copy(&mut engine, BEFORE);
    tell(&mut engine, true);
    assert!(!asks_for_votes(&engine), "what is not here yet would be lost");
    copy(&mut engine, ReplOffset(99));
    assert!(!asks_for_votes(&engine));
    copy(&mut engine, END);
    assert!(asks_for_votes(&engine));
}

#[test]
fn an_offset_of_a_primary_that_has_not_paused_is_not_waited_for() {
    let mut engine = replica();
    engine.failover(NOW, FailoverMode::Coordinated).expect("a replica of a primary that is well");
    tell(&mut engine, false);
    copy(&mut engine, END);
    assert!(!asks_for_votes(&engine));
}

/// A replica of the other node that is linked to it.
fn replica() -> Engine {
    let line = |digit, rest: &str| {
        let shard = id(OTHER);
        format!("{} 10.0.0.{digit}:7000@17000,,tls-port=0,shard-id={shard} {rest}\n", id(digit))
    };
    let mut text = line(ME, &format!("myself,slave {} 0 0 1 connected", id(OTHER)));
    text += &line(OTHER, "master - 0 0 1 connected 0-99");
    text += "vars currentEpoch 1 lastVoteEpoch 0\n";
    let mut engine = engine(&text);
    engine.handle_timeout(NOW);
    copy(&mut engine, BEFORE);
    engine
}

fn copy(engine: &mut Engine, offset: ReplOffset) {
    engine.handle_replication(NOW, Replication { offset, link: PrimaryLink::Up { heard: NOW.mono } });
    engine.handle_timeout(NOW);
}

/// The primary tells where it stands.
fn tell(engine: &mut Engine, paused: bool) {
    let fields = HeaderFields {
        offset: END,
        flags: NodeFlags::PRIMARY,
        message_flags: MessageFlags::default().paused(paused),
        slots: engine.table().node(engine.table().lookup(&id(OTHER)).expect("known")).slots().clone(),
        ..HeaderFields::default()
    };
    hear(engine, fields, |template, bytes| template.heartbeat(Kind::Ping, bytes).finish());
}

fn asks_for_votes(engine: &Engine) -> bool {
    engine.table().current_epoch > CurrentEpoch(1)
}
