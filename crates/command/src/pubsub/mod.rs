//! Publish and subscribe on one node: who listens to what, and what waits to be sent to whom.
//!
//! A publisher looks up the subscribers, hands each of them one shared frame and goes on: it never waits for a socket.
//! The driver of a connection takes the frames from the client when it can write.

mod frames;
mod hub;
mod kind;
mod outbox;
mod subscriptions;

pub(crate) use frames::Frames;
pub use hub::PubSub;
pub(crate) use kind::Kind;
pub(crate) use outbox::Outbox;
pub(crate) use subscriptions::Subscriptions;
