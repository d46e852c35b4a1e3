//! How far a group is behind, as far as that can be known.
//!
//! A group counts what it has read. Where entries were deleted ahead of it, the count says nothing of what is left; then only
//! places are known whose distance from the first entry ever follows from the counters of the stream.

use std::cmp::Ordering;

use crate::stream::id::StreamId;
use crate::stream::log::Log;

impl Log {
    /// How many entries are still to be read behind `last`, where `read` are known to have been; `None` when that can't be
    /// known. Below 0 when more were read than ever added, which a client can say of a group.
    pub(super) fn lag(&self, last: StreamId, read: Option<u64>) -> Option<i64> {
        let added = self.counters().added;
        if added == 0 {
            return Some(0);
        }
        let read = read.filter(|_| !self.has_deleted_from(last)).or_else(|| self.reads_until(last))?;
        Some(added.wrapping_sub(read).cast_signed())
    }

    /// How many entries a group has read that goes on from `last` to `id`, the next one.
    pub(super) fn reads_after(&self, last: StreamId, read: Option<u64>, id: StreamId) -> Option<u64> {
        let counted = last >= self.counters().first && !self.has_deleted_from(last);
        match read.filter(|_| counted) {
            Some(read) => Some(read.saturating_add(1)),
            None => self.reads_until(id),
        }
    }

    /// How many entries were ever added until an id, if that follows from the counters.
    fn reads_until(&self, id: StreamId) -> Option<u64> {
        let counters = self.counters();
        if counters.added == 0 {
            return Some(0);
        }
        if self.len() == 0 && id <= counters.last {
            return Some(counters.added);
        }
        if id != StreamId::MIN && id < counters.max_deleted {
            return None;
        }
        if id == counters.last {
            return Some(counters.added);
        }
        if id > counters.last || counters.max_deleted != StreamId::MIN && counters.max_deleted >= counters.first {
            return None;
        }
        let before = counters.added.saturating_sub(self.len());
        match id.cmp(&counters.first) {
            Ordering::Less => Some(before),
            Ordering::Equal => Some(before + 1),
            Ordering::Greater => None,
        }
    }

    /// Whether an entry may have been deleted among those from an id on.
    fn has_deleted_from(&self, id: StreamId) -> bool {
        let counters = self.counters();
        let deleted = counters.max_deleted;
        self.len() > 0 && deleted != StreamId::MIN && id <= deleted
    }
}
