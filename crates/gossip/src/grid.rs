//! The moments for what is not urgent.

use std::time::Duration;

use slotmesh_types::{Mono, NodeId};

/// Between two moments, and two ticks of a real server.
pub(crate) const GRID: Duration = Duration::from_millis(100);

/// What is not urgent waits for the next moment of a grid, so that a big mesh does not wake its nodes for each peer. Each
/// node has its own, by its name: those of one machine, or of one simulated world, read one clock, and all would ping
/// each other at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// When after a full 100 ms of the clock, in microseconds.
    phase: u64,
}

impl Grid {
    const MICROS: u64 = GRID.as_micros() as u64;

    pub(crate) fn of(me: &NodeId) -> Self {
        Self { phase: me.as_bytes().iter().fold(0, |sum, byte| (sum * 31 + u64::from(*byte)) % Self::MICROS) }
    }

    /// The first moment at or after `at`; a timeout without end has none.
    pub(crate) fn from(self, at: Mono) -> Mono {
        let since = at.as_micros().saturating_sub(self.phase).checked_next_multiple_of(Self::MICROS);
        Mono::from_micros(since.map_or(u64::MAX, |since| since.saturating_add(self.phase)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_a_tenth_of_a_second_apart_and_each_nodes_own() {
        let [one, other] = [1, 2].map(|number| Grid::of(&NodeId::from_entropy([number; 20])));
        assert_ne!(one.phase, other.phase);
        let first = one.from(Mono::from_micros(1_000_000));
        assert!(first >= Mono::from_micros(1_000_000) && first < Mono::from_micros(1_100_000));
        assert_eq!(one.from(first), first);
        assert_eq!(one.from(first.after(Duration::from_micros(1))), first.after(GRID));
        assert_eq!(one.from(Mono::from_micros(u64::MAX)), Mono::from_micros(u64::MAX));
    }
}
