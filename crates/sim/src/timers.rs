//! When nodes want to be woken.

use std::collections::BTreeSet;

use slotmesh_types::Mono;

/// The next deadline of every node.
#[derive(Debug)]
pub(crate) struct Timers {
    due: BTreeSet<(Mono, usize)>,
    of: Vec<Option<Mono>>,
}

impl Timers {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { due: BTreeSet::new(), of: vec![None; nodes] }
    }

    /// From now on the node wants to be woken then, or never.
    pub(crate) fn set(&mut self, node: usize, at: Option<Mono>) {
        if self.of[node] == at {
            return;
        }
        if let Some(before) = self.of[node] {
            self.due.remove(&(before, node));
        }
        self.due.extend(at.map(|at| (at, node)));
        self.of[node] = at;
    }

    pub(crate) fn next_at(&self) -> Option<Mono> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The nodes that are due by `now`, in their order.
    pub(crate) fn due(&self, now: Mono) -> Vec<usize> {
        let mut nodes: Vec<usize> = self.due.range(..=(now, usize::MAX)).map(|(_, node)| *node).collect();
        nodes.sort_unstable();
        nodes
    }
}
