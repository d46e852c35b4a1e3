//! The commands of a Valkey Cluster node: one table that describes them, and their execution.
//!
//! A driver owns the sockets. For each connection it keeps a [`Session`], and gives each request to [`execute`], which
//! writes the reply or says what has to be asked of the cluster engine first. Nothing here waits.
//!
//! The replies that show the topology are pure functions of a view of the cluster and of the asking client, so that
//! they are rendered once and handed to many:
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

mod account;
mod admit;
mod beside;
mod call;
mod candidates;
mod client;
mod clients;
pub mod cluster;
mod command_log;
mod commands;
mod error_reply;
mod event;
mod eviction;
mod execute;
mod expiring;
mod explanation;
mod find;
mod garbage;
mod holds;
mod keeping;
mod keyed;
mod keyspace;
mod latency;
mod memory;
mod migration;
#[cfg(all(test, slotmesh_model))]
mod models;
mod monitors;
mod outcome;
mod output;
mod pause;
mod plan;
mod pubsub;
mod random;
mod rates;
mod rendered;
mod responsiveness;
mod routing;
mod secrets;
mod server;
mod session;
mod settings;
mod standstill;
mod stats;
mod surroundings;
pub mod table;
mod tally;
mod tracking;
mod transactions;
mod turn;
mod waiting;
mod walk;

pub use account::Executed;
pub use client::{Client, Driver, Peer};
pub use clients::Clients;
pub use commands::cluster::VIEW_AGE_MAX;
pub use error_reply::ErrorReply;
pub use execute::{answer, end_wait, execute, resume};
pub use explanation::{ExplainedLink, NodeExplanation};
pub use keyspace::{Keyspace, SlotUsage, Totals};
pub use memory::Memory;
pub use migration::{Credentials, Departure, Migration, Transit};
pub use outcome::{
    Answer, Change, Debug, DroppedPackets, Failover, LinkInfo, MeetHost, Outcome, Question, Show, SlotState,
};
pub use output::Output;
pub use pause::{Held, PauseReason};
pub use plan::Plan;
pub use pubsub::PubSub;
pub use responsiveness::{Lateness, Responsiveness, ThreadHealth};
pub use routing::{Access, Asker, Presence, Redirection, Rules, ShardOwner, one_slot, route, shard_owner};
pub use server::{REDIS_VERSION, Server, VALKEY_VERSION};
pub use session::Session;
pub use slotmesh_store::{FORESEEN_MAX, Foreseen};
pub use standstill::{Span, Standstill};
pub use stats::{CommandFigures, Counter, SpreadCounter, Stats};
pub use surroundings::{Process, Surroundings, Usage};
pub use waiting::Waiter;
