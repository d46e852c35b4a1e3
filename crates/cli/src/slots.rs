//! `slotmesh slots`: who owns which slot.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use slotmesh_types::{NodeId, Slot, SlotRange};

use crate::arguments::Global;
use crate::ending::Ending;
use crate::output::{self, Table};
use crate::talk::Target;
use crate::view::{SlotOwners, View, first_view};

/// Show who owns which slot, as one node knows it.
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
        output::print_json(&as_json(&view))?;
    } else {
        output::print(&text(&view))?;
    }
    Ok(Ending::Good)
}

/// The runs of slots that have one owner, or none, in ascending order.
pub(crate) fn runs(owners: &SlotOwners) -> Vec<(SlotRange, Option<NodeId>)> {
    let mut runs: Vec<(SlotRange, Option<NodeId>)> = Vec::new();
    for (slot, owner) in Slot::all().zip(owners) {
        let begun = runs.last_mut().filter(|(_, before)| before == owner);
        match begun.and_then(|(range, _)| Some((SlotRange::new(range.first(), slot)?, range))) {
            Some((longer, range)) => *range = longer,
            None => runs.push((SlotRange::from(slot..=slot), *owner)),
        }
    }
    runs
}

fn text(view: &View) -> String {
    let mut table = Table::new(&["SLOTS", "COUNT", "OWNER", "REPLICAS"]);
    let replicas = view.replicas();
    let address = |id: &NodeId| view.entry(id).map_or_else(String::new, |entry| entry.place.to_string());
    for (range, owner) in runs(&view.owners()) {
        let count = range.iter().count().to_string();
        let (owner, replicas) = match owner {
            None => ("nobody".to_owned(), String::new()),
            Some(id) => {
                let replicas = replicas.get(&id).into_iter().flatten().map(|replica| replica.place.to_string());
                (address(&id), replicas.collect::<Vec<_>>().join(" "))
            }
        };
        table.row(vec![range.to_string(), count, owner, replicas]);
    }
    let mut text = table.text();
    for open in &view.open_slots {
        let direction = if open.importing { "comes here from" } else { "leaves for" };
        text.push_str(&format!("slot {} {direction} {}\n", open.slot, address(&open.peer)));
    }
    text
}

fn as_json(view: &View) -> Value {
    let replicas: BTreeMap<NodeId, Vec<&str>> = view
        .replicas()
        .into_iter()
        .map(|(id, replicas)| (id, replicas.into_iter().map(|replica| replica.id.as_str()).collect()))
        .collect();
    let run = |(range, owner): (SlotRange, Option<NodeId>)| {
        json!({
            "first": range.first().get(),
            "last": range.last().get(),
            "owner": owner.map(|id| id.to_string()),
            "replicas": owner.and_then(|id| replicas.get(&id)).cloned().unwrap_or_default(),
        })
    };
    json!({ "asked": view.asked.to_string(), "slots": runs(&view.owners()).into_iter().map(run).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_everything_once() {
        let id: NodeId = "a".repeat(40).parse().unwrap();
        let mut owners = vec![None; 16_384];
        owners[..3].fill(Some(id));
        owners[16_383] = Some(id);
        let runs: Vec<_> = runs(&owners).into_iter().map(|(range, owner)| (range.to_string(), owner)).collect();
        let expected = [("0-2", Some(id)), ("3-16382", None), ("16383", Some(id))];
        assert_eq!(runs, expected.map(|(range, owner)| (range.to_owned(), owner)));
    }
}
