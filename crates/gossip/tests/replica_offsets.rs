//! When what a replica says about its data shows in the topology.

mod support;

use slotmesh_gossip::Engine;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, ReplOffset};
use slotmesh_wire::{HeaderFields, Kind, NodeFlags};

use support::{ME, OTHER, engine, hear, id};

const REPLICA: NodeFlags = NodeFlags(0x1c02);

#[test]
fn a_replica_that_has_data_for_the_first_time_is_news() {
    let (me, other) = (id(ME), id(OTHER));
    let mut engine = engine(&format!(
        "{me} 10.0.0.1:7000@17000,,shard-id={me} myself,master - 0 0 1 connected 0-16383\n\
         {other} 10.0.0.2:7000@17000,,shard-id={me} slave {me} 0 0 1 connected\n\
         vars currentEpoch 1 lastVoteEpoch 0\n"
    ));
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
    let fields = HeaderFields {
        replica_of: id(ME).into(),
        flags: REPLICA,
        config_epoch: ConfigEpoch(1),
        current_epoch: CurrentEpoch(1),
        offset: ReplOffset(offset),
        ..HeaderFields::default()
    };
    hear(engine, fields, |template, bytes| template.heartbeat(Kind::Pong, bytes).extensible().finish());
    engine.table().version()
}
