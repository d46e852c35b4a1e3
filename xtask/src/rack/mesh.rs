//! Whether every node knows every other.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Node, NodeLine, wait};

/// Nodes that are to become one mesh.
#[derive(Debug)]
pub struct Mesh<'a> {
    nodes: &'a [Node],
    ids: BTreeSet<String>,
}

/// Waits until every node lists every other as connected, and tells how long that took.
///
/// # Errors
/// The time is up; the error says what the first node that is not there yet lacks.
pub fn await_full(nodes: &[Node], timeout: Duration) -> Result<Duration> {
    let start = Instant::now();
    Mesh::of(nodes)?.await_full(timeout, |_| ())?;
    Ok(start.elapsed())
}

impl<'a> Mesh<'a> {
    /// Asks the nodes for their ids.
    ///
    /// # Errors
    /// One of them does not answer.
    pub fn of(nodes: &'a [Node]) -> Result<Self> {
        Ok(Self { nodes, ids: nodes.iter().map(Node::id).collect::<Result<_>>()? })
    }

    /// How many links a full mesh has, each counted once from either end.
    #[must_use]
    pub fn links(&self) -> usize {
        self.nodes.len() * self.nodes.len().saturating_sub(1)
    }

    /// How many of them stand.
    ///
    /// # Errors
    /// A node does not answer.
    pub fn links_standing(&self) -> Result<usize> {
        self.nodes.iter().map(|node| Ok(self.standing(&node.lines()?))).sum()
    }

    /// Waits until every node lists every other as connected and says nothing against it. Calls `progress` with how many
    /// nodes are there.
    ///
    /// A node that is there is not asked again before all are, so that watching costs the watched as little as possible;
    /// then all of them are asked once more.
    ///
    /// # Errors
    /// The time is up.
    pub fn await_full(&self, timeout: Duration, mut progress: impl FnMut(usize)) -> Result<()> {
        let start = Instant::now();
        loop {
            for (index, node) in self.nodes.iter().enumerate() {
                progress(index);
                let left = timeout.saturating_sub(start.elapsed());
                wait::until("the mesh to be full", left, || self.check(node))?;
            }
            if self.nodes.iter().all(|node| self.check(node).is_ok()) {
                progress(self.nodes.len());
                return Ok(());
            }
        }
    }

    /// Waits until all nodes say the same of every node, and know no other.
    ///
    /// # Errors
    /// The time is up; the error shows two views that differ.
    pub fn await_agreement(&self, timeout: Duration) -> Result<()> {
        let first = self.nodes.first().context("a mesh has nodes")?;
        wait::until("all nodes to say the same", timeout, || {
            let reference = statements(&first.lines()?);
            ensure!(reference.len() == self.ids.len(), "strangers are known: {reference:#?}");
            for node in self.nodes {
                self.check(node)?;
                let own = statements(&node.lines()?);
                ensure!(own == reference, "{} says {own:#?}, {} says {reference:#?}", node.kind(), first.kind());
            }
            Ok(())
        })
    }

    fn check(&self, node: &Node) -> Result<()> {
        let lines = node.lines()?;
        let standing = self.standing(&lines);
        ensure!(
            standing + 1 == self.ids.len(),
            "{} at port {} has {standing} of {} links: {lines:#?}",
            node.kind(),
            node.port(),
            self.ids.len() - 1
        );
        Ok(())
    }

    fn standing(&self, lines: &[NodeLine]) -> usize {
        lines.iter().filter(|line| !line.has("myself") && line.is_well() && self.ids.contains(&line.id)).count()
    }
}

/// What nodes should agree on, in an order that does not depend on who is asked.
fn statements(lines: &[NodeLine]) -> BTreeSet<String> {
    let statement = |line: &NodeLine| {
        let (flags, primary) = (line.agreed_flags().join(","), line.primary.as_deref().unwrap_or("-"));
        format!("{} {} {:?} {flags} {primary} {}", line.id, line.address, line.hostname(), line.slots.join(" "))
    };
    lines.iter().map(statement).collect()
}
