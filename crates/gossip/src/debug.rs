//! Misbehaviour on purpose, for tests of clusters. Nothing of it outlives the process.

use slotmesh_types::{NodeId, Now};
use slotmesh_wire::Kind;

use crate::engine::Engine;
use crate::link::LinkId;

/// Which packets are dropped as they come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DroppedPackets {
    /// None.
    #[default]
    None,
    /// Those with this number of their type, with a light header or a full one.
    Type(u16),
    /// All.
    All,
}

/// How a node misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mischief {
    /// What is dropped before anybody looks at it.
    pub drop: DroppedPackets,
    /// A link ends on which a packet was dropped.
    pub close_on_drop: bool,
    /// Links that have ended stay closed.
    pub no_reconnection: bool,
    /// The ping that goes to some node every second is left out.
    pub no_random_ping: bool,
}

impl Mischief {
    pub(crate) fn drops(&self, packet: &[u8]) -> bool {
        match self.drop {
            DroppedPackets::None => false,
            DroppedPackets::All => true,
            DroppedPackets::Type(number) => type_of(packet) == Some(number),
        }
    }
}

impl Engine {
    /// How this node misbehaves now.
    #[must_use]
    pub fn mischief(&self) -> Mischief {
        self.mischief
    }

    /// Makes this node misbehave from now on, or stop to.
    pub fn set_mischief(&mut self, now: Now, mischief: Mischief) {
        self.now = now;
        self.mischief = mischief;
        self.clock.wake = now.mono;
        self.settle();
    }

    /// Ends links with a node as if the network had done so: those opened `to` it, those accepted `from` it. Tells whether
    /// it is known.
    pub fn kill_links(&mut self, now: Now, node: &NodeId, to: bool, from: bool) -> bool {
        self.now = now;
        let Some(key) = self.table.lookup(node) else { return false };
        let peer = &self.peers[key];
        let ids = [peer.outbound.filter(|_| to), peer.inbound.filter(|_| from)];
        ids.into_iter().flatten().for_each(|id| self.break_link(id));
        self.settle();
        true
    }

    /// A packet was dropped. It is counted, as real servers do.
    pub(crate) fn note_dropped(&mut self, link: LinkId, packet: &[u8]) {
        if let Some(number) = type_of(packet) {
            self.counters.received(Kind::from_wire(number), packet.len());
        }
        if self.mischief.close_on_drop {
            self.break_link(link);
        }
    }
}

/// The number of a packet's type; the top bit only marks a light header.
fn type_of(packet: &[u8]) -> Option<u16> {
    packet.get(12..14).map(|number| u16::from_be_bytes([number[0] & 0x7f, number[1]]))
}
