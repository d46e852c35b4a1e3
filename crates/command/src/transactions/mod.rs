//! Transactions: requests are kept from MULTI on, and executed together by EXEC, unless a key has changed that was
//! watched. Source: `multi.c` of Valkey.

pub(crate) mod exec;
mod handlers;
mod kept;
mod queue;
mod watched;

pub(crate) use handlers::{discard, exec, multi, unwatch, watch};
pub(crate) use kept::Transaction;
pub(crate) use queue::{aborted, enqueue, spoil};
pub(crate) use watched::Watched;
