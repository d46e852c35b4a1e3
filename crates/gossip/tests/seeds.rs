//! At what pace a node that is alone asks its seeds.

use std::time::Duration;

use slotmesh_gossip::{Action, Config, Engine, SplitMix};
use slotmesh_table::Table;
use slotmesh_types::{Mono, NodeId, Now, ShardId, UnixMillis};

/// [seed-3]
#[test]
fn rounds_slow_down_and_each_pause_is_drawn_between_half_and_the_whole() {
    let runs = [1, 2].map(pauses);
    for pauses in &runs {
        for (round, pause) in pauses.iter().enumerate() {
            let whole = Duration::from_millis(250 << round.min(16)).min(Duration::from_secs(10));
            assert!((whole / 2..=whole).contains(pause), "round {round}: {pause:?}");
        }
    }
    assert_ne!(runs[0], runs[1], "nodes that start together do not stay in step");
}

/// From round to round, when nothing is ever found.
fn pauses(seed: u64) -> Vec<Duration> {
    let table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([1; 20]));
    let mut now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
    let mut engine = Engine::new(now, table, Config { has_seeds: true, ..Config::default() }, SplitMix::new(seed));
    let mut rounds = Vec::new();
    while rounds.len() < 12 {
        now.mono = now.mono.max(engine.poll_timeout().expect("there is always something to do"));
        engine.handle_timeout(now);
        while let Some(action) = engine.poll_action() {
            if action == Action::ResolveSeeds {
                rounds.push(now.mono);
                engine.handle_seeds_resolved(now);
            }
        }
    }
    rounds.windows(2).map(|pair| pair[1].since(pair[0])).collect()
}
