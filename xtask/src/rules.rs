//! Rules of the protocol. Each has an id in docs/, such as `[frame-1]`; where it is kept and the test that shows it name
//! the id in a comment.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::made;

/// What marks the tests at the end of a source file.
const TESTS: &str = "#[cfg(test)]";

/// Where ids are named.
#[derive(Default)]
struct Ids {
    documents: BTreeSet<String>,
    sources: BTreeSet<String>,
    tests: BTreeSet<String>,
}

/// Fails if a rule is nowhere in the code or in no test, or if code or a test names one that is in no document.
pub(crate) fn check() -> Result<()> {
    let root = made::workspace()?;
    let mut ids = Ids::default();
    each_file(&root.join("docs"), "md", &mut |text| collect(text.lines(), &mut ids.documents))?;
    for member in fs::read_dir(root.join("crates")).context("can't read crates/")? {
        let member = member.context("can't read crates/")?.path();
        each_file(&member.join("src"), "rs", &mut |text| {
            let (source, tests) = text.split_once(TESTS).unwrap_or((text, ""));
            collect(comments(source), &mut ids.sources);
            collect(comments(tests), &mut ids.tests);
        })?;
        each_file(&member.join("tests"), "rs", &mut |text| collect(comments(text), &mut ids.tests))?;
    }
    each_file(&root.join("xtask/tests"), "rs", &mut |text| collect(comments(text), &mut ids.tests))?;
    let faults = ids.faults();
    ensure!(faults.is_empty(), "rules of the protocol:\n{faults}");
    Ok(())
}

impl Ids {
    /// A line for each fault.
    fn faults(&self) -> String {
        let mut text = String::new();
        let mut list = |ids: BTreeSet<&String>, fault: &str| {
            for id in ids {
                writeln!(text, "[{id}] {fault}").expect("writing to a string does not fail");
            }
        };
        list(self.documents.difference(&self.sources).collect(), "is named nowhere in crates/*/src");
        list(self.documents.difference(&self.tests).collect(), "is named by no test");
        let named: BTreeSet<_> = self.sources.union(&self.tests).cloned().collect();
        list(named.difference(&self.documents).collect(), "is in no document");
        text
    }
}

/// Reads every file of that kind in a folder and those below; a folder that is not there has none.
fn each_file(folder: &Path, kind: &str, read: &mut dyn FnMut(&str)) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let name = || format!("can't read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(name)? {
        let path = entry.with_context(name)?.path();
        if path.is_dir() {
            each_file(&path, kind, read)?;
        } else if path.extension().is_some_and(|extension| extension == kind) {
            read(&fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?);
        }
    }
    Ok(())
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.split_once("//").map(|(_, comment)| comment))
}

/// Adds the ids in these lines; in documentation their brackets may be escaped.
fn collect<'a>(lines: impl Iterator<Item = &'a str>, ids: &mut BTreeSet<String>) {
    for line in lines {
        let words = line.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
        let names = words.map(|(word, _)| word.trim_end_matches('\\'));
        ids.extend(names.filter(|name| is_id(name)).map(str::to_owned));
    }
}

/// Lower-case letters, a hyphen, a number.
fn is_id(name: &str) -> bool {
    name.split_once('-').is_some_and(|(word, number)| {
        let word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        word && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_text_and_comments() {
        let mut ids = BTreeSet::new();
        collect("a `[one-1]` to [two-22], a [link](x-1.md), [a-b], \\[three-3\\].".lines(), &mut ids);
        assert_eq!(ids, ["one-1", "three-3", "two-22"].map(str::to_owned).into());
        let code = "let x = y[a-1]; // [b-1]\n/// [c-1]\nz[d-1]";
        let mut ids = BTreeSet::new();
        collect(comments(code), &mut ids);
        assert_eq!(ids, ["b-1", "c-1"].map(str::to_owned).into());
    }

    #[test]
    fn the_rules_of_this_project_are_kept_and_shown() {
        check().unwrap();
    }

    #[test]
    fn each_fault_is_told() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let ids = Ids { documents: set(&["a-1", "a-2"]), sources: set(&["a-1", "a-3"]), tests: set(&["a-1"]) };
        assert_eq!(
            ids.faults(),
            "[a-2] is named nowhere in crates/*/src\n[a-2] is named by no test\n[a-3] is in no document\n"
        );
    }
}
