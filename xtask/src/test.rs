//! Runs the tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::build::{self, EXAMPLES_VARIABLE, SERVER_VARIABLE, TOOL_VARIABLE};
use crate::process::{self, cargo};
use crate::rack::{self, Kind, Rack};

/// More tests among real servers than this do not fail by chance.
const AGAIN_MAX: usize = 3;

/// Which tests to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Further arguments of `cargo test`, as in `cargo xtask test -- --test interop name`. Without any, all tests run, and a
    /// test among real servers that fails gets a second try by itself.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Installs the real servers, builds ours, runs all tests with both, and tells what was not tested.
///
/// # Errors
/// A test failed, or the build.
pub fn run(options: &Options) -> Result<()> {
    let target_dir = build::target_dir()?;
    rack::install(&target_dir);
    let (server, tool, examples) = (build::checking_server()?, build::tool()?, build::examples()?);
    let rack = Rack::new(&target_dir, Some(server.clone()));
    let tests = |arguments: &[&str]| {
        let mut tests = cargo();
        tests.arg("test").args(arguments);
        tests.env(SERVER_VARIABLE, &server).env(TOOL_VARIABLE, &tool).env(EXAMPLES_VARIABLE, &examples);
        tests
    };
    let result = if options.arguments.is_empty() {
        all(tests)
    } else {
        process::run(tests(&["--workspace"]).args(&options.arguments))
    };
    for kind in Kind::PEERS {
        if let Err(reason) = rack.program(kind) {
            eprintln!("skipped: the tests with {kind}, because {reason}");
        }
    }
    result.context("tests failed")?;
    eprintln!("{}", if options.arguments.is_empty() { "all tests passed" } else { "the chosen tests passed" });
    Ok(())
}

/// All tests. Those among real servers are told apart, since real processes on a busy machine now and then do not keep pace.
/// What passes only the second time is named: it is to be mended.
fn all(tests: impl Fn(&[&str]) -> Command) -> Result<()> {
    process::run(&mut tests(&["--workspace", "--exclude", "xtask"]))?;
    // Alone, the node is built without the admin API, which the server switches on.
    process::run(&mut tests(&["-p", "slotmesh-node", "--lib"]))?;
    process::run(&mut tests(&["-p", "xtask", "--lib", "--bins", "--test", "rack"]))?;
    let failed = failures(&mut tests(&["-p", "xtask", "--test", "interop"]))?;
    if failed.len() > AGAIN_MAX {
        bail!("{} tests among real servers failed", failed.len());
    }
    for name in &failed {
        eprintln!("once more: {name}");
        process::run(&mut tests(&["-p", "xtask", "--test", "interop", "--", "--exact", name]))?;
    }
    for name in &failed {
        eprintln!("passed only the second time: {name}");
    }
    Ok(())
}

/// Runs tests, shows what they print, and gives the names of those that failed.
fn failures(tests: &mut Command) -> Result<Vec<String>> {
    let mut child = tests.stdout(Stdio::piped()).spawn().context("can't run cargo")?;
    let output = BufReader::new(child.stdout.take().context("its output is piped")?);
    let mut seen = Seen::default();
    for line in output.lines() {
        let line = line.context("cargo printed no text")?;
        println!("{line}");
        seen.take(&line);
    }
    let status = child.wait().context("cargo is gone")?;
    if !status.success() && !seen.is_whole() {
        bail!("{} ended before its tests did: {status}", Path::new(tests.get_program()).display());
    }
    Ok(seen.failed)
}

/// What the lines of a test program say.
#[derive(Debug, Default)]
struct Seen {
    failed: Vec<String>,
    /// It has told its result: nothing that should run is missing.
    ended: bool,
}

impl Seen {
    fn take(&mut self, line: &str) {
        self.failed.extend(failed_test(line).map(str::to_owned));
        self.ended |= line.starts_with("test result: ");
    }

    /// Whether the failed tests are all that went wrong.
    fn is_whole(&self) -> bool {
        self.ended && !self.failed.is_empty()
    }
}

fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_known_by_their_line() {
        assert_eq!(failed_test("test meet::a_star ... FAILED"), Some("meet::a_star"));
        assert_eq!(failed_test("test meet::a_star ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed; 1 failed"), None);
    }

    #[test]
    fn a_program_that_dies_among_its_tests_has_not_told_everything() {
        let is_whole = |lines: &[&str]| {
            let mut seen = Seen::default();
            lines.iter().for_each(|line| seen.take(line));
            seen.is_whole()
        };
        let (failed, result) = ("test meet::a_star ... FAILED", "test result: FAILED. 1 passed; 1 failed");
        assert!(is_whole(&["running 2 tests", failed, "test other ... ok", result]));
        assert!(!is_whole(&["running 2 tests", failed]));
        assert!(!is_whole(&["running 2 tests", result]), "something else failed");
    }
}
