//! The Valkey Cluster membership engine, sans-IO.
