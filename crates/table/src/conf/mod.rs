//! nodes.conf: the file a node keeps its table in, byte-compatible with real servers.
//!
//! Grammar and rules: docs/PROTOCOL.md, "nodes.conf". Reading and writing the file itself is the shell's part.

mod error;
mod parse;
mod record;
mod with_table;
mod write;

pub use error::{ConfError, LineError};
pub use record::{ConfFile, Flags, Health, NodeRecord, Role};
