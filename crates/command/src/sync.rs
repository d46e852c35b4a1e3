//! Locks and atomics of what is shared between threads and is more than one lock: under `cfg(slotmesh_model)` those of the
//! model checker, which runs every order of steps and lets a plain load be as late as the memory model allows.

#[cfg(not(slotmesh_model))]
pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock};
#[cfg(not(slotmesh_model))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

#[cfg(slotmesh_model)]
pub(crate) use {
    loom::sync::MutexGuard,
    loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    steered::{Mutex, RwLock},
};

/// The locks of the model checker in the shape of ours.
#[cfg(slotmesh_model)]
mod steered {
    use loom::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a panic ends the model")
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::RwLock::new(value))
        }

        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().expect("a panic ends the model")
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().expect("a panic ends the model")
        }
    }
}
