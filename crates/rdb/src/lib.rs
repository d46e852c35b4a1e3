//! What keys hold, in the RDB format: to bytes and back.
//!
//! [`dump`] makes a payload of DUMP and [`restore`] reads one; between the footer of a payload and the value stand `read` and
//! `write`, which know nothing of payloads. Here are no files and no sockets.
//!
//! What is read may come from anybody. Nothing is reserved by a length that was not checked against the bytes at hand, and every
//! value is looked at as a whole: one that is read is as sound as one that commands have made.
//!
//! What is written can be read by Valkey 9.1, Valkey 8.1 and Redis 7.0 alike, as far as they have what is in it; see
//! [`dump`].
//!
//! ```
//! use slotmesh_rdb::{Limits, dump, restore};
//! use slotmesh_store::{Value, ValueRef};
//!
//! let payload = dump(ValueRef::Text(b"hello"));
//! let value = restore(&payload, &Limits::default()).expect("it has just been made");
//! assert!(matches!(value, Value::Text(text) if text == b"hello"));
//! ```

#![forbid(unsafe_code)]

mod crc64;
mod damage;
mod encoding;
mod limits;
mod lzf;
mod payload;
mod read;
mod write;
mod ziplist;
mod zipmap;

pub use crc64::crc64;
pub use damage::Damage;
pub use limits::Limits;
pub use payload::{RestoreError, dump, restore};
