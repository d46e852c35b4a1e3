//! Whether the cluster serves keys. Source: spec of the bus, section 7.

use std::time::Duration;

use slotmesh_types::{Mono, Slot};

use crate::engine::Engine;
use crate::event::Event;
use crate::schedule::TICK;

/// A primary stays in state fail this long after its start.
const WRITABLE_DELAY: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub(crate) struct ClusterState {
    pub(crate) ok: bool,
    /// To be evaluated when the present input is done.
    pub(crate) due: bool,
    started: Mono,
    minority_at: Option<Mono>,
    /// When it is looked whether time has brought it back.
    look_at: Mono,
}

impl ClusterState {
    pub(crate) fn new(now: Mono) -> Self {
        Self { ok: false, due: true, started: now, minority_at: None, look_at: now }
    }
}

impl Engine {
    /// Has the state looked at again if only time can bring it back from fail: all else announces itself. Tells when to look
    /// again. Many are unwell then, and it is asked each time that anything is due.
    pub(crate) fn attend_state(&mut self) -> Mono {
        let now = self.now.mono;
        if self.state.ok || self.table.slots_assigned() == 0 {
            return now.after(Duration::from_secs(1));
        }
        if self.state.look_at <= now {
            self.state.due = true;
            self.state.look_at = self.clock.grid.from(now.after(TICK));
        }
        self.state.look_at
    }

    /// A majority of the primaries that own a slot.
    pub(crate) fn quorum(&self) -> usize {
        self.table.voting() / 2 + 1
    }

    pub(crate) fn evaluate_state(&mut self) {
        if self.has_just_started() {
            return;
        }
        let now = self.now.mono;
        // Evaluated with each change of slots or health: a walk over those that are unwell, not over all.
        let unwell = self.suspects.iter().chain(&self.failed);
        let lost = unwell.filter(|key| self.table.node(**key).is_voting()).count();
        let reachable = self.table.voting() - lost;
        let covered = !self.config.require_full_coverage || self.is_covered();
        let minority = reachable < self.quorum();
        if minority {
            self.state.minority_at = Some(now);
        }
        let ok = covered && !minority;
        if ok == self.state.ok {
            return;
        }
        let rejoin = self.config.node_timeout.clamp(Duration::from_millis(500), Duration::from_secs(5));
        let recent = self.state.minority_at.is_some_and(|at| now.since(at) < rejoin);
        if ok && self.table.me().is_primary() && recent {
            return;
        }
        self.state.ok = ok;
        self.touch();
        if !ok {
            self.emit(Event::StateReason { minority });
        }
        self.emit(Event::StateChanged { ok });
    }

    /// A primary that has just started may not know yet what happened meanwhile.
    pub(crate) fn has_just_started(&self) -> bool {
        self.table.me().is_primary() && !self.state.ok && self.now.mono.since(self.state.started) < WRITABLE_DELAY
    }

    fn is_covered(&self) -> bool {
        self.table.slots_assigned() == Slot::COUNT
            && self.failed.iter().all(|key| self.table.node(*key).slot_count() == 0)
    }
}
