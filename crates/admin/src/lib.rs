//! The gRPC admin API and the metrics of a node.
//!
//! [`AdminServer`] runs the services of `proto/` on a thread of its own, beside standard health and reflection, and answers
//! `GET /metrics`. What it needs of a node stands in the trait [`Node`]; it knows no engine, no sockets of the bus and no
//! client commands. Off unless started; without tokens or client certificates it listens on loopback only.
//!
//! Life cycle: parse the files with [`Options::load`], then [`AdminServer::start`], and drop it to stop. The node tells about
//! changes through a [`Feed`], which never makes it wait.
//!
//! [`proto`] holds the generated messages, clients and services:
//!
//! ```
//! use slotmesh_admin::proto::{MeetRequest, membership_service_client::MembershipServiceClient};
//!
//! let request = MeetRequest { host: "10.0.0.2".into(), port: 6379, ..MeetRequest::default() };
//! assert_eq!(request.bus_port, 0, "the client port and 10000");
//! # let _ = MembershipServiceClient::<tonic::transport::Channel>::new;
//! ```

#![forbid(unsafe_code)]

mod access;
mod api;
mod convert;
mod course;
mod edit;
mod event_log;
mod gate;
mod incoming;
mod journal;
mod metrics;
mod node;
mod once;
mod options;
mod patience;
mod plan;
mod recovery;
mod server;
mod services;
mod step_order;
mod tls;

/// The messages, clients and services, made from `proto/` by `cargo xtask codegen`.
#[allow(missing_docs, missing_debug_implementations, unused_qualifications, unreachable_pub)]
#[allow(rustdoc::all, clippy::all, clippy::pedantic, clippy::iter_over_hash_type, clippy::too_many_lines)]
pub mod proto {
    include!("gen/slotmesh.admin.v1.rs");

    /// The definitions themselves, for reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");
}

pub use access::{TokenError, Tokens};
pub use convert::{address, duration, milliseconds, timestamp};
pub use journal::Journal;
pub use metrics::NAMES as METRIC_NAMES;
pub use node::{
    CommandReply, Edit, EditError, Edited, Failover, Feed, Figures, MeetError, MeetReport, MeetTarget, Node,
    OutcomeCount, PeerFigures, SlotChange,
};
pub use options::{OptionError, Options, Security};
/// Lengths of time in messages.
pub use prost_types::Duration as ProtoDuration;
pub use server::{AdminServer, Identity, StartError};
/// For implementations of [`Node`].
pub use tonic::async_trait;
