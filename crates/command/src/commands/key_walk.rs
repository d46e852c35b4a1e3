//! Walks over the keys of all slots, one group of slots at a time, so that others have their turn between.

use slotmesh_store::{Changes, Db, ValueRef};
use slotmesh_types::{Now, Slot, key_slot};

use crate::keyspace::groups;
use crate::server::Server;

/// Positions looked at for each key that is wanted: where few are left in large tables, a walk returns early.
const POSITIONS_PER_KEY: usize = 10;

/// Where a walk goes on. As a number: the position in the slot, of 48 bits, before the 14 bits of the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) slot: Slot,
    pub(super) position: u64,
}

impl Default for Cursor {
    fn default() -> Self {
        Self::start_of(Slot::from_hash(0))
    }
}

impl Cursor {
    pub(super) fn start_of(slot: Slot) -> Self {
        Self { slot, position: 0 }
    }

    pub(super) fn from_number(number: u64) -> Self {
        Self {
            slot: Slot::from_hash((number % u64::from(Slot::COUNT)) as u16),
            position: number / u64::from(Slot::COUNT),
        }
    }

    pub(super) fn to_number(self) -> u64 {
        self.position * u64::from(Slot::COUNT) + u64::from(self.slot.get())
    }
}

/// How far a walk goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// About so many keys.
    pub(super) keys: usize,
    /// To the end of a slot. Then nobody is shown twice.
    pub(super) whole_slots: bool,
}

impl Pace {
    fn is_enough(self, shown: usize, looked: usize) -> bool {
        shown >= self.keys || looked >= self.keys.saturating_mul(POSITIONS_PER_KEY)
    }
}

/// Shows keys from a place on, of the slots that are wanted, and gives the place of the next; `None` after the last.
/// Whoever is there from the beginning to the end of a walk is shown, maybe more than once.
pub(super) fn walk(
    server: &Server,
    now: Now,
    from: Cursor,
    pace: Pace,
    wanted: impl Fn(Slot) -> bool,
    mut show: impl FnMut(&[u8], ValueRef<'_>),
) -> Option<Cursor> {
    let (mut changes, mut shown, mut looked) = (Changes::default(), 0, 0);
    for slots in groups().filter(|slots| slots.iter().any(|slot| slot >= from.slot && wanted(slot))) {
        let mut group = server.keyspace.lock(slots.start);
        for slot in slots.iter().filter(|slot| *slot >= from.slot && wanted(*slot)) {
            if group.slot(slot).is_empty() {
                continue;
            }
            let mut position = if slot == from.slot { from.position } else { 0 };
            if pace.is_enough(shown, looked) {
                return Some(Cursor { slot, position });
            }
            let db = Db::new(group.slot(slot), &mut changes, now.unix.0, false);
            loop {
                position = db.scan(position, |key, value| {
                    shown += 1;
                    show(key, value);
                });
                looked += 1;
                if position == 0 {
                    break;
                }
                if pace.is_enough(shown, looked) && !pace.whole_slots {
                    return Some(Cursor { slot, position });
                }
            }
        }
    }
    None
}

/// The slot of everything that a pattern can match: where what is hashed has no wildcard. Source: `patternHashSlot`.
pub(super) fn slot_of_pattern(pattern: &[u8]) -> Option<Slot> {
    let wildcard = pattern.iter().position(|byte| b"*?[\\".contains(byte)).unwrap_or(pattern.len());
    let plain = &pattern[..wildcard];
    let open = plain.iter().position(|byte| *byte == b'{');
    let closed = open.and_then(|open| plain[open..].iter().position(|byte| *byte == b'}'));
    let has_tag = closed.is_some_and(|length| length > 1);
    (has_tag || wildcard == pattern.len()).then(|| key_slot(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_its_slot_where_what_is_hashed_is_plain() {
        let foo = Some(key_slot(b"foo"));
        assert_eq!([&b"foo"[..], b"{foo}*", b"a{foo}[b"].map(slot_of_pattern), [foo; 3]);
        assert_eq!(slot_of_pattern(b"a{b"), Some(key_slot(b"a{b")));
        for several in [&b"foo*"[..], b"*{foo}", b"{}*", b"{fo?}", b"fo\\o", b"{foo*"] {
            assert_eq!(slot_of_pattern(several), None);
        }
    }

    #[test]
    fn a_cursor_is_a_number_and_back() {
        let cursor = Cursor { slot: Slot::from_hash(16_383), position: (1 << 48) - 1 };
        assert_eq!(Cursor::from_number(cursor.to_number()), cursor);
        assert!(i64::try_from(cursor.to_number()).is_ok(), "some clients keep cursors as signed numbers");
    }
}
