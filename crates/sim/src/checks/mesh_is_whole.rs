//! Nodes that know each other end up as one mesh.
//!
//! Two nodes know each other when each has the other in its table and one of them knows where to find the other. What
//! hangs together that way becomes a full mesh: everybody knows, reaches and trusts everybody, and agrees on slots.

use slotmesh_table::{Health, Node, Table};
use slotmesh_types::NodeId;

use crate::world::World;

impl World {
    /// What keeps the running nodes from being whole meshes; nothing if they are.
    #[must_use]
    pub fn disorder(&self) -> Option<String> {
        let up: Vec<usize> = (0..self.count()).filter(|node| self.is_up(*node)).collect();
        let handshakes = up.iter().find(|node| self.running(**node).handshakes().next().is_some());
        if let Some(node) = handshakes {
            return Some(format!("node {node} is in handshake"));
        }
        if let Some(what) = up.iter().find_map(|node| self.chain(*node)) {
            return Some(what);
        }
        let group = self.groups(&up);
        let pairs = up.iter().flat_map(|a| up.iter().map(move |b| (*a, *b)));
        pairs.filter(|(a, b)| a != b && group[*a] == group[*b]).find_map(|(a, b)| self.pair_disorder(a, b, &group))
    }

    /// A replica that follows a replica, although it knows whom that one follows.
    fn chain(&self, node: usize) -> Option<String> {
        let table = self.running(node).table();
        let primary = table.me().primary_key()?;
        let above = table.node(primary).primary_key().filter(|above| *above != table.my_key())?;
        let (primary, above) = (table.node(primary).id(), table.node(above).id());
        Some(format!("node {node} follows {primary}, which follows {above}"))
    }

    /// A node of those that each node hangs together with, the same one for all of them.
    fn groups(&self, up: &[usize]) -> Vec<usize> {
        let mut above: Vec<usize> = (0..self.count()).collect();
        let top = |above: &[usize], node: usize| {
            let mut at = node;
            while above[at] != at {
                at = above[at];
            }
            at
        };
        for (index, a) in up.iter().enumerate() {
            for b in &up[index + 1..] {
                let (one, other) = (top(&above, *a), top(&above, *b));
                if one != other && self.know_each_other(*a, *b) {
                    above[one.max(other)] = one.min(other);
                }
            }
        }
        (0..above.len()).map(|node| top(&above, node)).collect()
    }

    fn know_each_other(&self, a: usize, b: usize) -> bool {
        let known = |a: usize, b: usize| self.sees(a, self.id(b)).is_some_and(|node| !node.handshake);
        let findable = |a: usize, b: usize| {
            let (there, config) = (self.nodes[b].host, &self.nodes[b].config);
            self.sees(a, self.id(b)).is_some_and(|node| {
                !node.noaddr && node.address.host.is_same(&there) && node.address.bus_port == config.bus_port
            })
        };
        known(a, b) && known(b, a) && (findable(a, b) || findable(b, a))
    }

    fn is_up_in(&self, group: &[usize], member: usize, id: &NodeId) -> bool {
        (0..self.count()).any(|node| group[node] == group[member] && self.is_up(node) && self.id(node) == *id)
    }

    fn pair_disorder(&self, a: usize, b: usize, group: &[usize]) -> Option<String> {
        let Some(node) = self.sees(a, self.id(b)) else { return Some(format!("node {a} does not know node {b}")) };
        if node.noaddr || !node.connected || node.health != Health::Online {
            let state = (node.connected, node.health, node.noaddr);
            return Some(format!("node {a} sees node {b} as (connected, health, noaddr) {state:?}"));
        }
        let (mine, theirs) = (self.running(a).table(), self.running(b).table());
        if node.is_replica() != theirs.me().is_replica() {
            return Some(format!("node {a} takes node {b} for a {:?}, it is a {:?}", node.role(), theirs.me().role()));
        }
        let primaries = mine.me().is_primary() && theirs.me().is_primary();
        if primaries && mine.me().config_epoch == theirs.me().config_epoch {
            let seen = |table: &Table, id| table.lookup(id).map(|key| table.node(key).config_epoch);
            let epochs = (seen(mine, theirs.me().id()), mine.me().config_epoch, seen(theirs, mine.me().id()));
            return Some(format!(
                "nodes {a} and {b} share a config epoch: (seen by {a}, real, seen by {b}) {epochs:?}"
            ));
        }
        if theirs.me().is_replica() {
            // An operator may have given it slots; nobody listens to a replica's claim.
            return None;
        }
        let (own, epoch) = (theirs.me().slots(), theirs.me().config_epoch);
        // Somebody who is gone for good, or in another mesh, may have the newer claim, or one as new that nobody disputes any
        // more: a node by an id that it had before a hard reset, say. Only an operator, or an election, ends that.
        let outdone = |owner: &Node| owner.config_epoch >= epoch && !self.is_up_in(group, a, owner.id());
        let disputed = own.iter().find(|slot| {
            let owner = mine.owner(*slot).map(|key| mine.node(key));
            owner.is_none_or(|owner| owner.id() != theirs.me().id() && !outdone(owner))
        });
        disputed.map(|slot| {
            let seen = mine.owner(slot).map(|key| (mine.node(key).id(), mine.node(key).config_epoch));
            let known = node.config_epoch;
            format!("node {b} owns slot {slot} at {epoch}, node {a} knows {known} and sees the owner {seen:?}")
        })
    }
}
