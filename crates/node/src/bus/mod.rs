//! The bus thread: drives the engine with sockets, a clock and a file.
//!
//! Everything here runs on one thread, which waits for nothing but its own sockets: no command, no script and no slow
//! client can delay a heartbeat. The rest of the node talks to it through [`Bus`] and reads its
//! [`Topology`](crate::topology::Topology).

mod answer;
mod command;
mod connection;
mod core;
mod data;
#[cfg(feature = "admin")]
mod diagnosis;
mod handle;
mod log;
mod misbehave;
mod observer;
mod operate;
mod partials;
mod publisher;
mod saver;
mod saves;
mod seeds;
mod sockets;

pub(crate) use command::{BusReply, BusRequest, Decision, Order};
pub(crate) use core::Origin;
#[cfg(feature = "admin")]
pub(crate) use diagnosis::Diagnosis;
pub(crate) use handle::{Bus, BusOptions, BusThread};
pub(crate) use observer::Observer;
pub(crate) use publisher::Publications;
pub(crate) use saver::Files;
