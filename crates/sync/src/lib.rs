//! Locks and atomics of what threads share: those of `parking_lot` and the standard library. Under `cfg(slotmesh_model)` they
//! are the model checker's, which runs every order of steps and lets a plain load be as late as the memory model allows.

#![forbid(unsafe_code)]

mod wish;

pub use wish::Wish;

#[cfg(not(slotmesh_model))]
pub use {
    parking_lot::{Mutex, MutexGuard, RwLock},
    std::sync::atomic,
    std::thread::sleep,
};

#[cfg(slotmesh_model)]
pub use {
    loom::sync::MutexGuard,
    loom::sync::atomic,
    steered::{Mutex, RwLock, sleep},
};

/// What the model checker steers, in the shape of what it stands in for.
#[cfg(slotmesh_model)]
mod steered {
    use std::time::Duration;

    use loom::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

    /// As `parking_lot::Mutex`.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        /// One that guards this.
        pub fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        /// Waits for it.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a panic ends the model")
        }

        /// The same, if nobody else holds it.
        pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }

        /// The same: time stands still here, and whoever gives up at once has seen the worst.
        pub fn try_lock_for(&self, _: Duration) -> Option<MutexGuard<'_, T>> {
            self.try_lock()
        }
    }

    /// As `parking_lot::RwLock`.
    #[derive(Debug, Default)]
    pub struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        /// One that guards this.
        pub fn new(value: T) -> Self {
            Self(loom::sync::RwLock::new(value))
        }

        /// Waits until nobody writes.
        pub fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().expect("a panic ends the model")
        }

        /// Waits until nobody else reads or writes.
        pub fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().expect("a panic ends the model")
        }
    }

    /// Lets others go on.
    pub fn sleep(_: Duration) {
        loom::thread::yield_now();
    }
}
