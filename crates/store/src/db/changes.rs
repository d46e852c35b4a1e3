//! What a command has done to keys.

use crate::value::Value;

/// What came of looking at a value that could be changed: a result, and how often it was changed for it. Where it is as it was,
/// nobody is told.
///
/// ```
/// # use slotmesh_store::{Changes, Db, Edited, Keyspace, Set, SetLimits, WrongType};
/// # use slotmesh_types::Slot;
/// # let keyspace = Keyspace::<()>::new(1);
/// # let slot = Slot::new(7).expect("a slot");
/// # let (mut group, mut changes) = (keyspace.lock(slot), Changes::default());
/// # let mut db = Db::new(group.slot(slot), &mut changes, 1_000, true);
/// let added = db.edit_or_new(b"colours", |set: &mut Set| {
///     let new = [b"red", b"red"].into_iter().filter(|member| set.add(*member, SetLimits::default())).count();
///     Edited::times(new, new)
/// });
/// assert_eq!((added, changes.count), (Ok(1), 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edited<R> {
    pub(super) result: R,
    pub(super) changes: usize,
    pub(super) is_touched: bool,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// It holds something else, or has another term.
    Changed,
    /// It was taken out, or lost the last that it held.
    Removed,
    /// It was found to have expired and taken out.
    Expired,
    /// It was taken out because memory is full.
    Evicted,
}

/// What else may be told of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyNote {
    /// It was looked for in vain.
    Missing,
    /// It was not there before.
    New,
}

/// What a command has done to keys, for those who want to know: kept beside them and read when the command is over.
#[derive(Debug, Default)]
pub struct Changes {
    /// How many changes there were. A key that expires is none, nor is a command that leaves all as it was.
    pub count: u64,
    /// Whether it is wanted what became of each key.
    pub observed: bool,
    /// What became of keys, one after the other. Those that expired or were evicted are always told, since replicas wait for that.
    pub keys: Vec<(Box<[u8]>, KeyChange)>,
    /// Lookups that have found their keys, where they are counted.
    pub hits: u64,
    /// Lookups that have not.
    pub misses: u64,
    /// Keys that were looked for in vain, and keys that are new, where that is wanted.
    pub notes: Vec<(Box<[u8]>, KeyNote)>,
    /// What was taken out and is big: to be freed when no lock is held.
    pub garbage: Vec<Value>,
}

impl<R> Edited<R> {
    /// A result for which the value was changed.
    pub fn changed(result: R) -> Self {
        Self::times(1, result)
    }

    /// A result for which it was not.
    pub fn same(result: R) -> Self {
        Self::times(0, result)
    }

    /// A result for which it may have been.
    pub fn when(is_changed: bool, result: R) -> Self {
        Self::times(usize::from(is_changed), result)
    }

    /// A result for which it was changed so often, once for each field or member.
    pub fn times(changes: usize, result: R) -> Self {
        Self { result, changes, is_touched: changes > 0 }
    }

    /// A result for which so many changes are counted, and it is as it was for those who watch it or wait for it: what was done
    /// to it is none of their business.
    pub fn counted(changes: usize, result: R) -> Self {
        Self { result, changes, is_touched: false }
    }

    /// A result for which it counts as changed for those who watch it, while so many changes are counted, maybe none: because
    /// another key's change counts for both, or because real servers tell it so.
    pub fn touched(changes: usize, result: R) -> Self {
        Self { result, changes, is_touched: true }
    }
}
