//! The order of the steps to a layout: nobody gives its last slot away before it has got others.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_table::ClusterView;
use slotmesh_types::{NodeId, Slot, SlotSet};
use tonic::Status;

use crate::plan::Step;

/// Orders steps so that no node is bare half way: who has given its last slot away follows the one who got it, and can't be
/// given others after that.
///
/// What nobody owns comes first, since it is not served. Then those hand over who keep a slot, or get none. Whoever gives all it
/// has and gets others keeps one slot back until something has come; that slot is a step of its own then.
///
/// # Errors
/// Nodes of one slot each would pass it round in a ring, so whoever begins is bare.
pub(crate) fn ordered(view: &ClusterView, steps: Vec<Step>) -> Result<Vec<Step>, Status> {
    let exchange = Exchange::new(view, &steps);
    let (careful, mut ordered): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| exchange.is_giver(step));
    ordered.sort_by_key(|step| step.from.is_some());
    let mut fed: BTreeSet<NodeId> = ordered.iter().map(|step| step.to).collect();
    let kept = exchange.kept(&careful);
    let mut held = Vec::new();
    for (index, mut step) in careful.into_iter().enumerate() {
        let starved = step.from.is_some_and(|from| !fed.contains(&from));
        if starved && kept.contains(&index) {
            held.extend(keep_back(&mut step));
        }
        if !step.slots.is_empty() {
            fed.insert(step.to);
            ordered.push(step);
        }
    }
    while let Some(next) = held.iter().position(|step| step.from.is_some_and(|from| fed.contains(&from))) {
        let step = held.remove(next);
        fed.insert(step.to);
        ordered.push(step);
    }
    if held.is_empty() { Ok(ordered) } else { Err(ring_of_one_slot_each(&held)) }
}

/// The nodes that give all they have and get others.
struct Exchange {
    /// How many slots each of them gets, and who gives them if one node does.
    gets: BTreeMap<NodeId, (usize, Option<NodeId>)>,
}

impl Exchange {
    fn new(view: &ClusterView, steps: &[Step]) -> Self {
        let mut given: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut gets: BTreeMap<NodeId, (usize, Option<NodeId>)> = BTreeMap::new();
        for Step { to, from, slots } in steps {
            let moved = usize::from(slots.len());
            let (count, giver) = gets.entry(*to).or_insert((0, *from));
            *count += moved;
            *giver = giver.filter(|giver| Some(giver) == from.as_ref());
            if let Some(from) = from {
                *given.entry(*from).or_default() += moved;
            }
        }
        let owned = |id: &NodeId| view.lookup(id).map_or(0, |node| usize::from(node.facts.slots().len()));
        gets.retain(|id, _| given.get(id).is_some_and(|given| *given == owned(id)));
        Self { gets }
    }

    fn is_giver(&self, step: &Step) -> bool {
        step.from.is_some_and(|from| self.gets.contains_key(&from))
    }

    /// Positions of the steps of which a slot is kept back: the last of each giver, but none that its ring waits for.
    fn kept(&self, steps: &[Step]) -> BTreeSet<usize> {
        let mut kept: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut nexts: BTreeMap<NodeId, Option<NodeId>> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            let Some(from) = step.from else { continue };
            let next = *nexts.entry(from).or_insert_with(|| self.next_in_ring(from));
            if next == Some(step.to) {
                kept.entry(from).or_insert(index);
            } else {
                kept.insert(from, index);
            }
        }
        kept.into_values().collect()
    }

    /// Whom a node gives a slot to in a ring of nodes that get one slot each, the last of them from the first. Only that slot
    /// brings the node something.
    fn next_in_ring(&self, node: NodeId) -> Option<NodeId> {
        let mut at = node;
        for _ in 0..self.gets.len() {
            let (1, Some(giver)) = *self.gets.get(&at)? else { return None };
            if giver == node {
                return Some(at);
            }
            at = giver;
        }
        None
    }
}

/// Takes one slot out of a step, as a step of its own.
fn keep_back(step: &mut Step) -> Option<Step> {
    let slot: Slot = step.slots.iter().last()?;
    step.slots.remove(slot);
    let mut slots = SlotSet::new();
    slots.insert(slot);
    Some(Step { slots, ..step.clone() })
}

fn ring_of_one_slot_each(held: &[Step]) -> Status {
    let nodes: Vec<String> = held.iter().filter_map(|step| step.from).map(|from| from.to_string()).collect();
    Status::failed_precondition(format!(
        "layout: each of the nodes {} owns one slot and would get another's: whoever gives its slot away first owns none, and \
         follows the new owner; give one of them one more slot before",
        nodes.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slotmesh_table::{BusStats, NodeFacts, Table};
    use slotmesh_types::{Mono, Now, ShardId, UnixMillis};
    use tonic::Code;

    use super::*;
    use crate::plan::plan;
    use crate::proto;

    const NODES: u8 = 4;

    fn id(number: u8) -> NodeId {
        NodeId::from_entropy([number; 20])
    }

    /// Owners by slot, from slot 0 on; `None` for nobody.
    type Owners = Vec<Option<u8>>;

    fn view(owners: &Owners) -> ClusterView {
        let mut table = Table::new(id(0), ShardId::from_entropy([0; 20]));
        for number in 1..NODES {
            let facts = NodeFacts::primary(id(number), ShardId::from_entropy([number; 20]));
            table.add(facts, Mono::default()).unwrap();
        }
        for (raw, owner) in (0..).zip(owners) {
            if let Some(owner) = owner {
                let key = table.lookup(&id(*owner)).unwrap();
                table.bind(Slot::new(raw).unwrap(), key);
            }
        }
        ClusterView::new(&table, Now { mono: Mono::default(), unix: UnixMillis(0) }, true, 0, BusStats::default())
    }

    /// Every slot has an owner in it.
    fn layout(owners: &[u8]) -> proto::Layout {
        let slots_of = |node: u8| {
            let slots = (0..).zip(owners).filter(|(_, owner)| **owner == node);
            slots.map(|(raw, _)| proto::SlotRange { first: raw, last: raw }).collect()
        };
        let nodes = (0..NODES).map(|node| proto::NodeSlots { node_id: id(node).to_string(), slots: slots_of(node) });
        proto::Layout { nodes: nodes.filter(|node: &proto::NodeSlots| !node.slots.is_empty()).collect() }
    }

    /// From whom slots go, to whom, and which.
    type Move = (Option<u8>, u8, Vec<u16>);

    fn planned(from: &Owners, to: &[u8]) -> Result<Vec<Move>, Status> {
        let number = |id: NodeId| (0..NODES).find(|number| self::id(*number) == id).unwrap();
        let steps = plan(&view(from), Some(&layout(to)))?;
        let step = |step: &Step| (step.from.map(number), number(step.to), step.slots.iter().map(Slot::get).collect());
        Ok(steps.iter().map(step).collect())
    }

    fn own(owners: &[u8]) -> Owners {
        owners.iter().copied().map(Some).collect()
    }

    /// Carries out a plan; fails where a node is given slots after its last one has left it.
    fn carried_out(from: &Owners, steps: &[(Option<u8>, u8, Vec<u16>)]) -> Owners {
        let mut owners = from.clone();
        let mut bare = BTreeSet::new();
        for (from, to, slots) in steps {
            assert!(!slots.is_empty() && !bare.contains(to), "{steps:?}");
            for slot in slots {
                let owner = &mut owners[usize::from(*slot)];
                assert_eq!(owner, from, "{steps:?}");
                *owner = Some(*to);
            }
            bare.extend(from.filter(|from| !owners.contains(&Some(*from))));
        }
        owners
    }

    /// Whether any order of single slots goes from one layout to another.
    fn is_reachable(from: &Owners, to: &[u8]) -> bool {
        let (mut seen, mut open) = (BTreeSet::from([from.clone()]), vec![from.clone()]);
        while let Some(owners) = open.pop() {
            if owners.iter().zip(to).all(|(owner, wanted)| *owner == Some(*wanted)) {
                return true;
            }
            for (slot, wanted) in to.iter().enumerate().filter(|(slot, wanted)| owners[*slot] != Some(**wanted)) {
                let mut next = owners.clone();
                next[slot] = Some(*wanted);
                let still_gets = |node| next.iter().zip(to).any(|(owner, to)| *to == node && *owner != Some(node));
                let is_bare = owners[slot].is_some_and(|giver| !next.contains(&Some(giver)) && still_gets(giver));
                if !is_bare && seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        false
    }

    #[test]
    fn two_nodes_that_change_places_keep_a_slot_until_they_have_others() {
        let from = own(&[0, 0, 0, 1, 1, 1]);
        let steps = planned(&from, &[1, 1, 1, 0, 0, 0]).unwrap();
        assert_eq!(steps, [(Some(1), 0, vec![3, 4]), (Some(0), 1, vec![0, 1, 2]), (Some(1), 0, vec![5])]);
        carried_out(&from, &steps);
    }

    #[test]
    fn what_nobody_owns_is_taken_first_and_who_gets_it_gives_all_it_has_in_one_step() {
        let from = [own(&[0, 0, 1, 1]), vec![None]].concat();
        let steps = planned(&from, &[1, 1, 0, 0, 1]).unwrap();
        assert_eq!(steps, [(None, 1, vec![4]), (Some(1), 0, vec![2, 3]), (Some(0), 1, vec![0, 1])]);
    }

    #[test]
    fn a_ring_turns_if_one_of_its_nodes_has_two_slots_and_is_refused_with_their_names_otherwise() {
        let refused = planned(&own(&[0, 1, 2, 3, 3]), &[1, 2, 0, 3, 3]).unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!((0..3).all(|number| refused.message().contains(id(number).as_str())), "{refused}");
        // The second slot of node 0 goes elsewhere, and has to wait until the ring has turned.
        let from = own(&[0, 0, 1]);
        let steps = planned(&from, &[2, 1, 0]).unwrap();
        assert_eq!(steps, [(Some(0), 1, vec![1]), (Some(1), 0, vec![2]), (Some(0), 2, vec![0])]);
        carried_out(&from, &steps);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn every_layout_that_can_be_reached_is_and_no_other(
            slots in prop::collection::vec((prop::option::weighted(0.9, 0..NODES), 0..NODES), 1..7)
        ) {
            let (from, to): (Owners, Vec<u8>) = slots.into_iter().unzip();
            match planned(&from, &to) {
                Ok(steps) => prop_assert_eq!(carried_out(&from, &steps), own(&to)),
                Err(status) => {
                    prop_assert_eq!(status.code(), Code::FailedPrecondition);
                    prop_assert!(!is_reachable(&from, &to));
                }
            }
        }
    }
}
