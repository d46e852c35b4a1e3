//! The values every part of a Valkey Cluster node shares: node ids, slots, epochs, times.
