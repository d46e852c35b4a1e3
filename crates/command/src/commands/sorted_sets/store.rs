//! What commands find is kept as a sorted set.

use slotmesh_store::{Expiry, SortedSet};

use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// Keeps what a command has found, and replies how much that is.
pub(in crate::commands) fn store(call: &mut Keyed<'_>, target: &[u8], found: SortedSet, event: &'static str) -> Done {
    let count = found.len();
    if count > 0 {
        call.db.set_value(target, found, Expiry::Never);
        call.tell(Classes::SORTED_SET, event, target);
    } else if call.db.remove(target) {
        call.tell(Classes::GENERIC, "del", target);
    }
    call.count(count)
}
