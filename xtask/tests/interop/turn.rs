//! What all tests here begin with.

use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use xtask::build;
use xtask::rack::mesh::Mesh;
use xtask::rack::{Kind, Node, Rack, mesh};

/// For what depends on the pace of real servers: far above what is usual, so that a busy machine fails nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Tests that may run at a time. They mostly wait for real servers, but measure time by node timeouts of a second, on
/// machines with few cores.
const SEATS: usize = 3;

static SEATS_LEFT: Mutex<usize> = Mutex::new(SEATS);
static SEAT_GIVEN_BACK: Condvar = Condvar::new();

/// The right to start servers.
pub(crate) struct Turn {
    pub(crate) rack: Rack,
    _seats: Seats,
}

/// Taken until it is dropped.
struct Seats(usize);

impl Seats {
    fn take(count: usize) -> Self {
        let left = SEATS_LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = SEAT_GIVEN_BACK.wait_while(left, |left| *left < count).unwrap_or_else(PoisonError::into_inner);
        *left -= count;
        Self(count)
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        *SEATS_LEFT.lock().unwrap_or_else(PoisonError::into_inner) += self.0;
        SEAT_GIVEN_BACK.notify_all();
    }
}

impl Turn {
    /// Waits for the turn; `None`, and a line on stderr, where our own server was not built.
    pub(crate) fn take() -> Option<Self> {
        Self::with(1)
    }

    /// The same for a test that makes load, or judges how soon something happens: no other runs beside it.
    pub(crate) fn alone() -> Option<Self> {
        Self::with(SEATS)
    }

    fn with(seats: usize) -> Option<Self> {
        let _seats = Seats::take(seats);
        let server = build::from_environment(build::SERVER_VARIABLE).unwrap();
        if server.is_none() {
            eprintln!("skipped: {} is not set; cargo xtask test sets it", build::SERVER_VARIABLE);
            return None;
        }
        let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        Some(Self { rack: Rack::new(target_dir, server), _seats })
    }

    /// Those of `wanted` that are here; the others are named on stderr.
    pub(crate) fn present(&self, wanted: &[Kind]) -> Vec<Kind> {
        let mut kinds = wanted.to_vec();
        kinds.retain(|kind| match self.rack.program(*kind) {
            Ok(_) => true,
            Err(reason) => {
                eprintln!("skipped {kind}: {reason}");
                false
            }
        });
        kinds
    }

    /// The kinds of real servers that are here.
    pub(crate) fn peers(&self) -> Vec<Kind> {
        self.present(&Kind::PEERS)
    }

    /// Running nodes of these kinds that have met in a chain, are a full mesh and agree.
    pub(crate) fn mesh(&self, kinds: &[Kind], flags: &[(&str, &str)]) -> Vec<Node> {
        let nodes = self.rack.start(kinds, flags).unwrap();
        chain(&nodes);
        await_mesh(&nodes);
        nodes
    }
}

/// Each meets the next.
pub(crate) fn chain(nodes: &[Node]) {
    for pair in nodes.windows(2) {
        pair[0].meet(&pair[1]).unwrap();
    }
}

/// The first meets all others.
pub(crate) fn star(nodes: &[Node]) {
    for node in &nodes[1..] {
        nodes[0].meet(node).unwrap();
    }
}

/// Waits until every node lists every other as connected and all say the same of all.
pub(crate) fn await_mesh(nodes: &[Node]) {
    let agreed = mesh::await_full(nodes, PATIENCE).and_then(|_| Mesh::of(nodes)?.await_agreement(PATIENCE));
    if agreed.is_err() {
        show_ends_of_logs(nodes);
    }
    agreed.unwrap();
}

/// A node may have ended, and why stands in its log only.
fn show_ends_of_logs(nodes: &[Node]) {
    for node in nodes {
        let log = node.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = &lines[lines.len().saturating_sub(15)..];
        eprintln!("the log of {} at port {} ends with\n{}\n", node.kind(), node.port(), end.join("\n"));
    }
}

/// The ids of nodes, in their order.
pub(crate) fn ids(nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| node.id().unwrap()).collect()
}
