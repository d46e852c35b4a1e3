//! Commands on hashes. Source: `t_hash.c` of Valkey.

mod block;
mod numbers;
mod random;
mod read;
mod set;
mod set_with_term;
mod terms;

pub(crate) use numbers::{hincrby, hincrbyfloat};
pub(crate) use random::hrandfield;
pub(crate) use read::{hexists, hget, hgetall, hkeys, hlen, hmget, hscan, hstrlen, hvals};
pub(crate) use set::{hdel, hgetdel, hmset, hset, hsetnx};
pub(crate) use set_with_term::{hgetex, hsetex};
pub(crate) use terms::{hexpire, hexpireat, hexpiretime, hpersist, hpexpire, hpexpireat, hpexpiretime, hpttl, httl};

use slotmesh_resp::ReplyWriter;
use slotmesh_store::{HashRef, Packed};

use crate::commands::shown::write_packed;

/// Replies with a value, or with null.
fn write_value(reply: &mut ReplyWriter<'_>, value: Option<Packed<'_>>) {
    match value {
        Some(value) => write_packed(reply, value),
        None => reply.null(),
    }
}

/// How many fields there are that have not expired.
fn living(hash: HashRef<'_>, now: u64) -> usize {
    if hash.expiring() == 0 { hash.len() } else { hash.iter(now).count() }
}
