//! Failure reports: who says that a node can't be reached.

use std::time::Duration;

use slotmesh_types::Mono;

use crate::node::NodeKey;
use crate::table::Table;

impl Table {
    /// Notes that `by` reports `about` as unreachable; tells whether that is news.
    pub fn add_report(&mut self, about: NodeKey, by: NodeKey, now: Mono) -> bool {
        self.node_mut(about).reports.insert(by, now).is_none()
    }

    /// Withdraws the report of `by` about `about`; tells whether there was one.
    pub fn remove_report(&mut self, about: NodeKey, by: NodeKey) -> bool {
        self.node_mut(about).reports.remove(&by).is_some()
    }

    /// How many reports about `about` are younger than `validity`; drops the older ones.
    pub fn count_reports(&mut self, about: NodeKey, now: Mono, validity: Duration) -> usize {
        let reports = &mut self.node_mut(about).reports;
        reports.retain(|_, at| now.since(*at) <= validity);
        reports.len()
    }

    /// Who reports `about`, and since when.
    pub fn reports(&self, about: NodeKey) -> impl Iterator<Item = (NodeKey, Mono)> {
        self.node(about).reports.iter().map(|(by, at)| (*by, *at))
    }

    /// Drops every report of and about everybody: what a node does when it leaves its cluster.
    pub fn clear_reports(&mut self) {
        for node in self.nodes_mut() {
            node.reports.clear();
        }
    }
}
