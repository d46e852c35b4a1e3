//! A keyspace in 16384 dictionaries, one for each slot.
//!
//! [`Keyspace`] holds the slots in groups, each behind a lock. [`Db`] is one slot as a command works with it: keys that have
//! expired are not there, values that are emptied go, and [`Changes`] tells what was done. Nothing here knows of time
//! or clients: time is given, and what is found out is handed back. Of threads the locks know alone, and they stay here.
//!
//! ```
//! use slotmesh_store::{Changes, Db, Expiry, Keyspace, ValueRef};
//! use slotmesh_types::Slot;
//!
//! let keyspace = Keyspace::<()>::new(0x5eed);
//! let slot = Slot::new(7).expect("a slot");
//! let (mut group, mut changes) = (keyspace.lock(slot), Changes::default());
//! let mut db = Db::new(group.slot(slot), &mut changes, 1_000, true);
//! db.set_text(b"greeting", b"hello", Expiry::At(2_000));
//! assert!(matches!(db.get(b"greeting"), Some(ValueRef::Text(b"hello"))));
//! let mut later = Db::new(group.slot(slot), &mut changes, 2_000, true);
//! assert!(!later.exists(b"greeting"));
//! ```

#![forbid(unsafe_code)]

mod arena;
pub mod bits;
mod clumps;
mod db;
mod deadlines;
mod dict;
mod entry;
mod eviction;
#[cfg(test)]
mod generator;
pub mod geo;
mod hash;
mod hashes;
pub mod hyperloglog;
mod keyspace;
mod lcs;
mod linear;
mod list;
mod listpack;
#[cfg(all(test, slotmesh_model))]
mod models;
mod number;
mod room;
mod seek;
mod seen;
mod set;
mod slot_keys;
mod small;
mod snapshot;
mod sorted_set;
pub mod stream;
mod term;
mod usage;
mod value;

pub use db::{Changes, Copied, Db, Edited, Expiry, KeyChange, KeyNote, Lookups};
pub use eviction::Rank;
pub use hashes::{Hash, HashLimits, HashRef};
pub use keyspace::{FORESEEN_MAX, Foreseen, GROUP_SLOTS, Group, Keyspace};
pub use lcs::{Lcs, LcsError, LcsMatch, lcs, lcs_length};
pub use list::{Elements, End, List, ListLimit, ListRef, NodeRef, Side};
pub use listpack::{DamagedListpack, Listpack, ListpackRef, Packed, Places, Values};
pub use number::{LongDouble, parse_double, write_double, write_shortest_double};
pub use set::{DamagedIntSet, IntSet, IntSetRef, Set, SetLimits, SetRef, difference, intersection, union};
pub use slot_keys::SlotKeys;
pub use snapshot::{Overrun, Snapshot, SnapshotEntry};
pub use sorted_set::{
    AddMembers, AddRule, AddScores, Added, Aggregate, BadEntries, Combined, Entries, LexBound, Members, ScoreBound,
    SortedSet, SortedSetLimits, SortedSetRef, Source, Weighted,
};
pub use term::{TermChange, TermIf};
pub use usage::Usage;
pub use value::{Kind, Value, ValueRef, WrongType};
