//! Wall clocks that differ.

use super::{Finding, Severity};
use crate::view::Cluster;

/// So many milliseconds may clocks differ: nodes don't believe a time that is told of another when it lies further in the
/// future. Source: cluster_legacy.c, "we have to check that pongtime is not in the future".
const TOLERATED_MS: i64 = 500;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let readings: Vec<_> = cluster.views.values().filter_map(|view| Some((&view.me, view.clock?))).collect();
    let mut sorted: Vec<i64> = readings.iter().map(|(_, clock)| clock.ahead_ms).collect();
    sorted.sort_unstable();
    let Some(&median) = sorted.get(sorted.len().saturating_sub(1) / 2) else { return Vec::new() };
    let off = readings.iter().filter(|(_, clock)| {
        let distance = clock.ahead_ms.saturating_sub(median).saturating_abs();
        distance.saturating_sub(clock.uncertain_ms) > TOLERATED_MS
    });
    off.map(|(id, clock)| {
        let name = cluster.name(id);
        let distance = clock.ahead_ms.saturating_sub(median);
        let direction = if distance > 0 { "ahead of" } else { "behind" };
        Finding {
            severity: Severity::Warning,
            what: format!("the clock of {name} is {} ms {direction} that of the others", distance.unsigned_abs()),
            evidence: vec![format!("measured to {} ms", clock.uncertain_ms)],
            remedy: "set its clock by NTP: failure reports and expiry compare times of different nodes".to_owned(),
            subject: name,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;
    use crate::view::ClockReading;

    #[test]
    fn who_differs_from_the_middle_is_named_if_the_measure_allows() {
        let mut stage = Stage::of(3);
        let reading = |ahead_ms, uncertain_ms| Some(ClockReading { ahead_ms, uncertain_ms });
        // All are an hour ahead of us: that is our clock.
        for (node, ahead) in [(0, 3_600_000), (1, 3_600_100), (2, 3_602_000)] {
            stage.view(node).clock = reading(ahead, 1);
        }
        let finding = only(check(stage.cluster()));
        assert_eq!(finding.what, "the clock of 10.0.0.1:7002 (00000000) is 1900 ms ahead of that of the others");
        stage.view(2).clock = reading(3_602_000, 1_500);
        assert!(check(stage.cluster()).is_empty());
        stage.view(2).clock = reading(0, 0);
        assert!(only(check(stage.cluster())).what.contains("behind"));
        stage.view(0).clock = reading(i64::MIN, 0);
        stage.view(2).clock = reading(i64::MAX, 0);
        assert_eq!(check(stage.cluster()).len(), 2, "a node may say any time");
    }
}
