//! The client side: sockets, and the talk between commands and the bus.

mod ask;
mod connection;
pub(crate) mod decide;
mod delivery;
mod explained;
mod guest;
mod listener;
mod migrate;
mod places;
mod rounds;
mod shared;
mod signals;
mod spread;
mod stream;
mod target;
mod targets;
mod threads;

#[cfg(feature = "admin")]
pub(crate) use ask::resolve;
pub(crate) use delivery::run as deliver;
pub(crate) use listener::Listeners;
pub(crate) use shared::{MayChange, OnConfig, Shared, World};
pub(crate) use targets::Targets;
pub(crate) use threads::Threads;
