//! CLUSTER INFO.

use std::fmt::Write;

use slotmesh_table::{ClusterView, Health, NodeView};

/// The text of CLUSTER INFO: `name:value` lines, each ended by CR LF.
#[must_use]
pub fn info(view: &ClusterView) -> String {
    let mut text = String::with_capacity(1024);
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        write!(text, "{name}:{value}\r\n").expect("writing to a string does not fail");
    };
    let slots = |of: &dyn Fn(&NodeView) -> bool| -> u32 {
        view.nodes.iter().filter(|node| of(node)).map(|node| u32::from(node.facts.slot_count())).sum()
    };
    let count = |of: &dyn Fn(&NodeView) -> bool| view.nodes.iter().filter(|node| of(node)).count();
    let is = |health: Health| move |node: &NodeView| node.facts.health == health;
    let votes = |health: Health| move |node: &NodeView| node.facts.health == health && node.facts.is_voting();

    line("cluster_state", &if view.state_ok { "ok" } else { "fail" });
    line("cluster_slots_assigned", &slots(&|_| true));
    line("cluster_slots_ok", &slots(&is(Health::Online)));
    line("cluster_slots_pfail", &slots(&is(Health::Pfail)));
    line("cluster_slots_fail", &slots(&is(Health::Fail)));
    line("cluster_nodes_pfail", &count(&is(Health::Pfail)));
    line("cluster_nodes_fail", &count(&is(Health::Fail)));
    line("cluster_voting_nodes_pfail", &count(&votes(Health::Pfail)));
    line("cluster_voting_nodes_fail", &count(&votes(Health::Fail)));
    line("cluster_known_nodes", &view.nodes.len());
    line("cluster_size", &view.size);
    line("cluster_current_epoch", &view.current_epoch);
    line("cluster_my_epoch", &view.my_epoch);
    write_stats(&mut line, view);
    text
}

fn write_stats(line: &mut dyn FnMut(&str, &dyn std::fmt::Display), view: &ClusterView) {
    let stats = &view.stats;
    for kind in stats.messages.iter().filter(|kind| kind.sent > 0) {
        line(&format!("cluster_stats_messages_{}_sent", kind.name), &kind.sent);
    }
    line("cluster_stats_messages_sent", &stats.messages.iter().map(|kind| kind.sent).sum::<u64>());
    for kind in stats.messages.iter().filter(|kind| kind.received > 0) {
        line(&format!("cluster_stats_messages_{}_received", kind.name), &kind.received);
    }
    line("cluster_stats_messages_received", &stats.messages.iter().map(|kind| kind.received).sum::<u64>());
    line("cluster_stats_bytes_sent", &stats.bytes_sent);
    line("cluster_stats_bytes_received", &stats.bytes_received);
    line("cluster_stats_pubsub_bytes_sent", &stats.pubsub_bytes_sent);
    line("cluster_stats_pubsub_bytes_received", &stats.pubsub_bytes_received);
    line("cluster_stats_module_bytes_sent", &stats.module_bytes_sent);
    line("cluster_stats_module_bytes_received", &stats.module_bytes_received);
    line("total_cluster_links_buffer_limit_exceeded", &stats.links_over_limit);
}
