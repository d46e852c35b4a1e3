//! What a Valkey Cluster node knows of its cluster, and nodes.conf.
//!
//! [`Table`] holds nodes, shards, slot owners, epochs, failure reports and forgotten nodes, and keeps every index of them
//! consistent. It decides nothing: rules live in the engine. [`ClusterView`] is an immutable picture of it for readers on
//! other threads. [`conf`] turns nodes.conf into records and back. No files, no clock, no sockets.
//!
//! ```
//! use slotmesh_table::{Address, NodeFacts, Table, conf::ConfFile};
//! use slotmesh_types::{NodeId, Now, ShardId, Slot};
//!
//! let now = Now::default();
//! let mut table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]));
//! let other = table.add(NodeFacts::primary(NodeId::from_entropy([3; 20]), ShardId::from_entropy([4; 20])), now.mono)?;
//! table.bind(Slot::new(7).unwrap(), other);
//!
//! let text = ConfFile::text_of(&table, now);
//! let back = ConfFile::parse(&text).unwrap().into_table(now.mono).unwrap();
//! let other = back.lookup(&NodeId::from_entropy([3; 20])).unwrap();
//! assert_eq!(back.owner(Slot::new(7).unwrap()), Some(other));
//! # Ok::<(), slotmesh_table::TableFull>(())
//! ```

#![forbid(unsafe_code)]

pub mod conf;
mod facts;
mod forgotten;
mod ids;
mod node;
mod reports;
mod slots;
mod table;
mod view;

pub use facts::{Address, Announcements, Capabilities, Health, NodeFacts, Role};
pub use forgotten::{Forgotten, Term};
pub use node::{Liveness, Node, NodeKey};
pub use slots::OpenSlot;
pub use table::{Table, TableFull};
pub use view::{BusStats, ClusterView, KindCount, NodeView, Standing};
