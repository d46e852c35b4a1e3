//! All slots as a square of 128 rows.

use slotmesh_types::{NodeId, Slot};

use super::HALF;
use super::colours::Colours;
use super::svg::Svg;
use crate::view::Cluster;

/// Slots in a row, and rows.
const SIDE: usize = 128;

/// Side of one slot in pixels: a whole number, or rows would not meet.
const CELL: f64 = 4.0;

/// A slot that nobody owns, and one that several nodes claim.
const NOBODY: &str = "#000000";
const CONTESTED: &str = "#d00000";

pub(super) fn draw(cluster: &Cluster, colours: &Colours, svg: &mut Svg) {
    let cells = cells(cluster, colours);
    for (row, cells) in cells.chunks(SIDE).enumerate() {
        let mut column = 0;
        for run in cells.chunk_by(|a, b| a == b) {
            let corner = (HALF + 40.0 + CELL * column as f64, 60.0 + CELL * row as f64);
            svg.rect(corner, (CELL * run.len() as f64, CELL), &run[0]);
            column += run.len();
        }
    }
    let below = 60.0 + CELL * SIDE as f64 + 16.0;
    svg.text(
        (HALF + 40.0, below),
        10.0,
        "start",
        "slots 0 to 16383, 128 in a row; black: nobody's, red: claimed by several",
    );
}

/// The colour of each slot.
fn cells(cluster: &Cluster, colours: &Colours) -> Vec<String> {
    let mut claims: Vec<Option<Vec<NodeId>>> = vec![None; usize::from(Slot::COUNT)];
    for (id, owner) in cluster.owners() {
        for slot in owner.slots.iter().flat_map(|range| range.iter()) {
            claims[slot.index()].get_or_insert_default().push(id);
        }
    }
    let colour = |claim: Option<Vec<NodeId>>| match claim.as_deref() {
        None | Some([]) => NOBODY.to_owned(),
        Some([owner]) => colours.of_node(owner),
        Some(_) => CONTESTED.to_owned(),
    };
    claims.into_iter().map(colour).collect()
}
