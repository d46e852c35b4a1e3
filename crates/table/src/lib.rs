//! What a Valkey Cluster node knows of its cluster, and nodes.conf.
