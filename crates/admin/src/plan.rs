//! From the present layout of slots to a wanted one.

use std::collections::BTreeMap;

use slotmesh_table::{ClusterView, NodeView};
use slotmesh_types::{NodeId, Slot, SlotSet};
use tonic::Status;

use crate::{convert, proto, step_order};

/// One step: slots of one owner, or of nobody, go to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) to: NodeId,
    pub(crate) from: Option<NodeId>,
    pub(crate) slots: SlotSet,
}

impl Step {
    pub(crate) fn shown(&self) -> proto::Step {
        let kind = if self.from.is_some() { proto::StepKind::Move } else { proto::StepKind::Add };
        proto::Step {
            kind: kind.into(),
            node_id: self.to.to_string(),
            from_id: self.from.map(|from| from.to_string()).unwrap_or_default(),
            slots: convert::ranges(&self.slots),
        }
    }
}

/// The steps to a layout, in an order in which they can be carried out.
///
/// # Errors
/// The layout names a node that is no primary here, or a slot twice, or no order of steps leads there.
pub(crate) fn plan(view: &ClusterView, layout: Option<&proto::Layout>) -> Result<Vec<Step>, Status> {
    let owners = owners(view);
    let mut wanted = SlotSet::new();
    let mut steps = Vec::new();
    for entry in layout.map(|layout| layout.nodes.as_slice()).unwrap_or_default() {
        let to = primary(view, &entry.node_id)?;
        let mut by_owner: BTreeMap<Option<NodeId>, SlotSet> = BTreeMap::new();
        for range in convert::slot_ranges("layout.nodes.slots", &entry.slots)? {
            for slot in range.iter() {
                if !wanted.insert(slot) {
                    return Err(Status::invalid_argument(format!("layout: slot {slot} is given to two nodes")));
                }
                let owner = owners[slot.index()];
                if owner != Some(to) {
                    by_owner.entry(owner).or_default().insert(slot);
                }
            }
        }
        steps.extend(by_owner.into_iter().map(|(from, slots)| Step { to, from, slots }));
    }
    step_order::ordered(view, steps)
}

fn primary(view: &ClusterView, id: &str) -> Result<NodeId, Status> {
    let id = convert::node_id("layout.nodes.node_id", id)?;
    let node = view.lookup(&id).filter(|node| !node.facts.handshake);
    let node = node.ok_or_else(|| Status::not_found(format!("layout: no member {id} is known here")))?;
    if node.facts.is_primary() {
        Ok(id)
    } else {
        Err(Status::failed_precondition(format!("layout: node {id} is a replica; slots belong to primaries")))
    }
}

/// The owner of each slot.
fn owners(view: &ClusterView) -> Vec<Option<NodeId>> {
    let mut owners = vec![None; usize::from(Slot::COUNT)];
    for node in &view.nodes {
        for slot in node.facts.slots().iter() {
            owners[slot.index()] = Some(*node.facts.id());
        }
    }
    owners
}

/// Whether a member owns all of these slots.
pub(crate) fn owns(node: &NodeView, slots: &SlotSet) -> bool {
    slots.iter().all(|slot| node.facts.slots().contains(slot))
}
