//! One node of the table.

use std::sync::Arc;

use slotmesh_types::{Mono, ReplOffset};

use crate::facts::NodeFacts;
use crate::reports::Reports;

/// Handle of a node in its table. Valid until the node is removed; the table drops every reference of its own then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey(pub(crate) u16);

impl NodeKey {
    /// The key as an index into an array with an entry for each node.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What changes with every heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// When the pending ping was sent; `None` when none is pending.
    pub ping_sent: Option<Mono>,
    /// When it was last known to be alive, by its own PONG or by gossip.
    pub pong_received: Option<Mono>,
    /// When anything arrived from it.
    pub data_received: Option<Mono>,
    /// When it was marked as failing.
    pub fail_since: Option<Mono>,
    /// When the entry was made.
    pub created: Mono,
    /// Its replication offset.
    pub offset: ReplOffset,
}

/// One node of the table.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) facts: Arc<NodeFacts>,
    /// What changes with every heartbeat.
    pub liveness: Liveness,
    /// Who reported it as unreachable, and when.
    pub(crate) reports: Reports,
    /// How many nodes it reports.
    pub(crate) reported: u32,
}

impl Node {
    pub(crate) fn new(facts: NodeFacts, now: Mono) -> Self {
        let liveness = Liveness {
            ping_sent: None,
            pong_received: None,
            data_received: None,
            fail_since: None,
            created: now,
            offset: ReplOffset(0),
        };
        Self { facts: Arc::new(facts), liveness, reports: Reports::default(), reported: 0 }
    }

    /// The same, as if nobody had reported anybody.
    pub(crate) fn without_reports(&self) -> Self {
        Self { facts: Arc::clone(&self.facts), liveness: self.liveness, reports: Reports::default(), reported: 0 }
    }

    /// What is known about it and changes seldom.
    #[must_use]
    pub fn facts(&self) -> &NodeFacts {
        &self.facts
    }
}

impl std::ops::Deref for Node {
    type Target = NodeFacts;

    fn deref(&self) -> &NodeFacts {
        &self.facts
    }
}
