//! `slotmesh watch`: what happens, as it happens.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use slotmesh_admin::proto::watch_events_request::Start;
use slotmesh_admin::proto::{self, watch_events_response, watch_topology_response};
use tonic::{Code, Status};

use crate::arguments::Global;
use crate::ending::Ending;
use crate::output;
use crate::proto_json;
use crate::talk::Admin;

/// Pause before a lost stream is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Show what happens on a slotmesh node, as it happens: events, and changes of the topology.
///
/// Needs --admin: real servers push nothing. Goes on until it is interrupted, also across restarts of the node.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Only events.
    #[arg(long, conflicts_with = "topology")]
    events: bool,
    /// Only changes of the topology.
    #[arg(long)]
    topology: bool,
    /// Begin with the oldest event that the node remembers.
    #[arg(long, conflicts_with = "topology")]
    oldest: bool,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    let admin =
        global.admin().await?.context("watch needs --admin HOST:PORT: only slotmesh nodes push what happens")?;
    // Who does not serve the API now is no node that was restarted: trying again would go on for ever.
    admin.version().await?;
    let start = if options.oldest { Start::Oldest(true) } else { Start::Latest(true) };
    let events = watch_events(&admin, start, global.json);
    let topology = watch_topology(&admin, global.json);
    match options {
        Options { events: true, .. } => events.await,
        Options { topology: true, .. } => topology.await,
        _ => tokio::try_join!(events, topology).map(|(ending, _)| ending),
    }
}

async fn watch_events(admin: &Admin, mut start: Start, json: bool) -> Result<Ending> {
    // A stream that stood was cut, and nothing names the place: what happens until it goes on is not told.
    let mut cut = false;
    loop {
        let request = proto::WatchEventsRequest { start: Some(start.clone()) };
        let result = admin.event_client().watch_events(request).await;
        let status = match result {
            Err(status) => status,
            Ok(stream) => {
                let mut stream = stream.into_inner();
                if cut {
                    tell_cut(json)?;
                }
                cut = matches!(start, Start::Latest(_));
                loop {
                    match stream.message().await {
                        Ok(Some(response)) => take_event(response, &mut start, json)?,
                        Ok(None) => break Status::unavailable("the node ended the stream"),
                        Err(status) => break status,
                    }
                }
            }
        };
        again(admin, &status).await?;
        cut &= matches!(start, Start::Latest(_));
    }
}

fn tell_cut(json: bool) -> Result<()> {
    if json {
        return output::print_json_line(&json!({ "gap": {} }));
    }
    output::print("-- events may be missing here: the stream was cut --\n")
}

fn take_event(response: proto::WatchEventsResponse, start: &mut Start, json: bool) -> Result<()> {
    match response.update {
        Some(watch_events_response::Update::Event(event)) => {
            if json {
                output::print_json_line(&json!({ "event": proto_json::of("Event", &event)? }))?;
            } else {
                output::print(&format!("{} {}\n", time(event.time.as_ref()), event.text))?;
            }
            if let Some(cursor) = event.cursor {
                *start = Start::After(cursor);
            }
        }
        Some(watch_events_response::Update::Gap(gap)) if json => {
            output::print_json_line(&json!({ "gap": proto_json::of("EventGap", &gap)? }))?;
        }
        Some(watch_events_response::Update::Gap(gap)) if gap.missed == 0 => {
            output::print("-- events are missing here: the node was restarted --\n")?;
        }
        Some(watch_events_response::Update::Gap(gap)) => {
            output::print(&format!("-- {} events are missing here --\n", gap.missed))?;
        }
        None => {}
    }
    Ok(())
}

async fn watch_topology(admin: &Admin, json: bool) -> Result<Ending> {
    let mut picture = Picture::default();
    loop {
        let request = proto::WatchTopologyRequest { resume_after: picture.revision.clone() };
        let result = admin.topology_client().watch_topology(request).await;
        let status = match result {
            Err(status) => status,
            Ok(stream) => {
                let mut stream = stream.into_inner();
                loop {
                    match stream.message().await {
                        Ok(Some(response)) => {
                            let changes = picture.take(&response);
                            if json {
                                let value = proto_json::of("WatchTopologyResponse", &response)?;
                                output::print_json_line(&json!({ "topology": value }))?;
                            } else {
                                output::print(&changes)?;
                            }
                        }
                        Ok(None) => break Status::unavailable("the node ended the stream"),
                        Err(status) => break status,
                    }
                }
            }
        };
        again(admin, &status).await?;
    }
}

/// Waits until the stream may be asked for again; an error where that makes no sense.
async fn again(admin: &Admin, status: &Status) -> Result<()> {
    // A node that goes away ends its streams in either way.
    if !matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal) {
        return Err(admin.failed(status).into());
    }
    output::complain(&format!("{}; trying again", admin.failed(status)));
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

/// The topology as it was told last, to tell what is different.
#[derive(Debug, Default)]
struct Picture {
    revision: Option<proto::Revision>,
    nodes: BTreeMap<String, proto::Node>,
}

impl Picture {
    /// Takes an update in and tells in words what it changes, a line for each change.
    fn take(&mut self, response: &proto::WatchTopologyResponse) -> String {
        let now = time(None);
        let lines = match &response.update {
            Some(watch_topology_response::Update::Snapshot(snapshot)) => self.replace(snapshot),
            Some(watch_topology_response::Update::Delta(delta)) => self.apply(delta),
            None => Vec::new(),
        };
        lines.into_iter().map(|line| format!("{now} {line}\n")).collect()
    }

    fn replace(&mut self, snapshot: &proto::TopologySnapshot) -> Vec<String> {
        let Some(topology) = &snapshot.topology else { return Vec::new() };
        self.revision.clone_from(&topology.revision);
        self.nodes = topology.nodes.iter().map(|node| (node.id.clone(), node.clone())).collect();
        let lost = if snapshot.resync { " (changes are missing before this)" } else { "" };
        vec![format!("topology: {} nodes, {}{lost}", self.nodes.len(), state(topology.state.as_ref()))]
    }

    fn apply(&mut self, delta: &proto::TopologyDelta) -> Vec<String> {
        self.revision.clone_from(&delta.revision);
        let mut lines = Vec::new();
        for node in &delta.changed {
            match self.nodes.insert(node.id.clone(), node.clone()) {
                None => lines.push(format!("{}: new, {}", name(node), facts(node).join(", "))),
                Some(before) => {
                    let differences: Vec<String> = facts(&before)
                        .into_iter()
                        .zip(facts(node))
                        .filter(|(old, new)| old != new)
                        .map(|(old, new)| format!("{old} -> {new}"))
                        .collect();
                    lines.extend(
                        (!differences.is_empty()).then(|| format!("{}: {}", name(node), differences.join(", "))),
                    );
                }
            }
        }
        let gone = delta.removed.iter().filter_map(|id| self.nodes.remove(id));
        lines.extend(gone.map(|node| format!("{}: gone", name(&node))));
        lines.extend(delta.state.as_ref().map(|delta| format!("cluster: {}", state(Some(delta)))));
        lines
    }
}

fn name(node: &proto::Node) -> String {
    let address = node.address.clone().unwrap_or_default();
    format!("{}:{} ({})", address.host, address.port, node.id.get(..8).unwrap_or(&node.id))
}

/// What is told of a node, in an order that is always the same.
fn facts(node: &proto::Node) -> Vec<String> {
    let health = node.health().as_str_name().trim_start_matches("HEALTH_").to_lowercase();
    let role = node.role().as_str_name().trim_start_matches("ROLE_").to_lowercase();
    let flags = node.flags.unwrap_or_default();
    vec![
        if flags.handshake { "in handshake".to_owned() } else { role },
        match node.primary_id.get(..8) {
            Some(primary) => format!("follows {primary}"),
            None => "follows nobody".to_owned(),
        },
        health,
        if node.connected { "link up" } else { "link down" }.to_owned(),
        slots(node),
        format!("epoch {}", node.config_epoch),
        format!("at {}", address(node)),
    ]
}

/// How many slots and which, the first few ranges of them.
fn slots(node: &proto::Node) -> String {
    const SHOWN: usize = 4;
    let range = |range: &proto::SlotRange| match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}-{}", range.first, range.last),
    };
    let mut shown: Vec<String> = node.slots.iter().take(SHOWN).map(range).collect();
    if node.slots.len() > SHOWN {
        shown.push("...".to_owned());
    }
    let which = if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(" ")) };
    format!("{} slots{which}", node.slot_count)
}

fn address(node: &proto::Node) -> String {
    let address = node.address.clone().unwrap_or_default();
    format!("{}:{}@{}", address.host, address.port, address.bus_port)
}

fn state(state: Option<&proto::ClusterState>) -> String {
    let state = state.cloned().unwrap_or_default();
    let ok = if state.ok { "ok" } else { "fail" };
    format!("{ok}, {} of 16384 slots, epoch {}", state.slots_assigned, state.current_epoch)
}

/// A point in time, to the millisecond; now if there is none.
fn time(of: Option<&prost_types::Timestamp>) -> String {
    let told = of.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
    format!("{:.3}", told.unwrap_or_else(Timestamp::now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, health: proto::Health) -> proto::Node {
        let address = proto::Address { host: "10.0.0.1".into(), port: 7000, ..Default::default() };
        proto::Node { id: id.into(), address: Some(address), health: health.into(), ..Default::default() }
    }

    fn delta(delta: proto::TopologyDelta) -> proto::WatchTopologyResponse {
        proto::WatchTopologyResponse { update: Some(watch_topology_response::Update::Delta(delta)) }
    }

    #[test]
    fn only_what_changed_is_told() {
        let mut picture = Picture::default();
        let changed = |node| delta(proto::TopologyDelta { changed: vec![node], ..Default::default() });
        let new = picture.take(&changed(node("abcdefghij", proto::Health::Online)));
        assert!(new.contains("10.0.0.1:7000 (abcdefgh): new, ") && new.contains("online"), "{new}");
        let failed = picture.take(&changed(node("abcdefghij", proto::Health::Failed)));
        assert!(failed.ends_with("(abcdefgh): online -> failed\n"), "{failed}");
        assert_eq!(picture.take(&changed(node("abcdefghij", proto::Health::Failed))), "");
        let mut other = node("abcdefghij", proto::Health::Failed);
        other.address = Some(proto::Address { host: "10.0.0.2".into(), port: 7000, ..Default::default() });
        let moved = picture.take(&changed(other.clone()));
        assert!(moved.ends_with("at 10.0.0.1:7000@0 -> at 10.0.0.2:7000@0\n"), "{moved}");
        for (first, told) in [(5, "0 slots -> 1 slots (5)\n"), (6, "1 slots (5) -> 1 slots (6)\n")] {
            (other.slots, other.slot_count) = (vec![proto::SlotRange { first, last: first }], 1);
            let exchanged = picture.take(&changed(other.clone()));
            assert!(exchanged.ends_with(told), "{exchanged}");
        }
        let gone =
            picture.take(&delta(proto::TopologyDelta { removed: vec!["abcdefghij".into()], ..Default::default() }));
        assert!(gone.ends_with(": gone\n"), "{gone}");
    }
}
