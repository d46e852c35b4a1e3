//! What heartbeats carry: entries about other nodes, and extensions.

use slotmesh_types::UnixMillis;

use crate::extension::Extensions;
use crate::flags::NodeFlags;
use crate::layout::GossipWire;
use crate::name::{HostField, Name};

/// The body of a PING, PONG or MEET, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat<'a> {
    pub(crate) entries: &'a [GossipEntry],
    pub(crate) extensions: Extensions<'a>,
}

impl<'a> Heartbeat<'a> {
    /// The entries about other nodes.
    #[must_use]
    pub fn entries(&self) -> &'a [GossipEntry] {
        self.entries
    }

    /// The extensions.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }
}

/// One gossip entry as received: what the sender knows about some node.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::KnownLayout,
    zerocopy::Immutable,
    zerocopy::Unaligned,
)]
#[repr(transparent)]
pub struct GossipEntry(GossipWire);

/// One gossip entry to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GossipFields {
    /// The node's name.
    pub name: Name,
    /// When the pending ping to it was sent; 0 if none is pending. Cut to seconds on the wire.
    pub ping_sent: UnixMillis,
    /// When it was last heard to be alive. Cut to seconds on the wire.
    pub pong_received: UnixMillis,
    /// Its address.
    pub host: HostField,
    /// Its client port of the kind the bus uses.
    pub port: u16,
    /// Its client port of the other kind; 0 for none.
    pub other_port: u16,
    /// Its bus port.
    pub bus_port: u16,
    /// The sender's flags for it.
    pub flags: NodeFlags,
}

impl GossipEntry {
    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// When the sender's pending ping to it was sent; 0 if none is pending. Whole seconds.
    #[must_use]
    pub fn ping_sent(&self) -> UnixMillis {
        UnixMillis::from_wire_seconds(self.0.ping_sent.get())
    }

    /// When the sender last heard that it is alive. Whole seconds.
    #[must_use]
    pub fn pong_received(&self) -> UnixMillis {
        UnixMillis::from_wire_seconds(self.0.pong_received.get())
    }

    /// Its address.
    #[must_use]
    pub fn host(&self) -> &HostField {
        &self.0.host
    }

    /// Its client port of the kind the bus uses.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port.get()
    }

    /// Its client port of the other kind; 0 for none.
    #[must_use]
    pub fn other_port(&self) -> u16 {
        self.0.other_port.get()
    }

    /// Its bus port.
    #[must_use]
    pub fn bus_port(&self) -> u16 {
        self.0.bus_port.get()
    }

    /// The sender's flags for it.
    #[must_use]
    pub fn flags(&self) -> NodeFlags {
        NodeFlags(self.0.flags.get())
    }

    /// Everything, as fields.
    #[must_use]
    pub fn to_fields(&self) -> GossipFields {
        GossipFields {
            name: *self.name(),
            ping_sent: self.ping_sent(),
            pong_received: self.pong_received(),
            host: *self.host(),
            port: self.port(),
            other_port: self.other_port(),
            bus_port: self.bus_port(),
            flags: self.flags(),
        }
    }
}

impl From<&GossipFields> for GossipEntry {
    fn from(fields: &GossipFields) -> Self {
        Self(GossipWire {
            name: fields.name,
            ping_sent: fields.ping_sent.as_wire_seconds().into(),
            pong_received: fields.pong_received.as_wire_seconds().into(),
            host: fields.host,
            port: fields.port.into(),
            bus_port: fields.bus_port.into(),
            flags: fields.flags.0.into(),
            other_port: fields.other_port.into(),
            reserved: 0.into(),
        })
    }
}
