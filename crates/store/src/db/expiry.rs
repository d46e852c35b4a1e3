//! What has expired and nobody has looked at.

use super::{Db, Edited, KeyChange};
use crate::hashes::Hash;
use crate::value::Kind;

impl Db<'_> {
    /// Takes out keys that have expired, at most so many and some with the same deadline as the last. Tells whether that was all
    /// of them. A key may go up to 16 ms after its deadline.
    pub fn expire(&mut self, keys_max: usize) -> bool {
        let mut count = 0;
        loop {
            let due = self.keys.due(self.now);
            if due.is_empty() || count >= keys_max {
                return due.is_empty();
            }
            count += due.len();
            for key in due {
                self.take(&key);
                self.changes.keys.push((key, KeyChange::Expired));
            }
        }
    }

    /// Takes out fields of hashes that have expired, at most so many and some with the same deadline as the last, and shows
    /// them with the keys of their hashes; a hash that loses the last one goes. Tells whether that was all of them. A field may go
    /// up to 16 ms after its deadline.
    pub fn expire_fields(&mut self, fields_max: usize, mut gone: impl FnMut(&[u8], &[u8])) -> bool {
        let mut left = fields_max;
        loop {
            let due = self.keys.due_fields(self.now);
            if due.is_empty() || left == 0 {
                return due.is_empty();
            }
            for key in due {
                let count = self.expire_fields_of(&key, left, |field| gone(&key, field));
                left = left.saturating_sub(count.max(1));
            }
        }
    }

    /// Tells how many went.
    fn expire_fields_of(&mut self, key: &[u8], fields_max: usize, mut gone: impl FnMut(&[u8])) -> usize {
        let (now, mut count) = (self.now, 0);
        let is_empty = self.edit_entry(key, |entry| {
            entry.edit(key, |value| {
                let hash = Hash::of_mut(value)?;
                hash.expire(now, fields_max, |field| {
                    count += 1;
                    gone(field);
                });
                Some(hash.is_empty())
            })
        });
        self.settle(key, Edited::times(count, count), is_empty.flatten().flatten().unwrap_or_default())
    }
}
