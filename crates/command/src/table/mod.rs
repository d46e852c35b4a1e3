//! Every command that exists: the one place where its name, shape and documentation are written down.
//!
//! The facts are those of Valkey 9.1.2, as its COMMAND INFO and COMMAND DOCS tell them; what is ours stands under SLOTMESH.

mod argument;
mod client;
mod cluster;
mod command;
mod config;
mod connection;
mod debug;
mod generic;
mod introspection;
mod key_spec;
mod known;
mod pubsub;
mod replication;
mod scripting;
mod server;
mod slotmesh;
mod transactions;

pub use argument::{Argument, ArgumentKind};
pub use command::{Category, Command, Deprecation, Flag, Group};
pub use key_spec::KeySpec;
pub use known::{Known, Lookup, by_index, count, find, known, lookup};

/// Every command, ordered by name.
pub static COMMANDS: &[Command] = &[
    cluster::ASKING,
    connection::AUTH,
    client::CLIENT,
    cluster::CLUSTER,
    cluster::CLUSTERSCAN,
    introspection::COMMAND,
    config::CONFIG,
    server::DBSIZE,
    debug::DEBUG,
    transactions::DISCARD,
    connection::ECHO,
    transactions::EXEC,
    replication::FAILOVER,
    server::FLUSHALL,
    server::FLUSHDB,
    scripting::FUNCTION,
    connection::HELLO,
    server::INFO,
    generic::KEYS,
    transactions::MULTI,
    connection::PING,
    pubsub::PSUBSCRIBE,
    replication::PSYNC,
    pubsub::PUBLISH,
    pubsub::PUBSUB,
    pubsub::PUNSUBSCRIBE,
    connection::QUIT,
    generic::RANDOMKEY,
    cluster::READONLY,
    cluster::READWRITE,
    replication::REPLCONF,
    replication::REPLICAOF,
    connection::RESET,
    replication::ROLE,
    generic::SCAN,
    connection::SELECT,
    server::SHUTDOWN,
    replication::SLAVEOF,
    slotmesh::SLOTMESH,
    pubsub::SPUBLISH,
    pubsub::SSUBSCRIBE,
    pubsub::SUBSCRIBE,
    pubsub::SUNSUBSCRIBE,
    server::SWAPDB,
    replication::SYNC,
    server::TIME,
    pubsub::UNSUBSCRIBE,
];
