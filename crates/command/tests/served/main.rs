//! Requests to a server that has no sockets: what they are answered, and what they do.

mod eviction;
mod hashes;
mod keys;
mod lookups;
mod migration;
mod replies;
mod sets;
mod shard_subscriptions;
mod support;
mod transactions;
mod usage;
