//! The commands of a Valkey Cluster node: one table that describes them, and their execution.
//!
//! So far the replies of the CLUSTER family that show the topology. Each is a pure function of a view of the cluster and
//! of the asking client, so that it can be rendered once and handed to many.
//!
//! ```
//! use slotmesh_command::cluster::{Audience, nodes};
//! use slotmesh_table::{BusStats, ClusterView, Table};
//! use slotmesh_types::{NodeId, Now, ShardId};
//!
//! let table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]));
//! let view = ClusterView::new(&table, Now::default(), false, 0, BusStats::default());
//! assert!(nodes(&view, Audience::default()).ends_with(" :0@0 myself,master - 0 0 0 connected\n"));
//! ```

#![forbid(unsafe_code)]

pub mod cluster;
