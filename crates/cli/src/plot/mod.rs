//! `slotmesh plot`: a picture of the mesh and of the slots.

mod colours;
mod mesh;
mod slot_map;
mod svg;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use slotmesh_types::NodeId;

use crate::arguments::Global;
use crate::ending::Ending;
use crate::output;
use crate::talk::Target;
use crate::view::{Cluster, Role, collect};
use colours::Colours;
use svg::Svg;

/// Draw a cluster as SVG: its nodes with the links between them, and who owns which slot.
///
/// Asks every node. Links that stand in one direction only are orange, those that are cut red; nodes that don't run are grey.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Node to begin with.
    #[arg(value_name = "HOST:PORT")]
    node: Option<Target>,
    /// File to write; standard output without it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    ensure!(!global.json, "plot draws SVG; slotmesh doctor --json and slotmesh slots --json have what it draws");
    let start = global.start(options.node.as_ref()).await?;
    let cluster = collect(&[start], &global.access()?).await?;
    let picture = draw(&cluster);
    match &options.output {
        None => output::print(&picture)?,
        Some(path) => std::fs::write(path, picture).with_context(|| format!("can't write {}", path.display()))?,
    }
    Ok(Ending::Good)
}

/// Width of each half, and height of both, in pixels.
const HALF: f64 = 560.0;

/// Height of a line of the legend.
const LINE: f64 = 18.0;

fn draw(cluster: &Cluster) -> String {
    let nodes = in_shards(cluster);
    let colours = Colours::of(cluster, &nodes);
    let mut owners: Vec<_> = cluster.owners().collect();
    owners.sort_by_key(|(_, owner)| owner.slots.first().map(|range| range.first()));
    let height = HALF + 60.0 + LINE * owners.len() as f64;
    let mut svg = Svg::new(HALF * 2.0, height);
    svg.text((20.0, 28.0), 16.0, "start", &title(cluster));
    mesh::draw(cluster, &nodes, &colours, &mut svg);
    slot_map::draw(cluster, &colours, &mut svg);
    for (index, (id, owner)) in owners.iter().enumerate() {
        let y = HALF + 40.0 + LINE * index as f64;
        svg.rect((20.0, y), (12.0, 12.0), &colours.of_node(id));
        svg.text((40.0, y + 10.0), 12.0, "start", &format!("{}: {} slots", cluster.name(id), owner.slot_count()));
    }
    svg.finish()
}

fn title(cluster: &Cluster) -> String {
    let slots: usize = cluster.owners().map(|(_, owner)| owner.slot_count()).sum();
    let (answered, all) = (cluster.views.len(), cluster.ids().len());
    format!("{answered} of {all} nodes answer, {slots} of 16384 slots have an owner")
}

/// All nodes, each primary followed by its replicas.
fn in_shards(cluster: &Cluster) -> Vec<NodeId> {
    let shard = |id: &NodeId| match cluster.best_entry(id).map(|entry| entry.role) {
        Some(Role::Replica(Some(primary))) => (primary, true),
        _ => (*id, false),
    };
    let place = |id: &NodeId| cluster.best_entry(id).map(|entry| entry.place.clone());
    let mut nodes: Vec<NodeId> = cluster.ids().into_iter().collect();
    nodes.sort_by_cached_key(|id| {
        let (primary, follows) = shard(id);
        (place(&primary), primary, follows, place(id))
    });
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Stage;

    #[test]
    fn links_are_drawn_by_how_they_stand() {
        let mut stage = Stage::with_replicas(3);
        let count =
            |stage: &Stage, colour: &str| draw(stage.cluster()).matches(&format!("stroke=\"{colour}\"")).count();
        assert_eq!(count(&stage, mesh::GOOD), 15);
        stage.entry(0, 1).connected = false;
        assert_eq!((count(&stage, mesh::GOOD), count(&stage, mesh::ONE_SIDED)), (14, 1));
        stage.unlink(5);
        assert_eq!(count(&stage, mesh::CUT), 5);
    }

    #[test]
    fn the_picture_names_owners_and_is_whole() {
        let picture = draw(Stage::of(3).cluster());
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("10.0.0.1:7002 (00000000): 5462 slots"), "{picture}");
        assert!(picture.contains("3 of 3 nodes answer, 16384 of 16384 slots have an owner"));
    }
}
