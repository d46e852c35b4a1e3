//! The real `valkey-cli --cluster` at work on clusters of slotmesh, and on mixed ones.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "3000")];

/// Clusters of three and a fourth node to add: ours alone, and mixed ones that begin with either kind.
const CASTS: [[Kind; 4]; 3] = [
    [Kind::Slotmesh, Kind::Slotmesh, Kind::Slotmesh, Kind::Slotmesh],
    [Kind::Slotmesh, Kind::Valkey9, Kind::Slotmesh, Kind::Valkey9],
    [Kind::Valkey9, Kind::Slotmesh, Kind::Valkey9, Kind::Slotmesh],
];

/// The real client.
pub(crate) struct Cli<'a> {
    turn: &'a Turn,
}

impl<'a> Cli<'a> {
    /// `None`, and a line on stderr, where there is none.
    pub(crate) fn find(turn: &'a Turn) -> Option<Self> {
        match turn.rack.cli() {
            Ok(_) => Some(Self { turn }),
            Err(reason) => {
                eprintln!("skipped valkey-cli: {reason}");
                None
            }
        }
    }

    /// Runs `valkey-cli --cluster` to its good end and gives what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        let (output, ok) = self.try_run(words).unwrap();
        assert!(ok && !output.contains("[ERR]"), "valkey-cli --cluster {words:?} failed:\n{output}");
        output
    }

    fn try_run(&self, words: &[&str]) -> Result<(String, bool)> {
        let program = self.turn.rack.cli().map_err(anyhow::Error::msg)?;
        let mut command = Command::new(program);
        command.arg("--cluster").args(words).arg("--cluster-yes");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // What fix does about slots that nobody serves it asks all the same. It may end without asking anything.
        let _ = child.stdin.take().context("it has an input")?.write_all(&b"yes\n".repeat(8));
        let output = child.wait_with_output()?;
        let text = [output.stdout, output.stderr].concat();
        Ok((String::from_utf8_lossy(&text).into_owned(), output.status.success()))
    }

    /// Waits until it finds nothing to complain about, asked at any node, and all nodes say the same.
    fn check(&self, nodes: &[Node]) {
        agree(nodes);
        for node in nodes {
            let found = self.run(&["check", &address(node)]);
            assert!(found.contains("[OK] All nodes agree about slots configuration."), "{found}");
            assert!(found.contains("[OK] All 16384 slots covered."), "{found}");
            assert!(!found.contains("[WARNING]"), "{found}");
        }
    }
}

fn address(node: &Node) -> String {
    node.address().to_string()
}

/// Waits until all nodes agree about each other, slots and epochs included, and no two primaries share an epoch.
fn agree(nodes: &[Node]) {
    await_mesh(nodes);
    wait::until("all nodes to agree about epochs", PATIENCE, || {
        let epochs = |node: &Node| -> Result<BTreeMap<String, (u64, bool)>> {
            let lines = node.lines()?;
            Ok(lines.into_iter().map(|line| (line.id.clone(), (line.epoch, line.has("master")))).collect())
        };
        let first = epochs(&nodes[0])?;
        for node in nodes {
            let own = epochs(node)?;
            ensure!(own == first, "{} says {own:?}, {} says {first:?}", node.kind(), nodes[0].kind());
        }
        let mut primaries: Vec<u64> = first.values().filter(|(_, primary)| *primary).map(|(epoch, _)| *epoch).collect();
        primaries.sort_unstable();
        ensure!(primaries.windows(2).all(|pair| pair[0] < pair[1]), "epochs are shared: {first:?}");
        Ok(())
    })
    .unwrap();
}

fn slots_of(node: &Node, id: &str) -> Result<u32> {
    let line = node.line_of(id)?.context("it is not known")?;
    let count = |range: &String| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Ok(last.parse::<u32>()? - first.parse::<u32>()? + 1)
    };
    line.slots.iter().map(count).sum()
}

/// The casts that can be staged here.
fn casts(turn: &Turn) -> Vec<[Kind; 4]> {
    let here = turn.present(&[Kind::Slotmesh, Kind::Valkey9]);
    CASTS.into_iter().filter(|cast| cast.iter().all(|kind| here.contains(kind))).collect()
}

#[test]
fn a_cluster_is_created_grown_rebalanced_and_shrunk() {
    let Some(turn) = Turn::take() else { return };
    let Some(cli) = Cli::find(&turn) else { return };
    for cast in casts(&turn) {
        let mut nodes = turn.rack.start(&cast, &FLAGS).unwrap();
        let newcomer = nodes.pop().unwrap();
        create(&cli, &nodes);
        let first = address(&nodes[0]);
        cli.run(&["add-node", &address(&newcomer), &first]);
        nodes.push(newcomer);
        cli.check(&nodes);
        reshard(&cli, &nodes);
        // A fiftieth of what the others have: each slot takes the client some ten commands.
        let id = nodes[3].id().unwrap();
        cli.run(&["rebalance", &first, "--cluster-use-empty-masters", "--cluster-weight", &format!("{id}=0.02")]);
        cli.check(&nodes);
        let came = slots_of(&nodes[0], &id).unwrap();
        assert!((100..=110).contains(&came), "{cast:?}: {came} slots came");
        shrink(&cli, nodes);
    }
}

fn create(cli: &Cli<'_>, nodes: &[Node]) {
    let addresses: Vec<String> = nodes.iter().map(address).collect();
    let words: Vec<&str> = std::iter::once("create").chain(addresses.iter().map(String::as_str)).collect();
    cli.run(&words);
    cli.check(nodes);
    let found = cli.run(&["info", &addresses[1]]);
    assert!(found.contains("[OK] 0 keys in 3 primaries."), "{found}");
    let pongs = cli.run(&["call", &addresses[2], "PING"]);
    assert_eq!(pongs.matches(": PONG").count(), 3, "{pongs}");
}

/// Slots go from each of the others to the newcomer, and some come back.
fn reshard(cli: &Cli<'_>, nodes: &[Node]) {
    let ids: Vec<String> = nodes.iter().map(|node| node.id().unwrap()).collect();
    let first = address(&nodes[0]);
    let reshard = |from: &str, to: &str, count: &str| {
        cli.run(&["reshard", &first, "--cluster-from", from, "--cluster-to", to, "--cluster-slots", count]);
    };
    reshard(&ids[..3].join(","), &ids[3], "30");
    // It takes a share of each that is rounded down.
    let came = slots_of(&nodes[0], &ids[3]).unwrap();
    assert!((28..=30).contains(&came), "{came} slots came");
    reshard(&ids[3], &ids[1], "7");
    cli.check(nodes);
    for node in nodes {
        assert_eq!(slots_of(node, &ids[3]).unwrap(), came - 7, "{}", node.kind());
    }
}

/// The last node gives its slots back and is removed.
fn shrink(cli: &Cli<'_>, mut nodes: Vec<Node>) {
    let (first, id) = (address(&nodes[0]), nodes[3].id().unwrap());
    cli.run(&["rebalance", &first, "--cluster-weight", &format!("{id}=0")]);
    cli.run(&["del-node", &first, &id]);
    let removed = nodes.pop().unwrap();
    cli.check(&nodes);
    wait::until("the removed node to be alone", PATIENCE, || {
        ensure!(removed.lines()?.len() == 1, "it still knows others");
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_broken_by_hand_is_fixed() {
    let Some(turn) = Turn::take() else { return };
    let Some(cli) = Cli::find(&turn) else { return };
    for cast in casts(&turn) {
        let nodes = turn.rack.start(&cast[..3], &FLAGS).unwrap();
        create(&cli, &nodes);
        let ids: Vec<String> = nodes.iter().map(|node| node.id().unwrap()).collect();
        let open = |node: usize, slot: &str, word: &str, peer: usize| {
            nodes[node].call(&["CLUSTER", "SETSLOT", slot, word, &ids[peer]]).unwrap();
        };
        // A move that stopped half way, one that only its source knows of, one that only its target knows of.
        open(1, "0", "IMPORTING", 0);
        open(0, "0", "MIGRATING", 1);
        open(0, "1", "MIGRATING", 2);
        open(2, "5461", "IMPORTING", 1);
        // A slot that nobody serves.
        for node in &nodes {
            node.call(&["CLUSTER", "DELSLOTS", "16383"]).unwrap();
        }
        let (found, _) = cli.try_run(&["check", &address(&nodes[0])]).unwrap();
        assert!(found.contains("[ERR] Not all 16384 slots are covered by nodes."), "{found}");
        wait::until("the fix to hold", PATIENCE, || {
            let (said, ok) = cli.try_run(&["fix", &address(&nodes[0])])?;
            ensure!(ok, "valkey-cli --cluster fix failed:\n{said}");
            let (found, ok) = cli.try_run(&["check", &address(&nodes[0])])?;
            ensure!(ok && !found.contains("[ERR]") && !found.contains("[WARNING]"), "{found}");
            Ok(())
        })
        .unwrap();
        cli.check(&nodes);
    }
}

#[test]
fn a_cluster_is_created_with_replicas() {
    let Some(turn) = Turn::take() else { return };
    let Some(cli) = Cli::find(&turn) else { return };
    for cast in casts(&turn) {
        let kinds = [&cast[..3], &cast[1..]].concat();
        let nodes = turn.rack.start(&kinds, &FLAGS).unwrap();
        let addresses: Vec<String> = nodes.iter().map(address).collect();
        let mut words = vec!["create"];
        words.extend(addresses.iter().map(String::as_str));
        words.extend(["--cluster-replicas", "1"]);
        cli.run(&words);
        cli.check(&nodes);
        for node in &nodes {
            let lines = node.lines().unwrap();
            assert_eq!(lines.iter().filter(|line| line.has("slave")).count(), 3, "{lines:#?}");
            let primaries: Vec<_> = lines.iter().filter_map(|line| line.primary.clone()).collect();
            assert!(lines.iter().filter(|line| line.has("master")).all(|line| primaries.contains(&line.id)));
        }
        // Whoever can't get its primary's data tries again, but not without rest.
        let tries = |node: &Node| node.log().matches("Connecting to PRIMARY").count();
        let before: Vec<usize> = nodes.iter().map(tries).collect();
        wait::pause(Duration::from_secs(3)).unwrap();
        for (node, before) in nodes.iter().zip(before) {
            assert!(tries(node) - before <= 8, "{} tries too often:\n{}", node.kind(), node.log());
            assert!(node.call(&["PING"]).is_ok());
        }
    }
}
