//! Failure reports: who says that a node can't be reached.

use std::time::Duration;

use slotmesh_types::Mono;

use crate::node::NodeKey;
use crate::table::Table;

/// Who reports one node as unreachable, and when, in the order of keys. One piece of memory: when many are unreachable, nearly
/// every heartbeat says of each again what is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports {
    by: Vec<(NodeKey, Mono)>,
    /// None of them is older than this.
    since: Mono,
}

impl Reports {
    fn place(&self, by: NodeKey) -> Result<usize, usize> {
        self.by.binary_search_by_key(&by, |(by, _)| *by)
    }

    fn remove(&mut self, by: NodeKey) -> bool {
        let place = self.place(by);
        place.is_ok_and(|place| self.by.remove(place).0 == by)
    }
}

impl Table {
    /// Notes that `by` reports `about` as unreachable; tells whether that is news.
    pub fn add_report(&mut self, about: NodeKey, by: NodeKey, now: Mono) -> bool {
        let reports = &mut self.node_mut(about).reports;
        if reports.by.is_empty() {
            reports.since = now;
        }
        match reports.place(by) {
            Ok(place) => {
                reports.by[place].1 = now;
                false
            }
            Err(place) => {
                reports.by.insert(place, (by, now));
                self.node_mut(by).reported += 1;
                true
            }
        }
    }

    /// Withdraws the report of `by` about `about`; tells whether there was one.
    pub fn remove_report(&mut self, about: NodeKey, by: NodeKey) -> bool {
        let removed = self.node_mut(about).reports.remove(by);
        if removed {
            self.node_mut(by).reported -= 1;
        }
        removed
    }

    /// How many reports about `about` are younger than `validity`; drops the older ones.
    pub fn count_reports(&mut self, about: NodeKey, now: Mono, validity: Duration) -> usize {
        let reports = &mut self.node_mut(about).reports;
        // They are counted with each that comes: a walk each time would take the square of the nodes for every heartbeat.
        if now.since(reports.since) <= validity {
            return reports.by.len();
        }
        let old: Vec<_> = reports.by.extract_if(.., |(_, at)| now.since(*at) > validity).collect();
        reports.since = reports.by.iter().map(|(_, at)| *at).min().unwrap_or(now);
        let left = reports.by.len();
        for (by, _) in old {
            self.node_mut(by).reported -= 1;
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
        self.node(about).reports.by.iter().copied()
    }

    /// Withdraws what a node that goes has reported, and what was reported about it. Looks at nobody else where it has
    /// reported nobody: a stranger can have thousands of nodes come and go.
    pub(crate) fn drop_reports_of(&mut self, key: NodeKey) {
        for (by, _) in std::mem::take(&mut self.node_mut(key).reports).by {
            self.node_mut(by).reported -= 1;
        }
        if self.node(key).reported > 0 {
            for about in self.keys() {
                self.remove_report(about, key);
            }
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
        assert_eq!([a, b].map(|key| table.node(key).reported), [0, 0]);
        // The same with a report that is too old to count.
        let later = now.after(VALID * 2);
        assert_eq!(table.count_reports(a, later, VALID), 0);
        assert_eq!(table.node(c).reported, 0);
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
