//! What requests are about is found out before they are executed, and the memory of their keys asked for.

use std::cell::RefCell;

use slotmesh_command::{Foreseen, Plan};

use super::Connection;

thread_local! {
    /// Keys of requests that are about to be executed, of one connection or of many. They are the thread's: their memory
    /// comes for all of them together.
    static KEYS: RefCell<Vec<Foreseen>> = const { RefCell::new(Vec::new()) };
}

impl Connection {
    /// Looks at the requests at hand, at most so many; somebody will [foresee](Self::foresee) for them.
    pub(super) fn look_ahead(&mut self, max: usize) {
        KEYS.with_borrow_mut(|keys| {
            for request in self.reader.read_ahead(self.input.bytes(), max) {
                let (plan, key) = Plan::ahead(request);
                self.plans.push(plan);
                keys.extend(key);
            }
        });
        self.plans.reverse();
    }

    /// Asks for the memory of all keys that were seen.
    pub(super) fn foresee(&self) {
        KEYS.with_borrow_mut(|keys| {
            self.shared.server.foresee(keys);
            keys.clear();
        });
    }
}
