//! `slotmesh forget`: a node is removed from its cluster.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;
use slotmesh_types::NodeId;

use crate::arguments::Global;
use crate::ending::{self, Ending, Unwished};
use crate::output;
use crate::talk::{Access, AskErrorKind, Resp, Target};
use crate::view::{Cluster, Start, collect};

/// Make every node of a cluster forget one.
///
/// Asks --addr or --admin who is in the cluster, and sends CLUSTER FORGET to every member but the one to be forgotten. A node
/// that still runs learns of it from none but slotmesh nodes: stop it, or send it CLUSTER RESET.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Whom to forget: an id, its first characters (at least 4), or HOST:PORT as the cluster knows it.
    #[arg(value_name = "NODE")]
    node: String,
    /// Forget it though it owns slots: nobody serves them then.
    #[arg(long)]
    force: bool,
}

/// How it went on one node.
struct Told {
    node: String,
    result: Result<(), String>,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    let access = global.access()?;
    let start = global.start(None).await?;
    let cluster = collect(std::slice::from_ref(&start), &access).await?;
    let id = find(&cluster, &options.node)?;
    let slots: usize = cluster.knowing(&id).map(|(_, entry)| entry.slot_count()).max().unwrap_or(0);
    if slots > 0 && !options.force {
        let name = cluster.name(&id);
        return Err(Unwished(format!("{name} owns {slots} slots: move them first, or give --force")).into());
    }
    let told = match &start {
        Start::Resp(_) => by_resp(&cluster, &id, &access).await,
        Start::Admin(admin) => {
            let results = admin.forget(id.to_string()).await.map_err(|error| ending::of_change(error.into()))?.results;
            let told = |result: slotmesh_admin::proto::NodeResult| Told {
                node: result.node_id.parse().map_or(result.node_id, |id| cluster.name(&id)),
                result: if result.ok { Ok(()) } else { Err(result.error) },
            };
            results.into_iter().map(told).collect()
        }
    };
    show(global, &cluster.name(&id), told)
}

/// The one node that is meant.
fn find(cluster: &Cluster, text: &str) -> Result<NodeId> {
    let place: Option<Target> = text.parse().ok();
    let is_meant = |id: &NodeId| match &place {
        Some(target) => cluster.best_entry(id).and_then(|entry| entry.place.target()).as_ref() == Some(target),
        None => text.len() >= 4 && id.as_str().starts_with(text),
    };
    let found: Vec<NodeId> = cluster.ids().into_iter().filter(is_meant).collect();
    match found[..] {
        [id] => Ok(id),
        [] => Err(Unwished(format!("nobody in the cluster is known as '{text}'; see slotmesh nodes")).into()),
        _ => Err(Unwished(format!("'{text}' may be {}", cluster.names(&found))).into()),
    }
}

async fn by_resp(cluster: &Cluster, id: &NodeId, access: &Access) -> Vec<Told> {
    let mut told = Vec::new();
    for view in cluster.views.values().filter(|view| view.me != *id) {
        let result = forget_at(&view.asked, id, access).await.map_err(|error| error.to_string());
        told.push(Told { node: cluster.name(&view.me), result });
    }
    // Whoever can't be asked may still know it, and tell the others of it once the ban is over.
    let silent = cluster.ids().into_iter().filter(|other| other != id && !cluster.views.contains_key(other));
    told.extend(silent.map(|other| Told { node: cluster.name(&other), result: Err("it can't be asked".into()) }));
    told
}

async fn forget_at(target: &Target, id: &NodeId, access: &Access) -> Result<(), AskErrorKind> {
    let mut node = Resp::connect(target, access).await.map_err(|error| error.kind)?;
    match node.call(&["CLUSTER", "FORGET", id.as_str()]).await.map_err(|error| error.kind) {
        // Others have told it already.
        Err(AskErrorKind::Refused { text, .. }) if text.contains("Unknown node") => Ok(()),
        result => result.map(drop),
    }
}

fn show(global: &Global, name: &str, mut told: Vec<Told>) -> Result<Ending> {
    ensure!(!told.is_empty(), "nobody else is in the cluster of {name}");
    told.sort_by(|a, b| a.node.cmp(&b.node));
    if global.json {
        let line =
            |told: &Told| json!({ "node": told.node, "ok": told.result.is_ok(), "error": told.result.as_ref().err() });
        output::print_json(&told.iter().map(line).collect())?;
    } else {
        let line = |told: &Told| match &told.result {
            Ok(()) => format!("{}: has forgotten {name}\n", told.node),
            Err(error) => format!("{}: failed: {error}\n", told.node),
        };
        output::print(&told.iter().map(line).collect::<String>())?;
    }
    Ok(if told.iter().all(|told| told.result.is_ok()) { Ending::Good } else { Ending::Bad })
}
