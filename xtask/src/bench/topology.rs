//! CPU of the server for a reply about the topology.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use slotmesh_resp::Value;

use super::report::{self, Report};
use super::sample::Sample;
use super::topology_conf;
use crate::rack::{Client, Kind, Node, Rack, interrupt, usage, wait};

const COMMANDS: [&str; 3] = ["NODES", "SLOTS", "SHARDS"];

/// Nobody is suspected while it is measured: the others never answer.
pub(super) const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "3600000")];

/// Requests that are under way at once.
const PIPELINE: usize = 50;

const PATIENCE: Duration = Duration::from_secs(30);

/// How to measure replies.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Known nodes.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    nodes: u16,
    /// Requests of each command in each run.
    #[arg(long, default_value_t = 2000)]
    requests: usize,
    /// How often each command is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

/// Asks both servers in turn.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let conf = conf(rack, options.nodes)?;
    let ours = start(rack, Kind::Slotmesh, &conf, options.nodes)?;
    let theirs = start(rack, Kind::Valkey9, &conf, options.nodes)?;
    let title = format!(
        "Server CPU for a reply in microseconds, {} known nodes, medians of {} runs of {} requests",
        options.nodes, options.runs, options.requests
    );
    let columns = ["CLUSTER", "slotmesh", "range", "bytes", "Valkey", "range", "bytes", "ratio"];
    let mut report = Report::new(title, &columns);
    let bar = super::progress(2 * COMMANDS.len() * usize::from(options.runs))?;
    for command in COMMANDS {
        let (mut our_costs, mut their_costs) = (Sample::default(), Sample::default());
        for _ in 0..options.runs {
            our_costs.add(measure(&ours, command, options.requests, &bar)?);
            their_costs.add(measure(&theirs, command, options.requests, &bar)?);
        }
        report.row(vec![
            command.to_owned(),
            report::median(&our_costs, 1),
            report::range(&our_costs, 1),
            reply_size(&ours, command)?.to_string(),
            report::median(&their_costs, 1),
            report::range(&their_costs, 1),
            reply_size(&theirs, command)?.to_string(),
            report::ratio(&our_costs, &their_costs),
        ]);
    }
    bar.finish_and_clear();
    Ok(report)
}

/// The nodes.conf of a node that knows so many, all of which take its links.
pub(super) fn conf(rack: &Rack, nodes: u16) -> Result<String> {
    Ok(topology_conf::nodes_conf(nodes, sink(rack)?))
}

/// A bus that takes connections and never says a word: the links to it stand, and nothing of the topology changes. Its
/// port is the bus port of the client port that this gives. The thread ends with the process.
fn sink(rack: &Rack) -> Result<u16> {
    let port = rack.free_port()?;
    // Nodes differ in their addresses 127.x.y.z, so it must listen at all of them.
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port + crate::rack::ports::BUS_OFFSET))?;
    thread::spawn(move || {
        let held: Vec<TcpStream> = listener.incoming().flatten().collect();
        drop(held);
    });
    Ok(port)
}

fn start(rack: &Rack, kind: Kind, conf: &str, nodes: u16) -> Result<Node> {
    let mut node = rack.spawn_at(rack.free_port()?, kind, Some(conf), &FLAGS)?;
    node.await_ready()?;
    wait::until(format!("{kind} to be linked with all nodes"), PATIENCE, || {
        let lines = node.lines()?;
        let linked = lines.iter().filter(|line| line.is_well()).count();
        ensure!(linked == usize::from(nodes), "{linked} of {nodes}");
        ensure!(lines.iter().all(|line| !line.slots.is_empty()), "a node is without slots");
        Ok(())
    })?;
    Ok(node)
}

/// Microseconds of CPU that the server spends on one reply, its idle time taken off.
fn measure(node: &Node, command: &str, requests: usize, bar: &ProgressBar) -> Result<f64> {
    bar.set_message(format!("{} CLUSTER {command}", node.kind()));
    let mut client = node.connect()?;
    ask(&mut client, command, PIPELINE)?;
    let (pid, before, start) = (node.pid()?, usage::cpu_time(node.pid()?)?, std::time::Instant::now());
    ask(&mut client, command, requests)?;
    let (used, elapsed) = (usage::cpu_time(pid)? - before, start.elapsed());
    let idle_before = usage::cpu_time(pid)?;
    wait::pause(elapsed)?;
    let idle = usage::cpu_time(pid)? - idle_before;
    bar.inc(1);
    let requests = f64::from(u32::try_from(requests).context("too many requests")?);
    Ok(used.saturating_sub(idle).as_secs_f64() * 1e6 / requests)
}

fn ask(client: &mut Client, command: &str, requests: usize) -> Result<()> {
    let mut left = requests;
    while left > 0 {
        interrupt::check()?;
        let batch = left.min(PIPELINE);
        client.send(&["CLUSTER", command], batch)?;
        for _ in 0..batch {
            let reply = client.receive()?;
            ensure!(!matches!(reply, Value::Error(_)), "CLUSTER {command} gave {reply:?}");
        }
        left -= batch;
    }
    Ok(())
}

fn reply_size(node: &Node, command: &str) -> Result<usize> {
    let mut client = node.connect()?;
    client.send(&["CLUSTER", command], 1)?;
    Ok(client.receive_sized()?.1)
}
