//! The bus thread: drives the engine with sockets, a clock and a file.
//!
//! Everything here runs on one thread, which waits for nothing but its own sockets: no command, no script and no slow
//! client can delay a heartbeat. The rest of the node talks to it through [`BusHandle`] and reads its
//! [`Topology`](crate::topology::Topology).

mod command;
mod connection;
mod core;
mod handle;
mod listen;
mod log;
mod saver;

pub use command::{BusReply, BusRequest};
pub use handle::{BusHandle, BusOptions, BusStartError};
