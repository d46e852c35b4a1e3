//! The node's two clocks, read together.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use slotmesh_types::{Mono, Now, UnixMillis};

/// Reads both clocks. The measuring clock starts at the wall clock's microseconds, so that times of an earlier run can
/// be placed on it, and then never goes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    origin_micros: u64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), origin_micros: wall_micros() }
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono: self.mono(), unix: UnixMillis(wall_micros() / 1000) }
    }

    /// What [`now`](Self::now) gives a moment after it has been called, at half its price: the wall clock is taken to
    /// have gone on like the other.
    pub(crate) fn after(&self, then: Now) -> Now {
        let mono = self.mono();
        Now { mono, unix: then.to_unix(mono) }
    }

    fn mono(&self) -> Mono {
        Mono::from_micros(self.origin_micros + whole_micros(self.started.elapsed()))
    }

    /// The wall clock to the microsecond.
    pub(crate) fn unix_micros(&self) -> u64 {
        wall_micros()
    }
}

fn wall_micros() -> u64 {
    whole_micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Every request asks for the time: not by way of numbers of 128 bits.
fn whole_micros(time: Duration) -> u64 {
    time.as_secs() * 1_000_000 + u64::from(time.subsec_micros())
}
