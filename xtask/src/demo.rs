//! A mesh to look at and play with.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use crate::build;
use crate::rack::mesh::Mesh;
use crate::rack::{self, Kind, Node, NodeLine, Rack, interrupt, ports, wait};

/// What the demo shows.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// How many nodes, all kinds together.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=200))]
    nodes: u16,
    /// The first node's port; the others follow. Their bus ports are 10000 above.
    #[arg(long, default_value_t = 7000, value_parser = clap::value_parser!(u16).range(1..=55_000))]
    port: u16,
    /// How many of the nodes are real Valkey 9.1.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    with_valkey: u16,
}

/// Longest time for a mesh: a real Valkey node may need a handshake's whole timeout.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds, starts the nodes, lets them meet in a chain, shows what came out, and runs until Ctrl-C.
///
/// # Errors
/// The build failed, a port is taken, or the mesh did not form.
pub fn run(options: &Options) -> Result<()> {
    ensure!(options.with_valkey <= options.nodes, "--with-valkey asks for more nodes than --nodes");
    interrupt::install()?;
    match show(options) {
        Err(_) if interrupt::asked() => {
            eprintln!("\nstopped; nothing is left behind");
            Ok(())
        }
        result => result,
    }
}

/// Ends only by an error, at the latest by the one that stands for Ctrl-C; then all nodes are dropped.
fn show(options: &Options) -> Result<()> {
    let target_dir = build::target_dir()?;
    if options.with_valkey > 0 {
        rack::install(&target_dir);
    }
    let rack = Rack::new(&target_dir, Some(build::server()?));
    let nodes = start(&rack, options)?;
    let mesh = Mesh::of(&nodes)?;
    let start = Instant::now();
    for pair in nodes.windows(2) {
        pair[0].meet(&pair[1])?;
    }
    let elapsed = watch(&mesh, start)?;
    println!("{} nodes, {} links: a full mesh after {} ms\n", nodes.len(), mesh.links(), elapsed.as_millis());
    print_table(&nodes)?;
    println!("\nTry it:   valkey-cli -p {} CLUSTER NODES", options.port);
    println!("Ctrl-C stops the nodes and removes their files.");
    stay(nodes)
}

fn start(rack: &Rack, options: &Options) -> Result<Vec<Node>> {
    for port in options.port..options.port + options.nodes {
        for port in [port, port + ports::BUS_OFFSET] {
            ensure!(ports::is_free(port), "port {port} is taken; choose others with --port");
        }
    }
    let spawn = |index| rack.spawn_at(options.port + index, kind(index, options), None, &[]);
    let mut nodes = (0..options.nodes).map(spawn).collect::<Result<Vec<_>>>()?;
    nodes.iter_mut().try_for_each(Node::await_ready)?;
    Ok(nodes)
}

/// Spreads the Valkey nodes evenly; the first node is ours, if any is.
fn kind(index: u16, options: &Options) -> Kind {
    let valkeys_before = |index: u16| u32::from(index) * u32::from(options.with_valkey) / u32::from(options.nodes);
    if valkeys_before(index + 1) > valkeys_before(index) { Kind::Valkey9 } else { Kind::Slotmesh }
}

fn watch(mesh: &Mesh<'_>, start: Instant) -> Result<Duration> {
    let style = ProgressStyle::with_template("links [{bar:40}] {pos}/{len}  {elapsed_precise}")?.progress_chars("=> ");
    let bar = ProgressBar::new(mesh.links() as u64).with_style(style);
    wait::until("the mesh to be full", PATIENCE, || {
        let standing = mesh.links_standing()?;
        bar.set_position(standing as u64);
        ensure!(standing == mesh.links(), "{standing} of {} links stand", mesh.links());
        Ok(())
    })?;
    let elapsed = start.elapsed();
    bar.abandon();
    Ok(elapsed)
}

/// What the first node says of all, in the order of their ports.
fn print_table(nodes: &[Node]) -> Result<()> {
    let mut lines = nodes[0].lines()?;
    lines.sort_by_key(NodeLine::port);
    println!("{:40}  {:22} {:11} {:14} {:>5}  link", "id", "address", "server", "flags", "epoch");
    for line in lines {
        let kind = nodes.iter().find(|node| Some(node.port()) == line.port()).map(Node::kind);
        let server = kind.map(|kind| kind.to_string()).unwrap_or_default();
        let link = if line.connected { "connected" } else { "disconnected" };
        let flags = line.flags.join(",");
        println!("{:40}  {:22} {server:11} {flags:14} {:>5}  {link}", line.id, line.address, line.epoch);
    }
    Ok(())
}

/// Until Ctrl-C; tells of nodes that end on their own. Their files stay as long: they may be started again by hand.
fn stay(mut nodes: Vec<Node>) -> Result<()> {
    let mut gone = Vec::new();
    loop {
        wait::pause(Duration::from_millis(200))?;
        let mut ended = Vec::new();
        for (index, node) in nodes.iter_mut().enumerate() {
            if let Some(status) = node.exit_status()? {
                ended.push((index, status));
            }
        }
        // A Ctrl-C reaches the nodes too, perhaps before it reaches us.
        wait::pause(Duration::from_millis(200))?;
        for (index, status) in ended.into_iter().rev() {
            let node = nodes.remove(index);
            eprintln!("the node at port {} has ended: {status}; its files stay until Ctrl-C", node.port());
            gone.push(node);
        }
        ensure!(!nodes.is_empty(), "all nodes have ended");
    }
}
