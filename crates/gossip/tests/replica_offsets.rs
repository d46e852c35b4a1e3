//! When what a replica says about its data shows in the topology.

use std::iter;
use std::net::{IpAddr, Ipv4Addr};

use slotmesh_gossip::{Action, Config, Engine, LinkId, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, NodeId, Now, ReplOffset, UnixMillis};
use slotmesh_wire::{HeaderFields, HeaderTemplate, Kind, NodeFlags};

const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
const REPLICA: NodeFlags = NodeFlags(0x1c02);
const ME: char = '1';
const OTHER: char = '2';

#[test]
fn a_replica_that_has_data_for_the_first_time_is_news() {
    let mut engine = with_replica();
    // The first word may tell more than the offset.
    let quiet = version_after(&mut engine, 0);
    assert_eq!(version_after(&mut engine, 0), quiet);
    let loaded = version_after(&mut engine, 1234);
    assert_ne!(loaded, quiet, "readers have to be shown a replica that can serve");
    assert_eq!(version_after(&mut engine, 5678), loaded, "more of it is no news");
    assert_ne!(version_after(&mut engine, 0), loaded, "it has lost everything");
}

/// The version of the table after the replica has told of so many bytes.
fn version_after(engine: &mut Engine, offset: u64) -> u64 {
    let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
    let link: LinkId = engine.handle_accepted(NOW, ip, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    let fields = HeaderFields {
        sender: id(OTHER).into(),
        replica_of: id(ME).into(),
        port: 7000,
        bus_port: 17000,
        flags: REPLICA,
        config_epoch: ConfigEpoch(1),
        current_epoch: CurrentEpoch(1),
        offset: ReplOffset(offset),
        ..HeaderFields::default()
    };
    let mut bytes = Vec::new();
    HeaderTemplate::new(&fields).heartbeat(Kind::Pong, &mut bytes).extensible().finish();
    engine.handle_packet(NOW, link, &bytes);
    drain(engine);
    engine.table().version()
}

fn with_replica() -> Engine {
    let (me, other) = (id(ME), id(OTHER));
    let text = format!(
        "{me} 10.0.0.1:7000@17000,,shard-id={me} myself,master - 0 0 1 connected 0-16383\n\
         {other} 10.0.0.2:7000@17000,,shard-id={me} slave {me} 0 0 1 connected\n\
         vars currentEpoch 1 lastVoteEpoch 0\n"
    );
    let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(NOW.mono).expect("a table");
    let mut engine = Engine::new(NOW, table, Config::default(), SplitMix::new(7));
    drain(&mut engine);
    engine
}

fn drain(engine: &mut Engine) {
    iter::from_fn(|| engine.poll_action()).for_each(|_: Action| {});
}

fn id(digit: char) -> NodeId {
    iter::repeat_n(digit, 40).collect::<String>().parse().expect("an id")
}
