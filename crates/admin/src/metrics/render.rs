//! The page itself.

use std::fmt::Write;
use std::time::Duration;

use slotmesh_table::{ClusterView, Health, OpenSlot};
use slotmesh_types::Slot;

use super::catalogue::{self as metric, Kind, Metric};
use crate::api::Api;
use crate::node::Figures;

/// Figures of now as a page.
pub(crate) async fn page(api: &Api) -> String {
    let figures = api.node.figures().await;
    let view = api.node.view();
    api.journal.note(&view);
    let mut page = Page(String::with_capacity(16 * 1024));
    page.process(api, &view, &figures);
    page.cluster(&view);
    page.node(&view);
    page.one(metric::TABLE_REVISION, view.version as f64);
    page.one(metric::TABLE_UNCHANGED, figures.now.mono.since(api.journal.changed()).as_secs_f64());
    page.bus(&figures);
    page.gossip(&figures);
    page.clients(&figures);
    page.0
}

struct Page(String);

impl Page {
    fn head(&mut self, metric: Metric) {
        let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
        let Metric { name, help, .. } = metric;
        // Writing to a text can't fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, metric: Metric, value: f64) {
        self.head(metric);
        let _ = writeln!(self.0, "{} {value}", metric.name);
    }

    fn by<'a>(&mut self, metric: Metric, label: &str, samples: impl IntoIterator<Item = (&'a str, f64)>) {
        self.head(metric);
        for (value_of_label, value) in samples {
            let _ = writeln!(self.0, "{}{{{label}=\"{value_of_label}\"}} {value}", metric.name);
        }
    }

    fn process(&mut self, api: &Api, view: &ClusterView, figures: &Figures) {
        self.head(metric::NODE_INFO);
        let facts = &view.me().facts;
        // Ids and versions hold nothing that would have to be escaped.
        let _ = writeln!(
            self.0,
            "{}{{id=\"{}\",shard=\"{}\",version=\"{}\"}} 1",
            metric::NODE_INFO.name,
            facts.id(),
            facts.shard,
            api.version
        );
        self.one(metric::PROCESS_START, figures.started.unix.0 as f64 / 1000.0);
        let (user, system) = figures.cpu;
        self.by(metric::PROCESS_CPU, "mode", [("user", user.as_secs_f64()), ("system", system.as_secs_f64())]);
        self.one(metric::PROCESS_MEMORY, figures.resident_bytes as f64);
    }

    fn cluster(&mut self, view: &ClusterView) {
        self.one(metric::CLUSTER_OK, f64::from(u8::from(view.state_ok)));
        self.one(metric::CLUSTER_EPOCH, view.current_epoch.0 as f64);
        let slots = |health| {
            let owners = view.nodes.iter().filter(|node| node.facts.health == health);
            owners.map(|node| f64::from(node.facts.slot_count())).sum::<f64>()
        };
        let counts = [Health::Online, Health::Pfail, Health::Fail].map(slots);
        let unassigned = f64::from(Slot::COUNT) - counts.iter().sum::<f64>();
        let names = ["online", "suspected", "failed"];
        self.by(metric::CLUSTER_SLOTS, "state", names.into_iter().zip(counts).chain([("unassigned", unassigned)]));
        self.nodes(view);
        self.one(metric::CLUSTER_VOTERS, view.nodes.iter().filter(|node| node.facts.is_voting()).count() as f64);
    }

    fn nodes(&mut self, view: &ClusterView) {
        self.head(metric::CLUSTER_NODES);
        for (role, replica) in [("primary", false), ("replica", true)] {
            for (name, health) in [("online", Health::Online), ("suspected", Health::Pfail), ("failed", Health::Fail)] {
                let members = view.nodes.iter().filter(|node| !node.facts.handshake);
                let count =
                    members.filter(|node| node.facts.is_replica() == replica && node.facts.health == health).count();
                let _ = writeln!(self.0, "{}{{role=\"{role}\",health=\"{name}\"}} {count}", metric::CLUSTER_NODES.name);
            }
        }
    }

    fn node(&mut self, view: &ClusterView) {
        let facts = &view.me().facts;
        self.one(metric::NODE_SLOTS, f64::from(facts.slot_count()));
        let importing = view.open_slots.iter().filter(|(_, open)| matches!(open, OpenSlot::Importing(_))).count();
        let migrating = view.open_slots.len() - importing;
        let counts = [("importing", importing as f64), ("migrating", migrating as f64)];
        self.by(metric::NODE_OPEN_SLOTS, "direction", counts);
        self.one(metric::NODE_EPOCH, view.my_epoch.0 as f64);
        self.one(metric::NODE_REPLICA, f64::from(u8::from(facts.is_replica())));
    }

    fn bus(&mut self, figures: &Figures) {
        let kinds = &figures.bus.messages;
        self.by(metric::BUS_SENT, "type", kinds.iter().map(|kind| (kind.name, kind.sent as f64)));
        self.by(metric::BUS_RECEIVED, "type", kinds.iter().map(|kind| (kind.name, kind.received as f64)));
        self.one(metric::BUS_SENT_BYTES, figures.bus.bytes_sent as f64);
        self.one(metric::BUS_RECEIVED_BYTES, figures.bus.bytes_received as f64);
        let links = [("outbound", figures.links_outbound as f64), ("inbound", figures.links_inbound as f64)];
        self.by(metric::BUS_LINKS, "direction", links);
        self.one(metric::BUS_OVER_LIMIT, figures.bus.links_over_limit as f64);
        self.by(metric::BUS_ROUND_TRIP, "stat", round_trips(&figures.round_trips));
        self.by(metric::BUS_DELAY, "stat", figures.bus_delay_max.map(|delay| ("max", delay.as_secs_f64())));
    }

    fn gossip(&mut self, figures: &Figures) {
        self.one(metric::GOSSIP_ENTRIES, figures.bus.gossip_entries as f64);
        self.one(metric::HANDSHAKES, figures.handshakes as f64);
        let ended = figures.handshakes_ended.iter().map(|outcome| (outcome.name, outcome.count as f64));
        self.by(metric::HANDSHAKES_ENDED, "outcome", ended);
        self.by(metric::EVENTS, "event", figures.events.iter().map(|event| (event.name, event.count as f64)));
    }

    fn clients(&mut self, figures: &Figures) {
        self.one(metric::CLIENTS, figures.clients as f64);
        let refused = figures.connections_rejected;
        let accepted = figures.connections.saturating_sub(refused);
        self.by(metric::CLIENTS_TOTAL, "result", [("accepted", accepted as f64), ("refused", refused as f64)]);
        self.one(metric::CLIENTS_READ, figures.client_bytes.0 as f64);
        self.one(metric::CLIENTS_WRITTEN, figures.client_bytes.1 as f64);
        self.one(metric::COMMANDS, figures.commands as f64);
        self.one(metric::COMMAND_ERRORS, figures.errors as f64);
    }
}

/// A label for each peer would make as many series as a mesh has links; ListLinks has them one by one.
fn round_trips(all: &[Duration]) -> Vec<(&'static str, f64)> {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    let at = |index: usize| sorted.get(index).map(Duration::as_secs_f64);
    let stats = [("min", at(0)), ("median", at(sorted.len() / 2)), ("max", at(sorted.len().wrapping_sub(1)))];
    stats.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
