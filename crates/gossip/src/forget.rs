//! FORGET. Source: spec of the bus, 10.1.

use std::time::Duration;

use slotmesh_table::{Address, NodeKey};
use slotmesh_types::{NodeId, Now};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::{Event, NodeName};
use crate::handshake::{HandshakeEnd, HandshakeOrigin};

/// Why a node was not forgotten; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgetError {
    /// Nobody of that name is known.
    #[error("unknown node")]
    Unknown,
    /// It is this node.
    #[error("a node can't forget itself")]
    Myself,
    /// It is this node's primary.
    #[error("a replica can't forget its primary")]
    MyPrimary,
}

impl Engine {
    /// Removes a node and keeps gossip from bringing it back for the configured time; others are told.
    ///
    /// # Errors
    /// See [`ForgetError`]. Forgetting a node that is forgotten already is no error.
    pub fn forget(&mut self, now: Now, id: &NodeId) -> Result<(), ForgetError> {
        self.now = now;
        let Some(key) = self.table.lookup(id) else {
            return if self.table.forgotten.contains(id, now.mono) { Ok(()) } else { Err(ForgetError::Unknown) };
        };
        if key == self.table.my_key() {
            return Err(ForgetError::Myself);
        }
        if self.table.me().primary_key() == Some(key) {
            return Err(ForgetError::MyPrimary);
        }
        self.conclude(key, HandshakeEnd::Cancelled);
        self.forget_node(key, self.config.forget_ttl, None);
        self.tell_forgotten();
        self.handle_timeout(now);
        Ok(())
    }

    pub(crate) fn forget_node(&mut self, key: NodeKey, ttl: Duration, by: Option<NodeName>) {
        let (node, address) = (self.name(key), self.table.node(key).address);
        self.table.forgotten.insert(node.id, self.now.mono, ttl);
        self.drop_node(key);
        self.end_handshakes_from(&address);
        self.emit(Event::NodeForgotten { node, by });
        self.want_save(Durability::Lazy);
    }

    /// A node that is forgotten while its own MEET is under way here does not join by that.
    fn end_handshakes_from(&mut self, address: &Address) {
        let there = self.handshakes.with(address);
        let its_own = there.filter(|(_, handshake)| handshake.origin == HandshakeOrigin::Peer);
        let keys: Vec<_> = its_own.map(|(key, _)| key).collect();
        for key in keys {
            self.abandon(key, HandshakeEnd::Cancelled);
        }
    }
}
