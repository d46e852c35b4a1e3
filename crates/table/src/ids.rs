//! Which node has which id.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use slotmesh_types::NodeId;

use crate::node::{Node, NodeKey};

/// The nodes of a table by id. It holds keys alone, so that it stays in the cache where each heartbeat looks up hundreds; the
/// ids are with the nodes, which are looked at next anyway. Seeded by chance: members choose ids. Nothing depends on its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    keys: HashTable<NodeKey>,
    seed: RandomState,
}

impl Ids {
    /// Of all these.
    pub(crate) fn of(nodes: &[Option<Node>]) -> Self {
        let mut ids = Self::default();
        for (index, node) in nodes.iter().enumerate() {
            if node.is_some() {
                ids.insert(nodes, NodeKey(index as u16));
            }
        }
        ids
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn get(&self, nodes: &[Option<Node>], id: &NodeId) -> Option<NodeKey> {
        self.keys.find(self.seed.hash_one(id), |key| id_of(nodes, *key) == id).copied()
    }

    /// Adds one of the nodes.
    ///
    /// # Panics
    /// When its id is there.
    pub(crate) fn insert(&mut self, nodes: &[Option<Node>], key: NodeKey) {
        let id = id_of(nodes, key);
        assert!(self.get(nodes, id).is_none(), "an id is in the table at most once");
        let hash = |key: &NodeKey| self.seed.hash_one(id_of(nodes, *key));
        self.keys.insert_unique(hash(&key), key, hash);
    }

    /// Takes one of the nodes out, before its id changes.
    pub(crate) fn remove(&mut self, nodes: &[Option<Node>], key: NodeKey) {
        if let Ok(entry) = self.keys.find_entry(self.seed.hash_one(id_of(nodes, key)), |other| *other == key) {
            entry.remove();
        }
    }
}

fn id_of(nodes: &[Option<Node>], key: NodeKey) -> &NodeId {
    nodes[key.index()].as_ref().expect("the key of a node in the table").id()
}
