//! Logical clocks of the cluster. Three newtypes, because two epochs that can be mixed up will be.

use std::fmt;

/// Version of one primary's slot claim; unique for each primary by design. 0 until the first claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigEpoch(pub u64);

/// The cluster-wide logical clock; it is only ever raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrentEpoch(pub u64);

/// A position in a replication stream, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplOffset(pub u64);

impl CurrentEpoch {
    /// The epoch after this one. Stays at the maximum instead of wrapping: a hostile peer may announce it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The config epoch with the same number: what a node takes when it raises the clock to claim slots.
    #[must_use]
    pub const fn as_config(self) -> ConfigEpoch {
        ConfigEpoch(self.0)
    }
}

impl ConfigEpoch {
    /// The clock value with the same number: the clock is never behind a config epoch.
    #[must_use]
    pub const fn as_current(self) -> CurrentEpoch {
        CurrentEpoch(self.0)
    }
}

impl fmt::Display for ConfigEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CurrentEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ReplOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
