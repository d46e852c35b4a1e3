//! RESET HARD: a node that leaves and takes another id.

use anyhow::ensure;
use xtask::rack::{Kind, wait};

use crate::turn::{PATIENCE, Turn, await_mesh};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "1000")];

#[test]
fn a_reset_node_is_alone_has_a_new_id_and_can_come_back() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        for leaver in [0, 3] {
            let nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh, peer, peer], &FLAGS);
            let old = nodes[leaver].id().unwrap();
            nodes[leaver].call(&["CLUSTER", "RESET", "HARD"]).unwrap();
            let new = nodes[leaver].id().unwrap();
            assert_ne!(old, new);
            let lines = nodes[leaver].lines().unwrap();
            assert_eq!((lines.len(), lines[0].epoch), (1, 0), "{lines:?}");

            let others = || nodes.iter().enumerate().filter(|(index, _)| *index != leaver).map(|(_, node)| node);
            for node in others() {
                // The news of an earlier FORGET may have come by the bus.
                let _ = node.call(&["CLUSTER", "FORGET", &old]);
                wait::until("the old id to be forgotten", PATIENCE, || {
                    ensure!(node.line_of(&old)?.is_none(), "{} still lists {old}", node.kind());
                    Ok(())
                })
                .unwrap();
            }
            others().next().unwrap().meet(&nodes[leaver]).unwrap();
            await_mesh(&nodes);
        }
    }
}
