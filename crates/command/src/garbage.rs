//! What takes long to free: counted until it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use slotmesh_store::{SlotKeys, Value};

/// How much waits to be freed, and how much was.
#[derive(Debug, Default)]
pub(crate) struct Disposal {
    waiting: AtomicU64,
    freed: AtomicU64,
}

/// Values, and whole slots, that were taken out and nobody can see any more.
#[derive(Debug)]
pub(crate) struct Garbage {
    values: Vec<Value>,
    slot: Option<SlotKeys>,
    count: u64,
    disposal: Arc<Disposal>,
}

impl Garbage {
    pub(crate) fn new(values: Vec<Value>, slot: Option<SlotKeys>, disposal: &Arc<Disposal>) -> Self {
        let count = (values.len() + slot.as_ref().map_or(0, SlotKeys::len)) as u64;
        disposal.waiting.fetch_add(count, Relaxed);
        Self { values, slot, count, disposal: Arc::clone(disposal) }
    }
}

impl Drop for Garbage {
    fn drop(&mut self) {
        self.values.clear();
        self.slot = None;
        self.disposal.waiting.fetch_sub(self.count, Relaxed);
        self.disposal.freed.fetch_add(self.count, Relaxed);
    }
}

impl Disposal {
    /// How many values wait to be freed.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Relaxed)
    }

    /// How many were freed since start, or since CONFIG RESETSTAT.
    pub(crate) fn freed(&self) -> u64 {
        self.freed.load(Relaxed)
    }

    pub(crate) fn reset(&self) {
        self.freed.store(0, Relaxed);
    }
}
