//! What our nodes say to each other beyond the protocol, in the ears of real servers.

use anyhow::{Context, ensure};
use slotmesh_wire::{OwnMarks, Reach, ReachWord};
use xtask::rack::{Kind, Node, wait};

use crate::bus::{Impostor, id};
use crate::turn::{PATIENCE, Turn};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "2000")];

/// The first line that tells of an extension.
fn complaint(node: &Node) -> Option<String> {
    node.log().lines().find(|line| line.contains("extension")).map(str::to_owned)
}

#[test]
fn real_servers_do_not_see_the_mark_and_skip_the_question() {
    let Some(turn) = Turn::alone() else { return };
    for peer in turn.peers() {
        let nodes = turn.rack.start(&[peer], &[]).unwrap();
        let node = &nodes[0];
        let mut impostor = Impostor::start(1, turn.rack.free_port().unwrap()).unwrap();
        impostor.change(|script| script.fields.own_marks = OwnMarks { witness: true, ..OwnMarks::default() });
        impostor.meet(node).unwrap();
        let name = id(1).to_string();
        wait::until("the impostor to be a member", PATIENCE, || {
            let line = node.line_of(&name)?.context("not known")?;
            ensure!(line.is_well(), "{line:?}");
            Ok(())
        })
        .unwrap();
        (0..20).try_for_each(|_| impostor.ping()).unwrap();
        assert_eq!(complaint(node), None, "{peer} says nothing of the mark");
        impostor.change(|script| {
            script.question = Some(Reach { about: id(2).into(), word: ReachWord::Question });
            script.fields.config_epoch.0 = 77;
        });
        // Each is answered, on a connection that stays; and what else the packet says is taken. But the number is logged
        // each time, which is why only nodes that show the mark are asked.
        (0..20).try_for_each(|_| impostor.ping()).unwrap();
        let line = node.line_of(&name).unwrap().unwrap();
        assert!(line.is_well() && line.epoch == 77, "{peer}: {line:?}");
        eprintln!("{peer} says of the question: {:?}", complaint(node));
    }
}

/// [gone-2]
#[test]
fn witnesses_are_asked_about_a_dead_node_and_real_servers_hear_nothing_of_it() {
    let Some(turn) = Turn::alone() else { return };
    let kinds = [vec![Kind::Slotmesh; 3], turn.peers()].concat();
    let mut nodes = turn.mesh(&kinds, &FLAGS);
    let dead = nodes.remove(0);
    let name = dead.id().unwrap();
    drop(dead);
    for node in &nodes[..2] {
        let line = wait::until("the witnesses to agree", PATIENCE, || {
            let log = node.log();
            let mut lines = log.lines().filter(|line| line.contains(&name) && line.contains("is gone"));
            lines.next().map(str::to_owned).context("not yet")
        })
        .unwrap();
        assert!(line.contains("others fare the same"), "{line}");
    }
    for node in &nodes[2..] {
        assert_eq!(complaint(node), None, "{}", node.kind());
    }
}
