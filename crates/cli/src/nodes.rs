//! `slotmesh nodes`: the nodes that one node knows.

use anyhow::Result;
use clap::Args;

use crate::arguments::Global;
use crate::ending::Ending;
use crate::output::{self, Table};
use crate::talk::Target;
use crate::view::{Entry, Role, View, first_view, view_json};

/// List the nodes of a cluster, as one of them knows it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Node to ask.
    #[arg(value_name = "HOST:PORT")]
    node: Option<Target>,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    let start = global.start(options.node.as_ref()).await?;
    let view = first_view(&start, &global.access()?).await?;
    if global.json {
        output::print_json(&view_json(&view))?;
    } else {
        output::print(&text(&view))?;
    }
    Ok(Ending::Good)
}

fn text(view: &View) -> String {
    let mut table = Table::new(&["ADDRESS", "ROLE", "HEALTH", "LINK", "EPOCH", "SLOTS", "PRIMARY", "ID"]);
    let mut entries: Vec<&Entry> = view.entries.iter().collect();
    entries.sort_by_key(|entry| &entry.place);
    for entry in entries {
        let primary = match entry.role {
            Role::Replica(Some(primary)) => view
                .entry(&primary)
                .map_or_else(|| primary.as_str()[..8].to_owned(), |primary| primary.place.to_string()),
            _ => "-".to_owned(),
        };
        let role = if entry.handshake { "handshake".to_owned() } else { entry.role.to_string() };
        table.row(vec![
            entry.place.to_string(),
            role,
            entry.health.to_string(),
            link(view, entry).to_owned(),
            entry.config_epoch.to_string(),
            entry.slot_count().to_string(),
            primary,
            entry.id.to_string(),
        ]);
    }
    format!("{}\n{}\n", table.text(), summary(view))
}

/// How the node that tells reaches this one.
fn link(view: &View, entry: &Entry) -> &'static str {
    match entry {
        entry if entry.id == view.me => "itself",
        entry if entry.connected => "up",
        _ => "down",
    }
}

fn summary(view: &View) -> String {
    let slots: usize = view.entries.iter().map(Entry::slot_count).sum();
    let name = if view.cluster_name.is_empty() { String::new() } else { format!(" '{}'", view.cluster_name) };
    let state = if view.state_ok { "ok" } else { "fail" };
    format!(
        "cluster{name} is {state}: {} nodes, {slots} of 16384 slots, epoch {}; told by {} ({})",
        view.entries.len(),
        view.current_epoch,
        view.asked,
        view.software
    )
}
