//! Names that nodes had on disk before a hard reset.
//!
//! A save shows a node as it is when the save begins. What was held for it may be older than a hard reset and leave under
//! the name before: a name that was on disk in its time, and of which nothing is promised any more, since nobody speaks under
//! it again.

use std::collections::BTreeSet;

use slotmesh_types::NodeId;
use slotmesh_wire::Header;

pub(super) struct FormerNames(Vec<(Option<NodeId>, BTreeSet<NodeId>)>);

impl FormerNames {
    pub(super) fn new(nodes: usize) -> Self {
        Self(vec![(None, BTreeSet::new()); nodes])
    }

    /// Whether a packet leaves under a name that its node has no more on disk, and once had.
    pub(super) fn are_used(&self, node: usize, header: &Header<'_>) -> bool {
        let (now, before) = &self.0[node];
        header.sender().id().is_some_and(|id| *now != Some(id) && before.contains(&id))
    }

    /// This is the name on disk.
    pub(super) fn note(&mut self, node: usize, name: NodeId) {
        let (now, before) = &mut self.0[node];
        before.extend(now.replace(name));
    }
}

#[cfg(test)]
mod tests {
    use slotmesh_wire::Kind;

    use super::*;
    use crate::checks::samples::{Sample, id};

    #[test]
    fn only_a_name_that_was_on_disk_and_is_no_more_is_a_former_one() {
        let mut names = FormerNames::new(1);
        let used = |names: &FormerNames, node| {
            Sample::new(node).packet(Kind::Ping).with_header(|header| names.are_used(0, header))
        };
        names.note(0, id(1));
        assert!(!used(&names, 1) && !used(&names, 2));
        names.note(0, id(2));
        assert!(used(&names, 1) && !used(&names, 2) && !used(&names, 3));
    }
}
