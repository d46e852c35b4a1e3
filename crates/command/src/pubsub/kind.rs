//! What can be subscribed to.

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A channel of the whole cluster.
    Channel,
    /// Every channel whose name matches a pattern.
    Pattern,
    /// A channel of the shard that owns its slot.
    Shard,
}

impl Kind {
    /// Word of the message that confirms a subscription.
    pub(crate) const fn joined(self) -> &'static str {
        match self {
            Self::Channel => "subscribe",
            Self::Pattern => "psubscribe",
            Self::Shard => "ssubscribe",
        }
    }

    /// Word of the message that confirms its end.
    pub(crate) const fn left(self) -> &'static str {
        match self {
            Self::Channel => "unsubscribe",
            Self::Pattern => "punsubscribe",
            Self::Shard => "sunsubscribe",
        }
    }
}
