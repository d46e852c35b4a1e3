//! Requests to a server that has no sockets: what they are answered, and what they do.

mod access;
mod command_log;
mod debug;
mod eviction;
mod hashes;
mod keys;
mod latency;
mod lookups;
mod migration;
mod monitor;
mod pause;
mod replies;
mod sets;
mod shard_subscriptions;
mod standstill;
mod support;
mod tracking;
mod transactions;
mod usage;
mod waiters;
