//! The search for an order. Source: Wing and Gong, "Testing and Verifying Concurrent Objects"; Lowe, "Testing for
//! linearizability", for the memory of what was tried.

use std::collections::HashSet;

use crate::history::Call;
use crate::model::{Asked, State};

/// Whether the calls can be put into an order in which each is explained by those before it, and that never puts a call
/// before one that had ended when it began.
pub(crate) fn explain(start: &State, calls: &[Call]) -> bool {
    assert!(calls.len() <= 128, "{} calls are too many to look through", calls.len());
    Search { calls, tried: HashSet::new() }.explain(0, start)
}

struct Search<'a> {
    calls: &'a [Call],
    /// Calls that were put in order, a bit for each, and where that has led.
    tried: HashSet<(u128, State)>,
}

impl Search<'_> {
    fn explain(&mut self, done: u128, state: &State) -> bool {
        let calls = self.calls;
        let left = || calls.iter().enumerate().filter(|(index, _)| done >> index & 1 == 0);
        // Whatever began later than this can't be next.
        let Some(end) = left().map(|(_, call)| call.ended).min() else { return true };
        if !self.tried.insert((done, state.clone())) {
            return false;
        }
        let waits = |call: &Call| matches!(call.asked, Asked::Wait);
        // The request that waits, and the end of its wait, begin together; nothing else does.
        let is_early = |call: &Call| waits(call) && left().any(|(_, other)| other.began == call.began && !waits(other));
        left()
            .filter(|(_, call)| call.began < end && !is_early(call))
            .any(|(index, call)| state.after(call).is_some_and(|next| self.explain(done | 1 << index, &next)))
    }
}
