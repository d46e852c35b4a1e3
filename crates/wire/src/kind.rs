//! Message types.

use std::fmt;

/// What a packet is. Source: spec of the bus, section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Heartbeat that asks for a [`Kind::Pong`].
    Ping,
    /// Answer to a ping or meet, or a broadcast of news.
    Pong,
    /// A ping that asks to be taken into the cluster.
    Meet,
    /// A node is failing, by agreement.
    Fail,
    /// A published message for every node.
    Publish,
    /// A replica asks for votes.
    AuthRequest,
    /// A vote.
    AuthAck,
    /// The receiver's idea of a node's slots is out of date.
    Update,
    /// A replica asks its primary to pause for a manual failover.
    MfStart,
    /// A message between modules.
    Module,
    /// A published message for the nodes of one shard.
    PublishShard,
    /// A type this release does not know.
    Unknown(u16),
}

impl Kind {
    /// Every known type in the order of its number, which is the order of the statistics.
    pub const ALL: [Self; 11] = [
        Self::Ping,
        Self::Pong,
        Self::Meet,
        Self::Fail,
        Self::Publish,
        Self::AuthRequest,
        Self::AuthAck,
        Self::Update,
        Self::MfStart,
        Self::Module,
        Self::PublishShard,
    ];

    /// The type with this number (without the light bit).
    #[must_use]
    pub fn from_wire(raw: u16) -> Self {
        Self::ALL.get(usize::from(raw)).copied().unwrap_or(Self::Unknown(raw))
    }

    /// Its number.
    #[must_use]
    pub fn to_wire(self) -> u16 {
        match self {
            Self::Unknown(raw) => raw,
            known => Self::ALL.iter().position(|kind| *kind == known).expect("ALL holds every known type") as u16,
        }
    }

    /// Its name in CLUSTER INFO.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Meet => "meet",
            Self::Fail => "fail",
            Self::Publish => "publish",
            Self::AuthRequest => "auth-req",
            Self::AuthAck => "auth-ack",
            Self::Update => "update",
            Self::MfStart => "mfstart",
            Self::Module => "module",
            Self::PublishShard => "publishshard",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether it carries gossip.
    #[must_use]
    pub const fn is_heartbeat(self) -> bool {
        matches!(self, Self::Ping | Self::Pong | Self::Meet)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
