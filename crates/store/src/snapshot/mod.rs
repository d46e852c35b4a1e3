//! All keys as they were at one moment, shown while they go on changing.
//!
//! No process is forked and no table copied. At the moment of the snapshot a mark is set for each slot. A key of a slot that is
//! marked is set aside before it first changes, and the walk shows what was set aside in its place. What is replaced or taken
//! out is moved there, so only what is changed in place is copied, one key at a time: a slot can hold any number of keys, and
//! whoever writes to one must not wait for all of them.
//!
//! What is set aside has a bound in bytes. Those who write can't be held up until the walk has caught up with them, since they
//! hold a lock that others want. So when the bound is reached the snapshot is given up, and what was set aside is freed: whoever
//! walks learns of it with the next step, and may begin anew.

mod aside;

use std::sync::Arc;
use std::time::Duration;

use slotmesh_sync::atomic::Ordering::{AcqRel, Release};
use slotmesh_sync::{MutexGuard, sleep};
use slotmesh_types::Slot;

pub(crate) use aside::{Aside, Tally};

use crate::dict::{Dict, Item};
use crate::entry::Entry;
use crate::keyspace::{Group, Keyspace};
use crate::usage::{Usage, idle_seconds};
use crate::value::ValueRef;

/// How long it is waited for one group of slots while others are locked.
const PATIENCE: Duration = Duration::from_micros(50);

/// So often it is tried to lock all groups with that patience; then it is waited for those in use.
const TRIES: u32 = 100;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(1);

/// All keys as they were at one moment: a walk from slot to slot. Dropping it ends the walk.
///
/// ```
/// # use std::borrow::Cow;
/// # use slotmesh_store::{Changes, Db, Expiry, Keyspace, ValueRef};
/// # use slotmesh_types::Slot;
/// let keyspace = Keyspace::<()>::new(1);
/// let slot = Slot::new(7).expect("a slot");
/// let set = |text| {
///     let (mut group, mut changes) = (keyspace.lock(slot), Changes::default());
///     Db::new(group.slot(slot), &mut changes, 0, true).set_text(b"k", text, Expiry::Never);
/// };
/// set(b"before");
/// let (mut snapshot, ()) = keyspace.snapshot(1 << 20, || ()).expect("there is no other");
/// set(b"after");
/// let mut seen = Vec::new();
/// while snapshot.step(100, |entry| seen.extend(entry.value().text().map(Cow::into_owned))).expect("little is set aside") {}
/// assert_eq!(seen, [b"before"]);
/// ```
#[derive(Debug)]
pub struct Snapshot<'k, X> {
    keyspace: &'k Keyspace<X>,
    tally: Arc<Tally>,
    /// The slot that is shown; `None` after the last.
    slot: Option<Slot>,
    /// What is left of it and not among its keys any more.
    left: Option<Box<Aside>>,
}

/// A key of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotEntry<'e> {
    slot: Slot,
    entry: &'e Entry,
}

/// More was set aside for a snapshot than may be, and it was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {bytes_max} bytes of keys have changed before they were shown; the snapshot was given up")]
pub struct Overrun {
    /// What may be set aside.
    pub bytes_max: usize,
}

impl<'e> SnapshotEntry<'e> {
    /// Its slot.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &'e [u8] {
        self.entry.key()
    }

    /// What it held.
    #[must_use]
    pub fn value(&self) -> ValueRef<'e> {
        self.entry.value()
    }

    /// When it expires, in milliseconds of the wall clock. It may have done so by now, or at the moment of the snapshot.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.entry.deadline()
    }

    /// For how many seconds it had not been used; means something where [`Usage::LastUse`] is kept.
    #[must_use]
    pub fn idle_seconds(&self, now: u64) -> u64 {
        idle_seconds(self.entry.used(), now)
    }

    /// How often it is used; means something where that is kept.
    #[must_use]
    pub fn frequency(&self, usage: Usage, now: u64) -> u8 {
        usage.frequency(self.entry.used(), now)
    }
}

impl<X> Keyspace<X> {
    /// All keys as they are at one moment; `None` while there is another such walk. At that moment no command runs, and `at` is
    /// called to note what else belongs to it. It must be quick: whoever wants a key waits. At most so many bytes of keys are set
    /// aside for the walk.
    ///
    /// This is the one place where a thread holds more than one lock. It takes them in order while everybody else holds one at
    /// most, so none waits for another for ever; the caller must hold none.
    pub fn snapshot<R>(&self, aside_bytes_max: usize, at: impl FnOnce() -> R) -> Option<(Snapshot<'_, X>, R)> {
        if self.is_walked.swap(true, AcqRel) {
            return None;
        }
        let tally = Arc::new(Tally::new(aside_bytes_max));
        let snapshot = Snapshot { keyspace: self, tally: Arc::clone(&tally), slot: Slot::new(0), left: None };
        let mut groups = self.lock_all();
        for group in &mut groups {
            group.begin_snapshot(&tally);
        }
        let result = at();
        drop(groups);
        Some((snapshot, result))
    }

    /// Every group. As long as one is in use for longer, the others are given back meanwhile.
    #[expect(clippy::disallowed_methods, reason = "a condition would cost whoever gives a lock back")]
    fn lock_all(&self) -> Vec<MutexGuard<'_, Group<X>>> {
        for _ in 0..TRIES {
            let groups: Option<Vec<_>> = self.locks().map(|lock| lock.try_lock_for(PATIENCE)).collect();
            match groups {
                Some(groups) => return groups,
                None => sleep(PAUSE),
            }
        }
        self.locks().map(|lock| lock.lock()).collect()
    }
}

impl<X> Snapshot<'_, X> {
    /// Shows about so many keys, each key of the snapshot once in the course of the walk, slot after slot. Tells whether there
    /// are more. A lock is held while keys are shown that have not changed: whatever takes long is better done between steps.
    ///
    /// # Errors
    /// When more was set aside than may be. The walk is over then.
    pub fn step(&mut self, count: usize, mut show: impl FnMut(SnapshotEntry<'_>)) -> Result<bool, Overrun> {
        let mut shown = 0;
        while let Some(slot) = self.slot {
            self.check()?;
            if shown >= count {
                return Ok(true);
            }
            let mut show = |entry: &Entry| {
                shown += 1;
                show(SnapshotEntry { slot, entry });
            };
            let is_done = match &mut self.left {
                Some(left) => show_left(left, count, &mut show),
                None => self.show_slot(slot, count, &mut show),
            };
            if is_done {
                self.left = None;
                self.slot = Slot::new(slot.get() + 1).filter(|slot| self.keyspace.has(*slot));
            }
        }
        Ok(false)
    }

    fn check(&self) -> Result<(), Overrun> {
        if self.tally.is_over() { Err(Overrun { bytes_max: self.tally.bytes_max() }) } else { Ok(()) }
    }

    /// Bytes that are set aside at the moment.
    #[must_use]
    pub fn aside_bytes(&self) -> usize {
        self.tally.bytes()
    }

    /// Shows keys of a slot that have not changed. Tells whether that was all of the slot.
    fn show_slot(&mut self, slot: Slot, count: usize, show: &mut impl FnMut(&Entry)) -> bool {
        let mut group = self.keyspace.lock(slot);
        if group.peek(slot).is_none() {
            return true;
        }
        let (is_done, left) = group.slot(slot).show_aside(count, show);
        self.left = left;
        is_done && self.left.is_none()
    }
}

/// Shows what is left of a slot and needs no lock. Tells whether that was all.
fn show_left(left: &mut Aside, count: usize, show: &mut impl FnMut(&Entry)) -> bool {
    if left.is_apart() && !left.show(&Dict::default(), count, show) {
        return false;
    }
    left.forget_whole();
    (0..count.max(1)).try_for_each(|_| left.show_kept(show)).is_none()
}

impl<X> Drop for Snapshot<'_, X> {
    fn drop(&mut self) {
        self.tally.end();
        self.left = None;
        for lock in self.keyspace.locks() {
            let rest = lock.lock().end_snapshot();
            drop(rest);
        }
        self.keyspace.is_walked.store(false, Release);
    }
}
