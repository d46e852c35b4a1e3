//! What requests are about is found out before they are executed, and the memory of their keys asked for.

use std::cell::RefCell;

use slotmesh_command::{FORESEEN_MAX, Foreseen, Plan};

use super::Connection;

thread_local! {
    /// Keys of the first requests of connections that wait for their turn. It belongs to the thread: their memory comes for
    /// all of them together.
    static KEYS: RefCell<Vec<Foreseen>> = const { RefCell::new(Vec::new()) };
}

impl Connection {
    /// Looks at the requests at hand.
    pub(super) fn look_ahead(&mut self) {
        let mut keys = [None; FORESEEN_MAX];
        for (request, key) in self.reader.read_ahead(self.input.bytes(), FORESEEN_MAX).zip(&mut keys) {
            let (plan, found) = Plan::ahead(request);
            self.plans.push(plan);
            *key = found;
        }
        self.plans.reverse();
        KEYS.with_borrow_mut(|all| all.extend(keys.into_iter().flatten()));
        self.foresee();
    }

    /// Looks at the first request at hand, for which somebody will [foresee](Self::foresee).
    pub(super) fn look_at_first(&mut self) {
        self.limit_requests();
        if let Some(request) = self.reader.read_ahead(self.input.bytes(), 1).next() {
            let (plan, key) = Plan::ahead(request);
            self.plans.push(plan);
            KEYS.with_borrow_mut(|all| all.extend(key));
        }
    }

    /// Asks for the memory of all keys that were seen.
    pub(super) fn foresee(&self) {
        KEYS.with_borrow_mut(|keys| {
            if !keys.is_empty() {
                self.shared.server.foresee(keys);
                keys.clear();
            }
        });
    }
}
