//! The Valkey Cluster membership engine, sans-IO.
//!
//! Handshakes, heartbeats, gossip, failure detection, addresses, epochs and slot claims of one node: everything about
//! who is in the cluster and who owns what. It owns no socket, no clock, no thread and no global randomness; the same
//! inputs give the same outputs. It holds no data: the driver tells it how far replication has come, and is told whom to
//! follow.
//!
//! Life cycle: make an [`Engine`] from a [`Table`](slotmesh_table::Table), a [`Config`] and a seeded generator. Feed it one
//! input (`handle_…`, or an operator's verb as [`Engine::meet`]), then drain [`Engine::poll_action`] and
//! [`Engine::poll_event`] to `None`, then sleep until [`Engine::poll_timeout`] and call [`Engine::handle_timeout`]. Early
//! and late calls are harmless. Actions leave in the order in which they must happen: what must be on disk before a
//! packet is sent stands before it.
//!
//! ```
//! use std::net::{IpAddr, Ipv4Addr};
//! use slotmesh_gossip::{Action, Config, Engine, MeetTarget, SplitMix};
//! use slotmesh_table::Table;
//! use slotmesh_types::{Mono, NodeId, Now, ShardId, UnixMillis};
//!
//! let now = Now { mono: Mono::from_micros(1), unix: UnixMillis(1_795_000_000_000) };
//! let table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]));
//! let mut engine = Engine::new(now, table, Config::default(), SplitMix::new(7));
//!
//! let target = MeetTarget { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 7001, bus_port: 17001 };
//! engine.meet(now, target)?;
//! assert_eq!(engine.poll_timeout(), Some(now.mono), "a MEET is not kept waiting");
//! engine.handle_timeout(now);
//! assert!(matches!(engine.poll_action(), Some(Action::Connect { port: 17001, .. })));
//! # Ok::<(), slotmesh_gossip::MeetError>(())
//! ```

#![forbid(unsafe_code)]

mod action;
mod address;
mod announce;
mod config;
mod debug;
mod election;
mod engine;
mod epoch;
mod event;
mod explain;
mod extensions;
mod failure;
mod flags;
mod follow;
mod forget;
mod grid;
mod handover;
mod handshake;
mod heartbeat;
mod introduce;
mod leave;
mod link;
mod meet;
mod memory;
mod merge;
mod own_slots;
mod packet;
mod peer;
mod publish;
mod random;
mod replica_migration;
mod replication;
mod reset;
mod role;
mod roster;
mod schedule;
mod seeds;
mod sentence;
mod slots;
mod state;
mod stats;
mod suspicion;
mod traffic;
mod vote;
mod witness;

pub use rand_core;

pub use action::{Action, DataOrder, Durability, Resync};
pub use config::{Config, Rules};
pub use debug::{DroppedPackets, Mischief};
pub use election::FailoverBlock;
pub use engine::Engine;
pub use epoch::{EpochBump, SetConfigEpochError};
pub use event::{Event, MeetRefusal, NodeName};
pub use explain::{Explanation, LinkFacts};
pub use follow::ReplicateError;
pub use forget::ForgetError;
pub use handover::{FailoverError, FailoverMode};
pub use handshake::{Handshake, HandshakeEnd, HandshakeId, HandshakeOrigin, HandshakeRecord, HandshakeTrouble};
pub use leave::{LeaveEnd, LeaveError};
pub use link::{ConnectError, Direction, LinkId, LinkInfo};
pub use meet::{MeetError, MeetStart, MeetTarget};
pub use memory::{Ban, Memory};
pub use own_slots::{AddSlotsError, DelSlotsError, FlushSlotsError, SetSlotError, SlotChange};
pub use publish::Delivery;
pub use random::SplitMix;
pub use replication::{PrimaryLink, Replication};
pub use traffic::{RoundTrip, Traffic};
pub use vote::VoteRefusal;
