//! Failure reports: who says that a node can't be reached.

use std::time::Duration;

use slotmesh_types::Mono;

use crate::node::NodeKey;
use crate::table::Table;

impl Table {
    /// Notes that `by` reports `about` as unreachable; tells whether that is news.
    pub fn add_report(&mut self, about: NodeKey, by: NodeKey, now: Mono) -> bool {
        let node = self.node_mut(about);
        if node.reports.is_empty() {
            node.reported_since = now;
        }
        // When many are unreachable, nearly every heartbeat says again of each what is known.
        let is_news = node.reports.insert(by, now).is_none();
        if is_news {
            self.node_mut(by).reported.insert(about);
        }
        is_news
    }

    /// Withdraws the report of `by` about `about`; tells whether there was one.
    pub fn remove_report(&mut self, about: NodeKey, by: NodeKey) -> bool {
        // Heartbeats say of nearly every node that it is well, and nearly always nobody has said otherwise.
        if self.node(about).reports.is_empty() {
            return false;
        }
        self.node_mut(by).reported.remove(&about);
        self.node_mut(about).reports.remove(&by).is_some()
    }

    /// How many reports about `about` are younger than `validity`; drops the older ones.
    pub fn count_reports(&mut self, about: NodeKey, now: Mono, validity: Duration) -> usize {
        let node = self.node_mut(about);
        // They are counted with each that comes: a walk each time would take the square of the nodes for every heartbeat.
        if now.since(node.reported_since) <= validity {
            return node.reports.len();
        }
        let old: Vec<_> = node.reports.extract_if(.., |_, at| now.since(*at) > validity).map(|(by, _)| by).collect();
        node.reported_since = node.reports.values().copied().min().unwrap_or(now);
        let left = node.reports.len();
        for by in old {
            self.node_mut(by).reported.remove(&about);
        }
        left
    }

    /// Whether anybody reports `about` and the report is not older than `validity`.
    #[must_use]
    pub fn has_report(&self, about: NodeKey, now: Mono, validity: Duration) -> bool {
        self.reports(about).any(|(_, at)| now.since(at) <= validity)
    }

    /// Who reports `about`, and since when.
    pub fn reports(&self, about: NodeKey) -> impl Iterator<Item = (NodeKey, Mono)> {
        self.node(about).reports.iter().map(|(by, at)| (*by, *at))
    }

    /// Withdraws what a node that goes has reported, and what was reported about it. Looks at nobody else: a stranger
    /// can have thousands of nodes come and go.
    pub(crate) fn drop_reports_of(&mut self, key: NodeKey) {
        for about in std::mem::take(&mut self.node_mut(key).reported) {
            self.node_mut(about).reports.remove(&key);
        }
        for by in std::mem::take(&mut self.node_mut(key).reports).into_keys() {
            self.node_mut(by).reported.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use slotmesh_types::{NodeId, ShardId};

    use super::*;
    use crate::NodeFacts;

    const VALID: Duration = Duration::from_secs(30);

    #[test]
    fn whoever_goes_takes_its_reports_along_and_those_about_it() {
        let mut table = Table::new(NodeId::from_entropy([0; 20]), ShardId::from_entropy([0; 20]));
        let now = Mono::from_micros(1);
        let [a, b, c] = [1, 2, 3].map(|number| table.add(facts(number), now).expect("there is room"));
        for (about, by) in [(a, b), (a, c), (b, a), (c, b)] {
            assert!(table.add_report(about, by, now));
        }
        assert!(table.remove_report(c, b));
        table.remove(b);
        assert_eq!(table.reports(a).map(|(by, _)| by).collect::<Vec<_>>(), [c]);
        // Who gets its key was not reported by anybody, and has reported nobody.
        assert_eq!(table.add(facts(4), now).expect("there is room"), b);
        assert_eq!(table.count_reports(b, now, VALID), 0);
        assert!(table.node(a).reported.is_empty() && table.node(b).reported.is_empty());
        // The same with a report that is too old to count.
        let later = now.after(VALID * 2);
        assert_eq!(table.count_reports(a, later, VALID), 0);
        assert!(table.node(c).reported.is_empty());
    }

    #[test]
    fn the_lowest_free_key_is_the_next() {
        let mut table = Table::new(NodeId::from_entropy([0; 20]), ShardId::from_entropy([0; 20]));
        let keys: Vec<_> = (1..=5).map(|number| table.add(facts(number), Mono::default()).expect("room")).collect();
        for index in [3, 0, 2] {
            table.remove(keys[index]);
        }
        let again: Vec<_> = (11..=14).map(|number| table.add(facts(number), Mono::default()).expect("room")).collect();
        assert_eq!(again[..3], [keys[0], keys[2], keys[3]]);
        assert_eq!(again[3].index(), 6);
    }

    fn facts(number: u8) -> NodeFacts {
        NodeFacts::primary(NodeId::from_entropy([number; 20]), ShardId::from_entropy([0; 20]))
    }
}
