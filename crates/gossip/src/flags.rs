//! The flag word of a node: how it travels, and what it tells.

use slotmesh_table::NodeKey;
use slotmesh_wire::{Header, NodeFlags};

use crate::engine::Engine;

impl Engine {
    /// The flag word of a node as it travels.
    pub(crate) fn flags_of(&self, key: NodeKey) -> NodeFlags {
        use slotmesh_table::{Health, Role};
        let node = self.table.node(key);
        NodeFlags::default()
            // An entry without a role would abort real servers; "primary" is what they assume of an empty one [role-1].
            .with(if matches!(node.role(), Role::Replica(_)) { NodeFlags::REPLICA } else { NodeFlags::PRIMARY })
            .with_if(node.health == Health::Pfail, NodeFlags::PFAIL)
            .with_if(node.health == Health::Fail, NodeFlags::FAIL)
            .with_if(key == self.table.my_key(), NodeFlags::MYSELF)
            .with_if(node.noaddr, NodeFlags::NOADDR)
            .with_if(node.migrate_to, NodeFlags::MIGRATE_TO)
            .with_if(node.no_failover, NodeFlags::NOFAILOVER)
            .with_if(node.capabilities.extensions, NodeFlags::EXTENSIONS)
            .with_if(node.capabilities.light_publish, NodeFlags::LIGHT_PUBLISH)
            .with_if(node.capabilities.light_module, NodeFlags::LIGHT_MODULE)
            .with_if(node.capabilities.my_primary_fail, NodeFlags::MY_PRIMARY_FAIL)
    }

    /// Notes what a member says that it can do.
    pub(crate) fn copy_capabilities(&mut self, key: NodeKey, header: &Header<'_>) {
        let flags = header.flags();
        let old = self.table.node(key).capabilities;
        let new = slotmesh_table::Capabilities {
            extensions: old.extensions || header.message_flags().has_extensions(),
            light_publish: flags.has(NodeFlags::LIGHT_PUBLISH),
            light_module: flags.has(NodeFlags::LIGHT_MODULE),
            my_primary_fail: flags.has(NodeFlags::MY_PRIMARY_FAIL),
        };
        if new != old {
            self.table.facts_mut(key).capabilities = new;
            // A sibling's word that the primary is gone may be the last that was missing.
            self.election.due |= self.table.me().is_replica();
        }
    }
}
