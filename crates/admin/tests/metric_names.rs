//! Names of metrics are a promise, and what the documents use exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use slotmesh_admin::METRIC_NAMES;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file of the workspace")
}

#[test]
fn names_are_those_that_were_promised() {
    let promised = read("testdata/metric_names.txt");
    assert_eq!(
        METRIC_NAMES.to_vec(),
        promised.lines().collect::<Vec<_>>(),
        "only add names, at their place in the list"
    );
}

#[test]
fn dashboard_alerts_and_document_use_names_that_exist() {
    let known: BTreeSet<&str> = METRIC_NAMES.into_iter().collect();
    for path in ["../../docs/grafana-dashboard.json", "../../docs/alerts.yml", "../../docs/METRICS.md"] {
        let text = read(path);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let used: BTreeSet<&str> = words.filter(|word| word.starts_with("slotmesh_")).collect();
        assert!(!used.is_empty(), "{path} uses none");
        assert!(used.is_subset(&known), "{path} uses {:?}", used.difference(&known).collect::<Vec<_>>());
    }
    let document = read("../../docs/METRICS.md");
    for name in known {
        assert!(document.contains(&format!("| `{name}` |")), "docs/METRICS.md says nothing of {name}");
    }
}
