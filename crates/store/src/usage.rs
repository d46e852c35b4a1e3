//! When, or how often, a key was used.

/// What is kept of a key, in the three bytes that its entry has for that.
pub(crate) type Used = [u8; 3];

/// What is kept of how keys are used. What was kept before it changed means nothing after that, and wears off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// When it was last used, in seconds, the lowest 24 bits.
    #[default]
    LastUse,
    /// How often it is used: a count of 8 bits that rises by chance, ever less likely, and falls with time, behind 16 bits of the
    /// minute in which it last changed. Source: `LFULogIncr`, `LFUDecrAndReturn`.
    Frequency {
        /// How much less likely each next step is.
        log_factor: u32,
        /// In how many minutes it falls by one; 0 for never.
        decay_minutes: u32,
    },
}

/// What a new key counts as, so that it is not the first to go. Source: `LFU_INIT_VAL`.
const FIRST_COUNT: u8 = 5;
const SECONDS_MASK: u64 = 0xff_ffff;

impl Usage {
    /// Of a key that is made now, in milliseconds of the wall clock.
    pub(crate) fn first(self, now: u64) -> Used {
        match self {
            Self::LastUse => seconds(now),
            Self::Frequency { .. } => counted(FIRST_COUNT, now),
        }
    }

    /// Of a key that is used now.
    pub(crate) fn next(self, used: Used, now: u64, random: impl FnOnce() -> u64) -> Used {
        match self {
            Self::LastUse => seconds(now),
            Self::Frequency { log_factor, .. } => {
                let count = self.frequency(used, now);
                let steps = u64::from(count.saturating_sub(FIRST_COUNT)) * u64::from(log_factor) + 1;
                counted(count.saturating_add(u8::from(random().is_multiple_of(steps))), now)
            }
        }
    }

    /// How often a key is used, from what is kept of it: 0 to 255.
    pub(crate) fn frequency(self, used: Used, now: u64) -> u8 {
        let decay = match self {
            Self::Frequency { decay_minutes, .. } => decay_minutes,
            Self::LastUse => 0,
        };
        let [count, low, high] = used;
        let passed = minutes(now).wrapping_sub(u16::from_le_bytes([low, high]));
        let steps = u32::from(passed).checked_div(decay).unwrap_or(0);
        count.saturating_sub(u8::try_from(steps).unwrap_or(u8::MAX))
    }
}

/// For how many seconds a key has not been used, from what is kept of its last use.
pub(crate) fn idle_seconds(used: Used, now: u64) -> u64 {
    let [low, middle, high] = used;
    let last = u64::from(u32::from_le_bytes([low, middle, high, 0]));
    (now / 1000).wrapping_sub(last) & SECONDS_MASK
}

/// What is kept of a key that was last used so many seconds ago.
pub(crate) fn idle_for(idle: u64, now: u64) -> Used {
    seconds((now / 1000).saturating_sub(idle.min(SECONDS_MASK)) * 1000)
}

/// What is kept of a key that is used so often.
pub(crate) fn counted(count: u8, now: u64) -> Used {
    let [low, high] = minutes(now).to_le_bytes();
    [count, low, high]
}

fn seconds(now: u64) -> Used {
    let [low, middle, high, ..] = (now / 1000).to_le_bytes();
    [low, middle, high]
}

fn minutes(now: u64) -> u16 {
    (now / 60_000) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::generator;

    const MINUTE: u64 = 60_000;

    #[test]
    fn idle_time_is_counted_in_seconds_and_comes_round_after_half_a_year() {
        let used = Usage::LastUse.first(1_795_000_000_999);
        assert_eq!([999, 1000, 61_500].map(|later| idle_seconds(used, 1_795_000_000_000 + later)), [0, 1, 61]);
        assert_eq!(idle_seconds(used, 1_795_000_000_000 + (SECONDS_MASK + 1) * 1000), 0);
        assert_eq!(idle_seconds(idle_for(77, 1_795_000_000_000), 1_795_000_000_000), 77);
    }

    #[test]
    fn a_count_falls_with_time_and_not_where_that_is_not_wanted() {
        let (slow, never) = (2, 0);
        let [slow, never] = [slow, never].map(|decay_minutes| Usage::Frequency { log_factor: 10, decay_minutes });
        let used = counted(100, 0);
        assert_eq!([1, 2, 20, 1000].map(|minutes| slow.frequency(used, minutes * MINUTE)), [100, 99, 90, 0]);
        assert_eq!(never.frequency(used, 1000 * MINUTE), 100);
    }

    #[test]
    fn a_count_rises_ever_slower() {
        let mut random = generator(7);
        let counts = [(1, 100_000), (10, 100_000), (10, 1000), (100, 1000)].map(|(log_factor, uses)| {
            let usage = Usage::Frequency { log_factor, decay_minutes: 1 };
            let used = (0..uses).fold(usage.first(0), |used, _| usage.next(used, 0, &mut random));
            usage.frequency(used, 0)
        });
        // What the configuration file of Valkey tells of a thousand and a hundred thousand uses.
        assert_eq!(counts[0], 255);
        assert!((120..170).contains(&counts[1]) && (12..30).contains(&counts[2]), "{counts:?}");
        assert!((7..15).contains(&counts[3]), "{counts:?}");
    }
}
