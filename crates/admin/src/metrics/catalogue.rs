//! Every metric: its name, kind and help. Names are `slotmesh_<part>_<what>_<unit|total>`, and never change.

/// What Prometheus makes of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows while the process runs.
    Counter,
    /// Goes both ways.
    Gauge,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal $help:literal;)*) => {
        $(pub(crate) const $constant: Metric = Metric { name: $name, kind: Kind::$kind, help: $help };)*

        /// Every metric, in the order of the page.
        pub(crate) const ALL: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    NODE_INFO = Gauge "slotmesh_node_info" "Always 1; the labels say which node and version it is.";
    PROCESS_START = Gauge "slotmesh_process_start_time_seconds" "When the process started, in seconds since 1970.";
    PROCESS_CPU = Counter "slotmesh_process_cpu_seconds_total" "Processor time, by where it was spent.";
    PROCESS_MEMORY = Gauge "slotmesh_process_resident_memory_bytes" "Memory of the process that is in RAM.";
    CLUSTER_OK = Gauge "slotmesh_cluster_state_ok" "1 if the cluster serves keys as this node sees it, else 0.";
    CLUSTER_EPOCH = Gauge "slotmesh_cluster_current_epoch" "The cluster's clock as this node knows it.";
    CLUSTER_SLOTS = Gauge "slotmesh_cluster_slots" "Slots by the health of their owner; 'unassigned' have none.";
    CLUSTER_NODES = Gauge "slotmesh_cluster_nodes" "Known members, this node included, by role and health.";
    CLUSTER_VOTERS = Gauge "slotmesh_cluster_voting_primaries" "Primaries that own a slot.";
    NODE_SLOTS = Gauge "slotmesh_node_slots" "Slots that this node owns.";
    NODE_OPEN_SLOTS = Gauge "slotmesh_node_open_slots" "Slots of this node that are on the move, by direction.";
    NODE_EPOCH = Gauge "slotmesh_node_config_epoch" "Config epoch of this node; of its primary for a replica.";
    NODE_REPLICA = Gauge "slotmesh_node_replica" "1 if this node is a replica, else 0.";
    TABLE_REVISION = Gauge "slotmesh_table_revision" "Revision of the node table; grows with every change.";
    TABLE_UNCHANGED = Gauge "slotmesh_table_unchanged_seconds" "Time since the node table changed last.";
    BUS_SENT = Counter "slotmesh_bus_packets_sent_total" "Packets sent on the bus, by type.";
    BUS_RECEIVED = Counter "slotmesh_bus_packets_received_total" "Packets received on the bus, by type.";
    BUS_SENT_BYTES = Counter "slotmesh_bus_sent_bytes_total" "Bytes sent on the bus.";
    BUS_RECEIVED_BYTES = Counter "slotmesh_bus_received_bytes_total" "Bytes received on the bus.";
    BUS_LINKS = Gauge "slotmesh_bus_links" "Bus links with a member at the other end, by who opened them.";
    BUS_OVER_LIMIT = Counter "slotmesh_bus_links_over_limit_total" "Links closed because too much waited on them.";
    BUS_ROUND_TRIP = Gauge "slotmesh_bus_round_trip_seconds" "Smoothed time from ping to answer over all links: the quickest, the median and the slowest.";
    BUS_DELAY = Gauge "slotmesh_bus_loop_delay_seconds" "How late the bus thread was called at worst in the last minute.";
    GOSSIP_ENTRIES = Counter "slotmesh_gossip_entries_merged_total" "Gossip entries of members that were looked at.";
    HANDSHAKES = Gauge "slotmesh_handshakes" "Handshakes under way.";
    HANDSHAKES_ENDED = Counter "slotmesh_handshakes_ended_total" "Handshakes that ended, by outcome.";
    EVENTS = Counter "slotmesh_events_total" "Events of the engine, by name as in the admin API: node_suspected, node_failed, election_won, ...";
    CLIENTS = Gauge "slotmesh_clients_connected" "Clients connected.";
    CLIENTS_TOTAL = Counter "slotmesh_clients_connections_total" "Connections of clients that came, by whether they were let in.";
    CLIENTS_READ = Counter "slotmesh_clients_read_bytes_total" "Bytes read from clients.";
    CLIENTS_WRITTEN = Counter "slotmesh_clients_written_bytes_total" "Bytes written to clients.";
    COMMANDS = Counter "slotmesh_commands_processed_total" "Commands that ran.";
    COMMAND_ERRORS = Counter "slotmesh_commands_errors_total" "Errors replied.";
}

/// Their names.
pub(crate) const fn names() -> [&'static str; ALL.len()] {
    let mut names = [""; ALL.len()];
    let mut index = 0;
    while index < ALL.len() {
        names[index] = ALL[index].name;
        index += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_prometheus_and_of_the_house() {
        for metric in ALL {
            let name = metric.name;
            assert!(name.starts_with("slotmesh_"), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(metric.help.ends_with(['.', ',']) || metric.help.ends_with("..."), "{name}: {}", metric.help);
            assert!(!metric.help.contains(['\\', '\n']), "{name}");
        }
        let mut sorted = names();
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "a name is there twice");
    }
}
