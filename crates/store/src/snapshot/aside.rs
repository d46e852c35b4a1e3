//! What a snapshot still has to be shown of a slot whose keys go on changing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::sync::Arc;

use slotmesh_sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::dict::{Dict, Item};
use crate::entry::Entry;
use crate::hash::hash;

/// Bytes that one key takes beside what is kept of it.
const KEPT_BYTES: usize = 64;

/// What is set aside for a snapshot in all slots.
#[derive(Debug)]
pub(crate) struct Tally {
    bytes: AtomicUsize,
    bytes_max: usize,
    /// Nothing is set aside any more: it was too much, or the snapshot is over.
    over: AtomicBool,
}

impl Tally {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), bytes_max, over: AtomicBool::new(false) }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Relaxed);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    fn add(&self, bytes: usize) {
        if self.bytes.fetch_add(bytes, Relaxed) + bytes > self.bytes_max {
            self.end();
        }
    }
}

/// What a snapshot still has to be shown of a slot: the keys from a position on, as they were. Those that change meanwhile are
/// kept here first.
#[derive(Debug)]
pub(crate) struct Aside {
    /// Up to where it was shown.
    position: u64,
    /// Keys that have changed since, with what there was; nothing for those that are new.
    kept: BTreeMap<Box<[u8]>, Option<Entry>>,
    /// All keys as they were, but for those that are kept, if they were taken out in one go.
    whole: Option<Dict<Entry>>,
    bytes: usize,
    tally: Arc<Tally>,
}

impl Aside {
    pub(crate) fn new(tally: Arc<Tally>) -> Self {
        Self { position: 0, kept: BTreeMap::new(), whole: None, bytes: 0, tally }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.tally.is_over()
    }

    /// Whether it has to be kept what there is of a key that is about to change. Not once the snapshot was given up; what was kept
    /// until then is freed when it ends, by the one who takes it.
    pub(crate) fn wants(&self, hash: u64, key: &[u8]) -> bool {
        !self.is_over()
            && self.whole.is_none()
            && Dict::<Entry>::position_of(hash) >= self.position
            && !self.kept.contains_key(key)
    }

    /// Keeps what there is of a key; nothing if it is new.
    pub(crate) fn keep(&mut self, key: &[u8], entry: Option<Entry>) {
        self.count(KEPT_BYTES + key.len() + entry.as_ref().map_or(0, Entry::bytes));
        if let Place::Vacant(place) = self.kept.entry(key.into()) {
            place.insert(entry);
        }
    }

    /// Keeps all keys as they are, which are taken out; gives them back where they are not wanted.
    pub(crate) fn keep_all(&mut self, keys: Dict<Entry>, bytes: usize) -> Option<Dict<Entry>> {
        if self.whole.is_some() {
            return Some(keys);
        }
        self.whole = Some(keys);
        self.count(bytes);
        None
    }

    /// Shows about so many keys, those of the slot as it is among them; tells whether that was all of those.
    pub(crate) fn show(&mut self, keys: &Dict<Entry>, count: usize, show: &mut impl FnMut(&Entry)) -> bool {
        let whole = self.whole.take();
        let (keys, mut shown) = (whole.as_ref().unwrap_or(keys), 0);
        let is_done = loop {
            // A table that has shrunk shows keys once more that are before the position.
            let next = keys.scan(self.position, |entry| {
                if Dict::<Entry>::position_of(hash(entry.key())) >= self.position
                    && !self.kept.contains_key(entry.key())
                {
                    shown += 1;
                    show(entry);
                }
            });
            if next == 0 {
                break true;
            }
            self.position = next;
            if shown >= count {
                break false;
            }
        };
        self.whole = whole;
        is_done
    }

    /// Whether nothing of it is among the keys of the slot any more.
    pub(crate) fn is_apart(&self) -> bool {
        self.whole.is_some()
    }

    /// All that was taken out in one go has been shown.
    pub(crate) fn forget_whole(&mut self) {
        self.whole = None;
    }

    /// Shows what was kept of a key, and forgets it. `None` when there is no more.
    pub(crate) fn show_kept(&mut self, show: &mut impl FnMut(&Entry)) -> Option<()> {
        let (_, entry) = self.kept.pop_first()?;
        if let Some(entry) = entry {
            show(&entry);
        }
        Some(())
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.tally.add(bytes);
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.tally.bytes.fetch_sub(self.bytes, Relaxed);
    }
}
