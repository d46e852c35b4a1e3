//! What the engine wants its driver to do.

use bytes::Bytes;
use slotmesh_table::Address;
use slotmesh_types::{Host, Mono, NodeId, SlotSet};

use crate::link::LinkId;

/// How surely the table must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Write it soon.
    Lazy,
    /// Write it soon, and see that it reaches the disk.
    Synced,
    /// It must have reached the disk before any action that follows is carried out: this node has made a promise
    /// \[save-1\].
    Barrier,
}

/// How a new replica gets its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resync {
    /// What it has is of the same shard: it asks for what is missing.
    Partial,
    /// What it has is of no use and goes.
    Full,
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
        /// The packet; shared with other links where the same goes to many.
        bytes: Bytes,
    },
    /// Send a vote or a request for votes; tell with `handle_flushed` when it has left. It stands behind a
    /// [`Durability::Barrier`]: when that save fails, it must never leave.
    SendPromise {
        /// The link to send it on.
        link: LinkId,
        /// The packet.
        bytes: Bytes,
    },
    /// Close a connection, whatever is still queued on it. No answer is expected.
    Close {
        /// The link to close.
        link: LinkId,
    },
    /// Save the table (`Engine::table`).
    Persist(Durability),
    /// Have this done on the data side.
    Data(DataOrder),
    /// Resolve the seeds; hand over what each gives with `handle_seed_addresses` and end with `handle_seeds_resolved`.
    ResolveSeeds,
}

/// What the data side has to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataOrder {
    /// Replicate from this primary, in place of any other: the node is its replica.
    Follow {
        /// The primary.
        node: NodeId,
        /// Where it is; it may not be known yet.
        address: Address,
        /// What becomes of the data that are here.
        resync: Resync,
    },
    /// Stop replicating: the node is a primary. Keys of slots that it does not own go.
    Lead {
        /// Whether the data of its primary are its own now; else all of them go.
        keep_data: bool,
    },
    /// Drop the keys of these slots: they have another owner.
    DropKeys(Box<SlotSet>),
    /// Let no client write, and write nothing to the replication stream, until resumed or until then.
    PauseWrites {
        /// When the pause ends by itself.
        until: Mono,
    },
    /// Clients may write again.
    ResumeWrites,
}
