//! What this node says about itself.

use std::sync::Arc;

use slotmesh_wire::{HeaderFields, HeaderTemplate, Name, OwnMarks};

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

    /// Makes the own header and views show what the table does not hold.
    pub(crate) fn touch(&mut self) {
        let me = self.table.my_key();
        self.table.facts_mut(me);
    }
}
