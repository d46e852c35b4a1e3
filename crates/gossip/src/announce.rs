//! What this node says about itself.

use std::sync::Arc;

use slotmesh_table::NodeKey;
use slotmesh_wire::{HeaderFields, HeaderTemplate, Name, NodeFlags, OwnMarks};

use crate::config::Rules;
use crate::engine::Engine;

impl Engine {
    /// Brings the own entry in line with the configuration. The address stays what it was unless one is announced.
    pub(crate) fn announce_myself(&mut self) {
        let me = self.table.my_key();
        let config = &self.config;
        let facts = self.table.facts_mut(me);
        if !config.announce_host.is_unknown() {
            facts.address.host = config.announce_host;
        }
        facts.address.port = config.port;
        facts.address.tls_port = config.tls_port;
        facts.address.bus_port = config.bus_port;
        facts.announcements = Arc::clone(&config.announcements);
        facts.no_failover = config.no_failover;
        facts.capabilities.extensions = true;
        facts.capabilities.light_publish = true;
        facts.capabilities.light_module = true;
        facts.connected = true;
        self.header = None;
    }

    /// The own header, laid out again only when something it says has changed.
    pub(crate) fn header(&mut self) -> &HeaderTemplate {
        let version = self.table.version();
        if self.header.as_ref().is_none_or(|(shown, _)| *shown != version) {
            let template = HeaderTemplate::new(&self.header_fields());
            self.header = Some((version, template));
        }
        &self.header.as_ref().expect("just laid out").1
    }

    fn header_fields(&self) -> HeaderFields {
        let me = self.table.me();
        // A replica shows its primary's slots; one whose primary is not known shows its own, which are none.
        let primary = me.primary_key().map(|key| self.table.node(key));
        let (port, other_port) = self.port_pair(me.address.port, me.address.tls_port);
        HeaderFields {
            port,
            other_port,
            bus_port: me.address.bus_port,
            current_epoch: self.table.current_epoch,
            config_epoch: self.table.epoch_of(self.table.my_key()),
            offset: self.replication.offset,
            sender: (*me.id()).into(),
            slots: primary.unwrap_or(me).slots().clone(),
            replica_of: primary.map_or(Name::NULL, |primary| (*primary.id()).into()),
            host: self.config.announce_host.into(),
            flags: self.flags_of(self.table.my_key()),
            state_fail: !self.state.ok,
            message_flags: slotmesh_wire::MessageFlags::default().paused(self.is_paused()),
            cluster_tag: self.config.cluster_tag,
            own_marks: OwnMarks {
                heeds_leave: true,
                leaving: self.leaving.is_some(),
                witness: true,
                compares: self.config.rules == Rules::Slotmesh,
                roster: None,
            },
        }
    }

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

    /// The two client ports in the order of packets: the one of the kind the bus uses stands first.
    pub(crate) fn port_pair(&self, port: u16, tls_port: u16) -> (u16, u16) {
        if self.config.tls_cluster { (tls_port, port) } else { (port, tls_port) }
    }
}
