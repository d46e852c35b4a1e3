//! Flag words.

use std::fmt;

/// The flags of a node as they stand in headers and gossip entries; unknown bits are kept. Source: spec of the bus,
/// section 4.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct NodeFlags(pub u16);

impl NodeFlags {
    /// A primary.
    pub const PRIMARY: Self = Self(1);
    /// A replica.
    pub const REPLICA: Self = Self(1 << 1);
    /// Suspected by whoever says so.
    pub const PFAIL: Self = Self(1 << 2);
    /// Failing, by agreement.
    pub const FAIL: Self = Self(1 << 3);
    /// The speaker itself.
    pub const MYSELF: Self = Self(1 << 4);
    /// Not yet known by its real name.
    pub const HANDSHAKE: Self = Self(1 << 5);
    /// Its address is not known.
    pub const NOADDR: Self = Self(1 << 6);
    /// Will be greeted with a MEET.
    pub const MEET: Self = Self(1 << 7);
    /// A primary that may be given replicas.
    pub const MIGRATE_TO: Self = Self(1 << 8);
    /// A replica that never starts a failover.
    pub const NOFAILOVER: Self = Self(1 << 9);
    /// Understands ping extensions.
    pub const EXTENSIONS: Self = Self(1 << 10);
    /// Accepts light publish messages.
    pub const LIGHT_PUBLISH: Self = Self(1 << 11);
    /// Accepts light module messages, and repeated MEETs on one link.
    pub const LIGHT_MODULE: Self = Self(1 << 12);
    /// A replica that sees its primary as failing.
    pub const MY_PRIMARY_FAIL: Self = Self(1 << 13);

    /// What a gossip entry may say about a node: everything but MYSELF, HANDSHAKE and MEET, which receivers would copy
    /// into their own tables.
    pub const GOSSIPED: Self = Self(0x3f4f);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set.
    #[must_use]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits of both, if `condition` holds.
    #[must_use]
    pub const fn with_if(self, condition: bool, other: Self) -> Self {
        if condition { self.with(other) } else { self }
    }

    /// The bits that both have.
    #[must_use]
    pub const fn masked(self, mask: Self) -> Self {
        Self(self.0 & mask.0)
    }
}

impl fmt::Debug for NodeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeFlags({:#06x})", self.0)
    }
}

/// The message flags of a full header. Only the first of three bytes has a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFlags(pub [u8; 3]);

impl MessageFlags {
    const PAUSED: u8 = 1;
    const FORCE_ACK: u8 = 1 << 1;
    const EXTENSIONS: u8 = 1 << 2;

    /// The sender is a primary that pauses writes for a manual failover.
    #[must_use]
    pub const fn is_paused(self) -> bool {
        self.0[0] & Self::PAUSED != 0
    }

    /// Voters need not see the primary as failing.
    #[must_use]
    pub const fn is_force_ack(self) -> bool {
        self.0[0] & Self::FORCE_ACK != 0
    }

    /// The sender understands extensions (and the packet may carry some).
    #[must_use]
    pub const fn has_extensions(self) -> bool {
        self.0[0] & Self::EXTENSIONS != 0
    }

    /// With the paused bit.
    #[must_use]
    pub const fn paused(mut self, on: bool) -> Self {
        if on {
            self.0[0] |= Self::PAUSED;
        }
        self
    }

    /// With the force-ack bit.
    #[must_use]
    pub const fn force_ack(mut self, on: bool) -> Self {
        if on {
            self.0[0] |= Self::FORCE_ACK;
        }
        self
    }

    /// With the extensions bit.
    #[must_use]
    pub const fn extensions(mut self) -> Self {
        self.0[0] |= Self::EXTENSIONS;
        self
    }
}
