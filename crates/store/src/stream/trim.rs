//! Shortening a stream.

use crate::stream::id::StreamId;
use crate::stream::log::Log;
use crate::stream::node::StreamLimits;

/// What is left of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimTo {
    /// The last entries, so many.
    Length(u64),
    /// The entries from this id on.
    From(StreamId),
}

/// How a stream is shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// What is left.
    pub to: TrimTo,
    /// Whether only whole nodes go, so that some more is left.
    pub whole_nodes: bool,
    /// How many entries go at most; a node that would exceed it stays.
    pub limit: Option<u64>,
}

impl Trim {
    /// To what was asked for, just so.
    #[must_use]
    pub fn exactly(to: TrimTo) -> Self {
        Self { to, whole_nodes: false, limit: None }
    }

    /// By whole nodes, at most 100 full ones, which is the limit where a client gives none.
    #[must_use]
    pub fn about(to: TrimTo, limits: StreamLimits) -> Self {
        let limit = match limits.node_entries {
            0 => 10_000,
            entries => entries.saturating_mul(100).min(1_000_000),
        };
        Self { to, whole_nodes: true, limit: Some(limit) }
    }
}

impl Log {
    /// Shortens it; gives how many entries went. The work is a step for each node that goes, and a walk of one that stays.
    pub(super) fn trim(&mut self, trim: Trim) -> u64 {
        let mut gone = 0;
        while let Some((live, last)) = self.first_node() {
            let left = self.len() - live;
            let (wanted, whole, most, below) = match trim.to {
                TrimTo::Length(most) => {
                    (self.len() > most, left >= most, self.len().saturating_sub(most), StreamId::MAX)
                }
                TrimTo::From(id) => (true, last < id, live, id),
            };
            if !wanted || trim.limit.is_some_and(|limit| gone + live > limit) {
                break;
            }
            if whole {
                gone += self.delete_first_node();
                continue;
            }
            if !trim.whole_nodes {
                gone += self.delete_within_first_node(most, below);
            }
            break;
        }
        if gone > 0 {
            self.find_first();
        }
        gone
    }
}
