//! What the engine wants its driver to do.

use slotmesh_types::Host;

use crate::link::LinkId;

/// How surely the table must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Write it soon.
    Lazy,
    /// Write it soon, and see that it reaches the disk.
    Synced,
    /// It must have reached the disk before any action that follows is carried out: this node has made a promise.
    Barrier,
}

/// One thing to do. Actions are carried out in the order in which they are polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a connection; answer with `handle_connected` or `handle_connect_failed`.
    Connect {
        /// The link it will be.
        link: LinkId,
        /// Address to connect to.
        host: Host,
        /// Bus port to connect to.
        port: u16,
    },
    /// Send a packet; tell with `handle_flushed` when it has left.
    Send {
        /// The link to send it on.
        link: LinkId,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// Close a connection, whatever is still queued on it. No answer is expected.
    Close {
        /// The link to close.
        link: LinkId,
    },
    /// Save the table (`Engine::table`).
    Persist(Durability),
}
