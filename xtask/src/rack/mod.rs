//! Real server processes, side by side: slotmesh, Valkey and Redis started, watched and stopped in the same way.
//!
//! ```no_run
//! use std::time::Duration;
//! use xtask::rack::{Kind, Rack, mesh};
//!
//! let rack = Rack::new(&xtask::build::target_dir()?, None);
//! let nodes = rack.start(&[Kind::Valkey9, Kind::Valkey9], &[])?;
//! nodes[0].meet(&nodes[1])?;
//! mesh::await_full(&nodes, Duration::from_secs(30))?;
//! # Ok::<(), anyhow::Error>(())
//! ```

mod client;
pub mod interrupt;
mod kind;
mod line;
pub mod mesh;
mod node;
mod peers;
pub(crate) mod ports;
mod start;
pub mod usage;
pub mod wait;

pub use client::Client;
pub use kind::Kind;
pub use line::NodeLine;
pub use node::Node;
pub use peers::{Peers, install};
pub use start::Rack;
