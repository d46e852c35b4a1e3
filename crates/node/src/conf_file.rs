//! nodes.conf on disk: one process for each file, saved whole or not at all.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use slotmesh_gossip::SplitMix;
use slotmesh_table::Table;
use slotmesh_table::conf::{ConfError, ConfFile};
use slotmesh_types::{NodeId, Now, ShardId};

use crate::atomic_file;

/// Why a nodes.conf can't be used. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ConfFileError {
    /// Another process has it.
    #[error(
        "the cluster config file {path} is already used by a different cluster node; \
         make sure that different cluster nodes use different files"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It can't be opened, read or saved.
    #[error("can't {what} the cluster config file {path}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is not a nodes.conf.
    #[error("unrecoverable error: corrupted cluster config file {path}: {error}; it was left as it is")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: ConfError,
    },
}

/// A nodes.conf that belongs to this process.
#[derive(Debug)]
pub struct NodesConf {
    path: PathBuf,
    /// Held for its lock. Saving puts a new file in the place of nodes.conf, so the lock that lasts is on a file of our
    /// own beside it; the one on nodes.conf keeps real servers away until the first save.
    _locks: [File; 2],
}

impl NodesConf {
    /// Takes the file for this process; makes an empty one if there is none.
    ///
    /// # Errors
    /// See [`ConfFileError`].
    pub fn open(path: &Path) -> Result<Self, ConfFileError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let locks = [lock(Path::new(&beside))?, lock(path)?];
        Ok(Self { path: path.to_owned(), _locks: locks })
    }

    /// Reads the file; an empty one stands for a node that knows nobody, which gets a name from `rng` and has it on
    /// disk on return: a node that has told its name keeps it. Tells whether the node is new.
    ///
    /// # Errors
    /// See [`ConfFileError`].
    pub fn load(&self, now: Now, rng: &mut SplitMix) -> Result<(Table, bool), ConfFileError> {
        let mut text = Vec::new();
        let failed = |what| move |error| ConfFileError::Io { what, path: self.path.clone(), error };
        File::open(&self.path).and_then(|mut file| file.read_to_end(&mut text)).map_err(failed("read"))?;
        if text.is_empty() {
            let table = new_node(rng);
            self.save(&ConfFile::text_of(&table, now), true).map_err(failed("save"))?;
            return Ok((table, true));
        }
        let corrupt = |error| ConfFileError::Corrupt { path: self.path.clone(), error };
        let table = ConfFile::parse(&text).and_then(|conf| conf.into_table(now.mono)).map_err(corrupt)?;
        Ok((table, false))
    }

    /// Puts `text` in the place of the file, whole or not at all; with `sync` it has reached the disk on return.
    ///
    /// # Errors
    /// Of the file system; the file is as it was then.
    pub fn save(&self, text: &[u8], sync: bool) -> io::Result<()> {
        atomic_file::save(&self.path, text, sync)
    }
}

fn lock(path: &Path) -> Result<File, ConfFileError> {
    let failed = |what| move |error| ConfFileError::Io { what, path: path.to_owned(), error };
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed("open"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ConfFileError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed("lock")(error)),
    }
}

fn new_node(rng: &mut SplitMix) -> Table {
    use slotmesh_gossip::rand_core::Rng;
    let mut entropy = || {
        let mut bytes = [0; 20];
        rng.fill_bytes(&mut bytes);
        bytes
    };
    Table::new(NodeId::from_entropy(entropy()), ShardId::from_entropy(entropy()))
}
