//! What the commands do.

pub(crate) mod client;
pub(crate) mod client_filter;
pub(crate) mod cluster;
pub(crate) mod cluster_scan;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod debug;
pub(crate) mod generic;
pub(crate) mod help;
pub(crate) mod info;
pub(crate) mod introspection;
pub(crate) mod pubsub;
pub(crate) mod replication;
pub(crate) mod scripting;
pub(crate) mod server;
pub(crate) mod slotmesh;
pub(crate) mod transactions;
