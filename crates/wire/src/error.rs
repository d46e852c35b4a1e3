//! What is wrong with received bytes.

/// Why a link can't go on: what follows on it would be read at the wrong place. Close the link; the node stays known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The peer does not speak the cluster bus.
    #[error("bad signature {got:02x?}, expected \"RCmb\"; is this a cluster bus port?")]
    Signature {
        /// The bytes that stood in its place.
        got: [u8; 4],
    },
    /// The announced length is shorter than the header.
    #[error("packet length {got} is below the {min} bytes of its header")]
    Length {
        /// What the peer announced.
        got: u32,
        /// Size of the header.
        min: u32,
    },
    /// The announced length is beyond what the type can need.
    #[error("packet length {got} is beyond the {max} bytes that its type can need")]
    TooLong {
        /// What the peer announced.
        got: u32,
        /// The most this type can need.
        max: u32,
    },
}

/// Why a well-framed packet is ignored as a whole. The link stays open. Rule \[valid-1\]. Source: spec of the bus, section 1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DropReason {
    /// The light header is defined for publish and module messages only.
    #[error("light header on a message of type {0}")]
    LightKind(u16),
    /// Another version of the bus protocol.
    #[error("bus version {0}, this node speaks 1")]
    Version(u16),
    /// The packet's length is not what its content adds up to.
    #[error("the {section} section needs {expected} bytes but there are {got}")]
    Length {
        /// Which part was looked at.
        section: &'static str,
        /// What the content adds up to.
        expected: u64,
        /// What there is.
        got: usize,
    },
    /// An extension's length is 0, no multiple of 8, or larger than what is left.
    #[error("extension length {got} with {left} bytes left")]
    Extension {
        /// The length it announced.
        got: u32,
        /// The bytes there were.
        left: usize,
    },
}
