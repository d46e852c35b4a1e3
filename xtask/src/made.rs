//! Committed files that are made from something else: written, or compared with what they should be.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Whether to write or only to look.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Writes nothing; fails if a committed file is not what it is made from.
    #[arg(long)]
    check: bool,
}

/// A committed file as it should be.
#[derive(Debug)]
pub(crate) struct Made {
    /// Path in the workspace.
    pub(crate) path: String,
    pub(crate) wanted: Vec<u8>,
}

/// Writes the files that `task` makes, or only compares them.
pub(crate) fn settle(task: &str, files: &[Made], options: Options) -> Result<()> {
    settle_in(workspace()?, task, files, options)
}

/// Compares them.
pub(crate) fn check(task: &str, files: &[Made]) -> Result<()> {
    settle(task, files, Options { check: true })
}

/// The folder of the workspace.
pub(crate) fn workspace() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")
}

fn settle_in(root: &Path, task: &str, files: &[Made], options: Options) -> Result<()> {
    for Made { path, wanted } in files {
        let file = root.join(path);
        // A file that is missing, or can't be read, is not what it should be.
        if fs::read(&file).is_ok_and(|found| found == *wanted) {
            eprintln!("{path} is up to date");
        } else if options.check {
            bail!("{path} is out of date; run: cargo xtask {task}");
        } else {
            let folder = file.parent().context("a file lies in a folder")?;
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
            fs::write(&file, wanted).with_context(|| format!("can't write {path}"))?;
            eprintln!("{path} is written");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_told_of_by_a_check_and_mended_by_a_write() {
        let root = tempfile::tempdir().unwrap();
        let files = |text: &str| [Made { path: "docs/made.md".into(), wanted: text.into() }];
        let settle = |text: &str, check| settle_in(root.path(), "docs", &files(text), Options { check });
        let missing = settle("one", true).unwrap_err().to_string();
        assert_eq!(missing, "docs/made.md is out of date; run: cargo xtask docs");
        settle("one", false).unwrap();
        settle("one", true).unwrap();
        assert!(settle("two", true).is_err());
        assert_eq!(fs::read(root.path().join("docs/made.md")).unwrap(), b"one", "a check writes nothing");
    }
}
