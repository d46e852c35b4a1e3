//! What this node keeps beside nodes.conf, in a file of our own: real servers refuse to start on words in nodes.conf
//! that they do not know.
//!
//! ```text
//! # What this node keeps beside nodes.conf. Written by slotmesh-server.
//! version 1
//! cluster-name blue
//! forgotten 0a1b...40 digits... 1795000060 60     who, until then (unix seconds), of so many seconds in all
//! forgotten-by 0a1b...                            who said that it has forgotten this node
//! left                                            an operator took this node out of its cluster
//! ```

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use slotmesh_gossip::{Ban, Memory};
use slotmesh_types::NodeId;

use crate::atomic_file;

/// The only version of the file so far.
const VERSION: &str = "1";

/// Why the file beside nodes.conf can't be used. No file was changed.
#[derive(Debug, thiserror::Error)]
pub enum OwnFactsError {
    /// The file can't be read or written.
    #[error("can't {what} {path}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{path}, line {line}: expected 'version', 'cluster-name', 'forgotten', 'forgotten-by' or 'left' with their values, \
         found '{found}'; the file was left as it is"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A newer release wrote the file.
    #[error("{path} is of version {found}, this release reads version {VERSION}; start a newer one")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// The node is a member of a cluster with another name.
    #[error(
        "slotmesh-cluster-name is '{wanted}', but this node is a member of cluster '{actual}' (says {path}); \
         start it with that name, or as a member of no cluster: without its nodes.conf"
    )]
    OtherCluster {
        /// The file.
        path: PathBuf,
        /// The name it holds.
        actual: String,
        /// The name of the directive.
        wanted: String,
    },
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFacts {
    /// Name of the cluster; empty for none.
    pub(crate) cluster_name: String,
    /// What the engine has to remember.
    pub(crate) memory: Memory,
}

impl OwnFacts {
    /// The text of the file; nothing if there is nothing to keep.
    pub(crate) fn to_text(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let mut text =
            format!("# What this node keeps beside nodes.conf. Written by slotmesh-server.\nversion {VERSION}\n");
        let mut line = |words: std::fmt::Arguments<'_>| writeln!(text, "{words}").expect("a string takes everything");
        if !self.cluster_name.is_empty() {
            line(format_args!("cluster-name {}", self.cluster_name));
        }
        for Ban { id, until_unix_s, length_s } in &self.memory.forgotten {
            line(format_args!("forgotten {id} {until_unix_s} {length_s}"));
        }
        for id in &self.memory.forgotten_by {
            line(format_args!("forgotten-by {id}"));
        }
        if self.memory.left {
            line(format_args!("left"));
        }
        text
    }

    /// Takes in one line; `None` if it says nothing that is known.
    fn read_line(&mut self, words: &[&str]) -> Option<()> {
        match words {
            ["cluster-name", name] => (*name).clone_into(&mut self.cluster_name),
            ["forgotten", id, until, length] => self.memory.forgotten.push(Ban {
                id: node_id(id)?,
                until_unix_s: until.parse().ok()?,
                length_s: length.parse().ok()?,
            }),
            ["forgotten-by", id] => self.memory.forgotten_by.push(node_id(id)?),
            ["left"] => self.memory.left = true,
            _ => return None,
        }
        Some(())
    }
}

fn node_id(text: &str) -> Option<NodeId> {
    text.parse().ok()
}

/// The file beside a nodes.conf.
#[derive(Clone, Debug)]
pub(crate) struct OwnFile {
    path: PathBuf,
}

impl OwnFile {
    /// The file that belongs to a nodes.conf.
    pub(crate) fn beside(conf: &Path) -> Self {
        let mut path = conf.as_os_str().to_owned();
        path.push(".slotmesh");
        Self { path: path.into() }
    }

    /// What holds at the start of a node that `knows_others`, or not.
    ///
    /// The name is the directive's for a node that knows nobody, the file's for one that is a member. A member started
    /// without the directive stays in its cluster; a member of no named cluster may be given a name.
    pub(crate) fn settle(&self, wanted: &str, knows_others: bool) -> Result<OwnFacts, OwnFactsError> {
        let mut facts = self.read()?;
        if facts.cluster_name == wanted || (wanted.is_empty() && knows_others) {
            return Ok(facts);
        }
        if knows_others && !facts.cluster_name.is_empty() {
            let (path, wanted) = (self.path.clone(), wanted.to_owned());
            return Err(OwnFactsError::OtherCluster { path, actual: facts.cluster_name, wanted });
        }
        wanted.clone_into(&mut facts.cluster_name);
        let failed = |error| OwnFactsError::Io { what: "write", path: self.path.clone(), error };
        self.save(&facts.to_text(), true).map_err(failed)?;
        Ok(facts)
    }

    fn read(&self) -> Result<OwnFacts, OwnFactsError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OwnFacts::default()),
            Err(error) => return Err(OwnFactsError::Io { what: "read", path: self.path.clone(), error }),
        };
        let mut facts = OwnFacts::default();
        for (index, line) in String::from_utf8_lossy(&text).lines().enumerate() {
            match line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
                [] | ["version", VERSION] => {}
                [first, ..] if first.starts_with('#') => {}
                ["version", found] => {
                    return Err(OwnFactsError::Version { path: self.path.clone(), found: found.to_owned() });
                }
                ref words => {
                    if facts.read_line(words).is_none() {
                        let (path, found) = (self.path.clone(), line.chars().take(80).collect());
                        return Err(OwnFactsError::Corrupt { path, line: index + 1, found });
                    }
                }
            }
        }
        Ok(facts)
    }

    /// Puts a text in the place of the file, whole or not at all; an empty one takes the file away. With `sync` it has
    /// reached the disk on return.
    pub(crate) fn save(&self, text: &str, sync: bool) -> io::Result<()> {
        if !text.is_empty() {
            return atomic_file::save(&self.path, text.as_bytes(), sync);
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// It goes with its folder.
    fn fresh() -> (TempDir, OwnFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = OwnFile::beside(&folder.path().join("nodes.conf"));
        (folder, file)
    }

    fn name(file: &OwnFile, wanted: &str, knows_others: bool) -> Result<String, OwnFactsError> {
        file.settle(wanted, knows_others).map(|facts| facts.cluster_name)
    }

    #[test]
    fn a_name_lasts_while_the_node_is_a_member() {
        let (_folder, file) = fresh();
        assert_eq!(name(&file, "", false).expect("no name"), "");
        assert_eq!(name(&file, "blue", false).expect("a name"), "blue");
        assert_eq!(name(&file, "", true).expect("the directive may be left out"), "blue");
        let error = name(&file, "green", true).expect_err("a member of blue");
        assert!(error.to_string().contains("member of cluster 'blue'"), "{error}");
        assert_eq!(name(&file, "green", false).expect("alone, so free to choose"), "green");
        assert_eq!(name(&file, "", false).expect("alone, so free to have none"), "");
        assert!(!file.path.exists(), "nothing to keep, no file");
        assert_eq!(name(&file, "red", true).expect("a nameless member may get a name"), "red");
    }

    #[test]
    fn what_was_saved_is_read_back() {
        let (_folder, file) = fresh();
        let ban = |byte: u8| Ban { id: NodeId::from_entropy([byte; 20]), until_unix_s: 1_795_000_060, length_s: 60 };
        let memory =
            Memory { forgotten: vec![ban(1), ban(2)], forgotten_by: vec![NodeId::from_entropy([3; 20])], left: true };
        let facts = OwnFacts { cluster_name: "blue".into(), memory };
        file.save(&facts.to_text(), true).expect("saved");
        assert_eq!(file.settle("blue", true).expect("read"), facts);
        assert_eq!(file.settle("red", false).expect("alone").memory, facts.memory, "a new name leaves the rest");
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let (_folder, file) = fresh();
        for (text, line) in [
            ("vars currentEpoch 0\n", 1),
            ("version 1\nforgotten 12 5 5\n", 2),
            ("version 1\n\nforgotten-by ZZ00000000000000000000000000000000000000\n", 3),
            ("left now\n", 1),
        ] {
            fs::write(&file.path, text).expect("written");
            let error = file.settle("blue", false).expect_err(text);
            assert!(matches!(error, OwnFactsError::Corrupt { line: at, .. } if at == line), "{error}");
            assert_eq!(fs::read(&file.path).expect("still there"), text.as_bytes());
        }
        fs::write(&file.path, "version 2\nanything\n").expect("written");
        assert!(matches!(file.settle("", true), Err(OwnFactsError::Version { found, .. }) if found == "2"));
    }
}
