//! The nodes on a circle, and the links between them.

use std::f64::consts::TAU;

use slotmesh_types::NodeId;

use super::HALF;
use super::colours::{Colours, DEAD};
use super::svg::Svg;
use crate::view::{Cluster, Role};

/// Colours of links.
pub(super) const GOOD: &str = "#d0d8d0";
pub(super) const ONE_SIDED: &str = "#ff8c00";
pub(super) const CUT: &str = "#d00000";

/// With more nodes only the links that are not as they should be are drawn, and no names.
const DETAILED_MAX: usize = 60;

/// Most faulty links that are drawn.
const FAULTS_MAX: usize = 5_000;

pub(super) fn draw(cluster: &Cluster, nodes: &[NodeId], colours: &Colours, svg: &mut Svg) {
    let places: Vec<_> = (0..nodes.len()).map(|index| on_circle(index, nodes.len(), 190.0)).collect();
    let detailed = nodes.len() <= DETAILED_MAX;
    let mut faults = Vec::new();
    for (a, from) in nodes.iter().enumerate() {
        for (b, to) in nodes.iter().enumerate().skip(a + 1) {
            match (cluster.link(from, to), cluster.link(to, from)) {
                (Some(true), Some(true)) if detailed => svg.line(places[a], places[b], GOOD, 1.0),
                (Some(true), Some(true)) | (None, None) => {}
                (Some(true), _) | (_, Some(true)) => faults.push((a, b, ONE_SIDED)),
                _ if cluster.is_alive(from) && cluster.is_alive(to) => faults.push((a, b, CUT)),
                _ => {}
            }
        }
    }
    // Above the others.
    for (a, b, colour) in faults.into_iter().take(FAULTS_MAX) {
        svg.line(places[a], places[b], colour, 2.0);
    }
    let radius = if detailed { 9.0 } else { 4.0 };
    for (index, id) in nodes.iter().enumerate() {
        let own = colours.of_node(id);
        let colour = if cluster.is_alive(id) { &own } else { DEAD };
        let replica = matches!(cluster.best_entry(id).map(|entry| entry.role), Some(Role::Replica(_)));
        svg.circle(places[index], radius, if replica { "#ffffff" } else { colour }, colour);
        if detailed {
            let (x, y) = on_circle(index, nodes.len(), 208.0);
            let anchor = if x < HALF / 2.0 - 1.0 { "end" } else { "start" };
            svg.text((x, y + 3.0), 9.0, anchor, &label(cluster, id));
        }
    }
}

/// Without the id: it has no room.
fn label(cluster: &Cluster, id: &NodeId) -> String {
    cluster.name(id).split(' ').next().unwrap_or_default().to_owned()
}

fn on_circle(index: usize, of: usize, radius: f64) -> (f64, f64) {
    let angle = TAU * index as f64 / of.max(1) as f64 - TAU / 4.0;
    (HALF / 2.0 + radius * angle.cos(), HALF / 2.0 + 20.0 + radius * angle.sin())
}
