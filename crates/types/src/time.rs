//! Two clocks: one to measure with, one to tell peers and files.

use std::fmt;
use std::time::Duration;

/// A point on a clock that never goes back: microseconds since an origin the driver chose.
///
/// Every timeout is measured on it, so a step of the wall clock changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(u64);

impl Mono {
    /// The point this many microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The point `delay` later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)))
    }

    /// The point `lead` earlier; the origin if that was before it.
    #[must_use]
    pub fn before(self, lead: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(lead.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this point is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros_since(earlier))
    }

    /// The same in microseconds, for those who count them with every request.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Wall-clock time in milliseconds since the Unix epoch, as it stands on the wire (in seconds), in nodes.conf and in
/// replies. 0 means "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// Whole seconds, as the bus carries them; saturates in the year 2106.
    #[must_use]
    pub fn as_wire_seconds(self) -> u32 {
        u32::try_from(self.0 / 1000).unwrap_or(u32::MAX)
    }

    /// The start of that second.
    #[must_use]
    pub const fn from_wire_seconds(seconds: u32) -> Self {
        Self(seconds as u64 * 1000)
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One reading of both clocks, given to every input of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The clock that timeouts are measured on.
    pub mono: Mono,
    /// The clock that peers, files and replies see.
    pub unix: UnixMillis,
}

impl Now {
    /// What the wall clock showed (or would have shown, had it not been stepped) at `then`.
    #[must_use]
    pub fn to_unix(self, then: Mono) -> UnixMillis {
        let back = self.mono.micros_since(then) / 1000;
        let ahead = then.micros_since(self.mono) / 1000;
        UnixMillis(self.unix.0.saturating_sub(back).saturating_add(ahead))
    }

    /// The point on the measuring clock when the wall clock shows `then`; the origin if that was before it.
    #[must_use]
    pub fn to_mono(self, then: UnixMillis) -> Mono {
        let back = self.unix.0.saturating_sub(then.0).saturating_mul(1000);
        let ahead = then.0.saturating_sub(self.unix.0).saturating_mul(1000);
        Mono(self.mono.0.saturating_sub(back).saturating_add(ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_agree_to_the_millisecond() {
        let now = Now { mono: Mono::from_micros(50_000_000), unix: UnixMillis(1_795_000_000_000) };
        let then = Mono::from_micros(49_000_000);
        assert_eq!(now.to_unix(then), UnixMillis(1_794_999_999_000));
        assert_eq!(now.to_mono(now.to_unix(then)), then);
        assert_eq!(now.to_mono(UnixMillis(0)), Mono::default(), "before the origin");
    }
}
