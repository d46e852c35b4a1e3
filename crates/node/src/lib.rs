//! A whole cluster node to start and stop from Rust: engine, commands and sockets wired with tokio.

#![forbid(unsafe_code)]

pub mod bus;
mod clock;
mod conf_file;
mod topology;

pub use conf_file::{ConfFileError, NodesConf};
pub use topology::Topology;
