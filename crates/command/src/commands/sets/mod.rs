//! Commands on sets. Source: `t_set.c` of Valkey.

mod algebra;
mod change;
mod random;
mod read;

pub(crate) use algebra::{sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore};
pub(crate) use change::{sadd, smove, srem};
pub(crate) use random::{spop, srandmember};
pub(crate) use read::{scard, sismember, smembers, smismember, sscan};
