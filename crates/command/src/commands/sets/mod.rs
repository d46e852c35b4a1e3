//! Commands on sets. Source: `t_set.c` of Valkey.

mod algebra;
mod change;
mod random;
mod read;

pub(crate) use algebra::{sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore};
pub(crate) use change::{sadd, smove, srem};
pub(crate) use random::{spop, srandmember};
pub(crate) use read::{scard, sismember, smembers, smismember, sscan};

use crate::event::Classes;
use crate::keyed::Keyed;

/// Tells what has happened to members, and that the key is gone if they were the last.
fn tell(call: &mut Keyed<'_>, name: &'static str, key: &[u8], is_gone: bool) {
    call.tell(Classes::SET, name, key);
    if is_gone {
        call.tell(Classes::GENERIC, "del", key);
    }
}
