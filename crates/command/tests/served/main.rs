//! Requests to a server that has no sockets: what they are answered, and what they do.

mod replies;
mod shard_subscriptions;
mod support;
mod transactions;
