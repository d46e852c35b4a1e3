//! Failure reports: who says that a node can't be reached.

use std::time::Duration;

use slotmesh_types::Mono;

use crate::node::NodeKey;
use crate::table::Table;

/// Who reports one node as unreachable, and when, in the order of keys. One piece of memory: when many are unreachable, nearly
/// every heartbeat says of each again what is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports {
    by: Vec<Report>,
    /// None of them is older than this.
    since: Mono,
}

/// Who, in the upper 16 bits, and when, in milliseconds below: where half of a big cluster reports the other half there are as many
/// of these as pairs.
#[derive(Clone, Copy, Debug)]
struct Report(u64);

impl Report {
    const TIME_BITS: u32 = 48;

    fn new(by: NodeKey, at: Mono) -> Self {
        let millis = (at.as_micros() / 1000).min((1 << Self::TIME_BITS) - 1);
        Self(u64::from(by.0) << Self::TIME_BITS | millis)
    }

    fn by(self) -> NodeKey {
        NodeKey((self.0 >> Self::TIME_BITS) as u16)
    }

    fn at(self) -> Mono {
        Mono::from_micros((self.0 & ((1 << Self::TIME_BITS) - 1)) * 1000)
    }
}

impl Reports {
    fn place(&self, by: NodeKey) -> Result<usize, usize> {
        self.by.binary_search_by_key(&by, |report| report.by())
    }

    fn remove(&mut self, by: NodeKey) -> bool {
        let place = self.place(by);
        place.is_ok_and(|place| self.by.remove(place).by() == by)
    }
}

impl Table {
    /// Notes that `by` reports `about` as unreachable; tells whether that is news.
    pub fn add_report(&mut self, about: NodeKey, by: NodeKey, now: Mono) -> bool {
        let reports = &mut self.node_mut(about).reports;
        let report = Report::new(by, now);
        if reports.by.is_empty() {
            reports.since = report.at();
        }
        match reports.place(by) {
            Ok(place) => {
                reports.by[place] = report;
                false
            }
            Err(place) => {
                reports.by.insert(place, report);
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
        let old: Vec<_> = reports.by.extract_if(.., |report| now.since(report.at()) > validity).collect();
        reports.since = reports.by.iter().map(|report| report.at()).min().unwrap_or(now);
        let left = reports.by.len();
        for report in old {
            self.node_mut(report.by()).reported -= 1;
        }
        left
    }

    /// Whether anybody reports `about` and the report is not older than `validity`.
    #[must_use]
    pub fn has_report(&self, about: NodeKey, now: Mono, validity: Duration) -> bool {
        self.reports(about).any(|(_, at)| now.since(at) <= validity)
    }

    /// Who reports `about`, and when it has said so last, to the millisecond.
    pub fn reports(&self, about: NodeKey) -> impl Iterator<Item = (NodeKey, Mono)> {
        self.node(about).reports.by.iter().map(|report| (report.by(), report.at()))
    }

    /// Withdraws what a node that goes has reported, and what was reported about it. Looks at nobody else where it has
    /// reported nobody: a stranger can have thousands of nodes come and go.
    pub(crate) fn drop_reports_of(&mut self, key: NodeKey) {
        for report in std::mem::take(&mut self.node_mut(key).reports).by {
            self.node_mut(report.by()).reported -= 1;
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
    fn reports_are_as_old_as_they_were() {
        let mut table = Table::new(NodeId::from_entropy([0; 20]), ShardId::from_entropy([0; 20]));
        let keys: Vec<_> = (1..=5).map(|number| table.add(facts(number), Mono::default()).expect("room")).collect();
        let start = Mono::from_micros(1_795_000_000_000_000);
        let at = |seconds: u64| start.after(Duration::from_secs(seconds));
        for (place, seconds) in [(3, 1), (1, 2), (2, 3), (4, 4)] {
            table.add_report(keys[0], keys[place], at(seconds));
        }
        let reports: Vec<_> = table.reports(keys[0]).collect();
        assert_eq!(reports, [(keys[1], at(2)), (keys[2], at(3)), (keys[3], at(1)), (keys[4], at(4))]);
        for (seconds, left) in [(31, 4), (32, 3), (33, 2), (34, 1), (35, 0)] {
            assert_eq!(table.count_reports(keys[0], at(seconds), VALID), left, "{seconds} s");
        }
        let far = Report::new(NodeKey(u16::MAX), Mono::from_micros(u64::MAX));
        assert_eq!((far.by(), far.at()), (NodeKey(u16::MAX), Mono::from_micros(((1 << 48) - 1) * 1000)));
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
