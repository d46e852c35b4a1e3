//! Runs the tests.

use std::env;
use std::io::{BufRead, BufReader};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::build::{self, EXAMPLES_VARIABLE, Programs, SERVER_VARIABLE, TOOL_VARIABLE};
use crate::process::{self, cargo};
use crate::rack::{self, Kind, Rack};

/// More tests than this do not fail by chance.
const AGAIN_MAX: usize = 3;

/// At least so many tests of a program run at a time. What takes longest mostly waits: for real servers, and for its turn.
const THREADS_MIN: usize = 4;

/// Which tests to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Further arguments of `cargo test`, as in `cargo xtask test -- --test interop name`. Without any, all tests run, and a
    /// test that fails gets a second try by itself.
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
    let Programs { server, tool, examples } = build::programs()?;
    let rack = Rack::new(&target_dir, Some(server.clone()));
    // Always of the whole workspace: cargo chooses the features of all crates by what is asked for, and with others it builds
    // nearly everything again.
    let threads = env::var_os("RUST_TEST_THREADS")
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get).max(THREADS_MIN).to_string().into());
    let tests = |arguments: &[String]| {
        let mut tests = cargo();
        tests.env("RUST_TEST_THREADS", &threads);
        tests.args(["test", "--workspace"]).args(arguments);
        tests.env(SERVER_VARIABLE, &server).env(TOOL_VARIABLE, &tool).env(EXAMPLES_VARIABLE, &examples);
        tests
    };
    let result = match &options.arguments[..] {
        [] => all(tests),
        arguments => process::run(&mut tests(arguments)),
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

/// All tests. One that fails gets a second try by itself, since real processes, connections and timers on a busy machine now and
/// then do not keep pace. What passes only the second time is named: it is to be mended.
fn all(tests: impl Fn(&[String]) -> Command) -> Result<()> {
    let failed = failures(&mut tests(&["--no-fail-fast".to_owned()]))?;
    if failed.len() > AGAIN_MAX {
        bail!("{} tests failed: {}", failed.len(), failed.join(", "));
    }
    for name in &failed {
        eprintln!("once more: {name}");
        process::run(&mut tests(&["--".to_owned(), "--exact".to_owned(), name.clone()]))?;
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

/// What the lines of test programs say.
#[derive(Debug, Default)]
struct Seen {
    failed: Vec<String>,
    /// Programs that have begun.
    begun: usize,
    /// Of these, those that have told their result.
    ended: usize,
}

impl Seen {
    fn take(&mut self, line: &str) {
        self.failed.extend(failed_test(line).map(str::to_owned));
        self.begun += usize::from(is_beginning(line));
        self.ended += usize::from(line.starts_with("test result: "));
    }

    /// Whether the failed tests are all that went wrong: every program has told its result.
    fn is_whole(&self) -> bool {
        self.begun == self.ended && !self.failed.is_empty()
    }
}

/// As in "running 12 tests".
fn is_beginning(line: &str) -> bool {
    line.strip_prefix("running ").is_some_and(|rest| rest.ends_with(" tests") || rest == "1 test")
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
        let (begun, failed) = ("running 2 tests", "test meet::a_star ... FAILED");
        let (bad, good) = ("test result: FAILED. 1 passed; 1 failed", "test result: ok. 1 passed; 0 failed");
        assert!(is_whole(&[begun, failed, "test other ... ok", bad, "running 1 test", "test last ... ok", good]));
        assert!(!is_whole(&[begun, failed]));
        assert!(!is_whole(&[begun, failed, bad, "running 1 test"]), "the second one has died");
        assert!(!is_whole(&[begun, good]), "something else failed");
    }
}
