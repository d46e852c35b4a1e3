//! What is known about a node and changes seldom.

use std::sync::Arc;

use slotmesh_types::{Announced, ConfigEpoch, Host, Hostname, NodeId, ShardId, SlotSet};

use crate::node::NodeKey;

/// What a node is for its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Serves its own slots.
    Primary,
    /// Follows a primary, which may not be known yet.
    Replica(Option<NodeKey>),
    /// Its role has not been heard yet; nodes.conf says `noflags`.
    Unknown,
}

/// What this node thinks of another one's health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing is wrong.
    #[default]
    Online,
    /// This node can't reach it.
    Pfail,
    /// It is failing, by agreement.
    Fail,
}

/// What a node said it understands. Source: spec of the bus, section 4, bits 10 to 13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Ping extensions.
    pub extensions: bool,
    /// Light publish messages.
    pub light_publish: bool,
    /// Light module messages, and repeated MEETs.
    pub light_module: bool,
    /// Not a capability: it is a replica that sees its primary as failing.
    pub my_primary_fail: bool,
}

/// Where a node listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// IP address as text (or what was announced instead); empty when not known.
    pub host: Host,
    /// Client port; 0 for none.
    pub port: u16,
    /// Client port for TLS; 0 for none.
    pub tls_port: u16,
    /// Bus port.
    pub bus_port: u16,
}

impl Address {
    /// Whether both are one place.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.host.is_same(&other.host)
            && (self.port, self.tls_port, self.bus_port) == (other.port, other.tls_port, other.bus_port)
    }
}

/// The optional things a node announces about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcements {
    /// Host name for clients.
    pub hostname: Hostname,
    /// Name for logs.
    pub human_nodename: Announced,
    /// Address for IPv4 clients; empty for none.
    pub client_ipv4: Host,
    /// Address for IPv6 clients; empty for none.
    pub client_ipv6: Host,
    /// Port for clients; 0 for none.
    pub client_port: u16,
    /// Port for TLS clients; 0 for none.
    pub client_tls_port: u16,
    /// Availability zone.
    pub zone: Announced,
}

/// What is known about a node and changes seldom. Shared with views; the table copies it on the first change after a
/// view was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    pub(crate) id: NodeId,
    /// Its shard; random until it has told.
    pub shard: ShardId,
    pub(crate) role: Role,
    /// Its replicas, ordered by id.
    pub(crate) replicas: Vec<NodeKey>,
    /// Its health as seen from here.
    pub health: Health,
    /// Not a member yet: its id is made up.
    pub handshake: bool,
    /// Its address is known to be wrong.
    pub noaddr: bool,
    /// It never starts a failover.
    pub no_failover: bool,
    /// It may be given replicas.
    pub migrate_to: bool,
    /// What it understands.
    pub capabilities: Capabilities,
    /// Version of its slot claim; for a replica 0 (its primary's counts).
    pub config_epoch: ConfigEpoch,
    /// Where it listens.
    pub address: Address,
    /// What it announces.
    pub announcements: Arc<Announcements>,
    /// A link opened by this node stands.
    pub connected: bool,
    pub(crate) slots: Option<Arc<SlotSet>>,
    pub(crate) slot_count: u16,
}

impl NodeFacts {
    /// A node of which only its names are known, as a primary without slots.
    #[must_use]
    pub fn primary(id: NodeId, shard: ShardId) -> Self {
        Self {
            id,
            shard,
            role: Role::Primary,
            replicas: Vec::new(),
            health: Health::Online,
            handshake: false,
            noaddr: false,
            no_failover: false,
            migrate_to: false,
            capabilities: Capabilities::default(),
            config_epoch: ConfigEpoch(0),
            address: Address::default(),
            announcements: Arc::default(),
            connected: false,
            slots: None,
            slot_count: 0,
        }
    }

    /// The same node in another role. A replica starts without a known primary; the table sets that.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = match role {
            Role::Replica(_) => Role::Replica(None),
            other => other,
        };
        self
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether it is a primary.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        matches!(self.role, Role::Primary)
    }

    /// Whether it is a replica.
    #[must_use]
    pub fn is_replica(&self) -> bool {
        matches!(self.role, Role::Replica(_))
    }

    /// Its primary, if it is a replica and that is known.
    #[must_use]
    pub fn primary_key(&self) -> Option<NodeKey> {
        if let Role::Replica(primary) = self.role { primary } else { None }
    }

    /// Its replicas, ordered by id.
    #[must_use]
    pub fn replicas(&self) -> &[NodeKey] {
        &self.replicas
    }

    /// Its slots.
    #[must_use]
    pub fn slots(&self) -> &SlotSet {
        static EMPTY: SlotSet = SlotSet::new();
        self.slots.as_deref().unwrap_or(&EMPTY)
    }

    /// How many slots it owns.
    #[must_use]
    pub fn slot_count(&self) -> u16 {
        self.slot_count
    }

    /// Whether its opinion counts: a primary that owns a slot.
    #[must_use]
    pub fn is_voting(&self) -> bool {
        self.is_primary() && self.slot_count > 0
    }
}
