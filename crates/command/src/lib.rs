//! The commands of a Valkey Cluster node: one table that describes them, and their execution.
