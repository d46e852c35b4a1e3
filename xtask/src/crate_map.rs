//! Which crate may use which: the map of docs/ARCHITECTURE.md against what cargo says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process::cargo;

const DOCUMENT: &str = "docs/ARCHITECTURE.md";

type Map = BTreeMap<String, BTreeSet<String>>;

/// Fails with every edge and crate on which map and workspace disagree.
pub(crate) fn check() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let text = fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("can't read {DOCUMENT}"))?;
    let allowed = parse(&text)?;
    let actual = workspace()?;
    let mut wrong = Vec::new();
    for (name, uses) in &actual {
        match allowed.get(name) {
            None => wrong.push(format!("crate {name} is not on the map")),
            Some(allowed) => {
                wrong.extend(uses.difference(allowed).map(|other| format!("{name} may not use {other}")));
            }
        }
    }
    wrong.extend(
        allowed.keys().filter(|name| !actual.contains_key(*name)).map(|name| format!("there is no crate {name}")),
    );
    if wrong.is_empty() {
        eprintln!("the crate map of {DOCUMENT} is true ({} crates)", actual.len());
        Ok(())
    } else {
        bail!("{DOCUMENT} and the workspace disagree:\n  {}", wrong.join("\n  "))
    }
}

/// Reads the table rows `` | `name` | uses | `` between the markers of the map.
fn parse(text: &str) -> Result<Map> {
    let (_, rest) = text.split_once("<!-- crate map -->").context("the map's start is not marked")?;
    let (table, _) = rest.split_once("<!-- end of crate map -->").context("the map's end is not marked")?;
    let mut map = Map::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        ensure!(cells.len() == 3, "a row of the map has three cells: {line}");
        let names = |cell: &str| cell.split_whitespace().map(|name| name.trim_matches('`').to_owned()).collect();
        let uses: BTreeSet<String> = if cells[1] == "-" { BTreeSet::new() } else { names(cells[1]) };
        map.insert(cells[0].trim_matches('`').to_owned(), uses);
    }
    Ok(map)
}

/// Normal dependencies between the crates of the workspace, without the common prefix of their names.
fn workspace() -> Result<Map> {
    let output = cargo().args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let short = |name: &str| name.strip_prefix("slotmesh-").map(str::to_owned);
    let mut map = Map::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        let Some(name) = package["name"].as_str().and_then(short) else { continue };
        let dependencies = package["dependencies"].as_array().context("no dependencies")?;
        let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
        map.insert(name, normal.filter_map(|dependency| short(dependency["name"].as_str()?)).collect());
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_between_the_markers_are_read() {
        let text = "| `no` | - | x |\n<!-- crate map -->\n| crate | uses | holds |\n| `a` | - | x |\n| `b` | `a` | y |\n\
                    <!-- end of crate map -->\n";
        let map = parse(text).unwrap();
        assert_eq!(map.len(), 2);
        assert!(map["a"].is_empty());
        assert_eq!(map["b"].iter().collect::<Vec<_>>(), ["a"]);
    }
}
