//! Starting servers of every kind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use super::{Kind, Node, Peers, ports};

/// The servers that can be started here.
#[derive(Debug)]
pub struct Rack {
    peers: Peers,
    server: Option<PathBuf>,
}

impl Rack {
    /// A rack with the peers installed under `target_dir` and, if given, our own server.
    #[must_use]
    pub fn new(target_dir: &Path, server: Option<PathBuf>) -> Self {
        Self { peers: Peers::find(target_dir), server }
    }

    /// The program of a kind, or why there is none.
    ///
    /// # Errors
    /// The reason, in a sentence.
    pub fn program(&self, kind: Kind) -> Result<&Path, String> {
        match kind {
            Kind::Slotmesh => {
                self.server.as_deref().ok_or_else(|| format!("{} is not set", crate::build::SERVER_VARIABLE))
            }
            peer => self.peers.program(peer),
        }
    }

    /// The real `valkey-cli`, or why there is none.
    ///
    /// # Errors
    /// The reason, in a sentence.
    pub fn cli(&self) -> Result<&Path, String> {
        self.peers.cli()
    }

    /// A port that is free for clients, and the one 10000 above for the bus.
    ///
    /// # Errors
    /// All are taken.
    pub fn free_port(&self) -> Result<u16> {
        ports::free()
    }

    /// Starts a node at a free port without waiting for it.
    ///
    /// # Errors
    /// The kind is missing here, or the process can't be started.
    pub fn spawn(&self, kind: Kind, flags: &[(&str, &str)]) -> Result<Node> {
        self.spawn_at(self.free_port()?, kind, None, flags)
    }

    /// Starts a node at `port`, with this nodes.conf, without waiting for it.
    ///
    /// # Errors
    /// As [`Self::spawn`].
    pub fn spawn_at(&self, port: u16, kind: Kind, nodes_conf: Option<&str>, flags: &[(&str, &str)]) -> Result<Node> {
        let program = self.program(kind).map_err(|reason| anyhow!("{kind} is missing: {reason}"))?;
        let dir = TempDir::with_prefix("slotmesh-").context("can't make a folder for a node")?;
        if let Some(text) = nodes_conf {
            fs::write(dir.path().join("nodes.conf"), text)?;
        }
        Node::spawn(kind, program, port, dir, flags)
    }

    /// Starts nodes of these kinds side by side and waits until all of them answer.
    ///
    /// # Errors
    /// One of them is missing here or did not start; those that did are ended.
    pub fn start(&self, kinds: &[Kind], flags: &[(&str, &str)]) -> Result<Vec<Node>> {
        let mut nodes = kinds.iter().map(|kind| self.spawn(*kind, flags)).collect::<Result<Vec<_>>>()?;
        for node in &mut nodes {
            self.await_ready(node, flags)?;
        }
        Ok(nodes)
    }

    /// A port that was free may be taken a moment later, by another process that looks for one; then another is tried.
    fn await_ready(&self, node: &mut Node, flags: &[(&str, &str)]) -> Result<()> {
        match node.await_ready() {
            Err(_) if node.log().contains("in use") => {
                *node = self.spawn(node.kind(), flags)?;
                node.await_ready()
            }
            result => result,
        }
    }
}
