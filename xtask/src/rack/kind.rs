//! The kinds of server.

use std::fmt;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The one of this workspace.
    Slotmesh,
    /// Valkey 9.1.2, the reference.
    Valkey9,
    /// Valkey 8.1.8.
    Valkey8,
    /// Whatever Redis 7 the machine has.
    Redis7,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Slotmesh, Self::Valkey9, Self::Valkey8, Self::Redis7];

    /// The kinds that are not ours.
    pub const PEERS: [Self; 3] = [Self::Valkey9, Self::Valkey8, Self::Redis7];

    /// Whether it tells and shows shard ids in its replies.
    #[must_use]
    pub fn has_shard_ids(self) -> bool {
        self != Self::Redis7
    }

    /// Whether it knows the directive `availability-zone` and shows the zones of others.
    #[must_use]
    pub fn has_zones(self) -> bool {
        matches!(self, Self::Slotmesh | Self::Valkey9)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Slotmesh => "slotmesh",
            Self::Valkey9 => "Valkey 9.1",
            Self::Valkey8 => "Valkey 8.1",
            Self::Redis7 => "Redis 7",
        })
    }
}
