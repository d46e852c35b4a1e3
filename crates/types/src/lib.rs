//! The values every part of a Valkey Cluster node shares.
//!
//! Node and shard ids, slots and sets of them, epochs, times. A value that exists is valid: raw input is checked once,
//! when the value is made. No state, no time of its own, no dependencies.
//!
//! ```
//! use slotmesh_types::{Slot, SlotSet, key_slot};
//!
//! let slot = key_slot(b"user:{42}:name");
//! assert_eq!(slot, key_slot(b"cart:{42}"), "one hash tag, one slot");
//!
//! let mut owned = SlotSet::new();
//! owned.insert(slot);
//! assert_eq!(owned.ranges().collect::<Vec<_>>(), [slot..=slot].map(Into::into));
//! assert_eq!(slot, Slot::new(8000).unwrap());
//! ```

#![forbid(unsafe_code)]

mod epoch;
mod hash_slot;
mod host;
mod node_id;
mod slot;
mod slot_set;
mod text;
mod time;

pub use epoch::{ConfigEpoch, CurrentEpoch, ReplOffset};
pub use hash_slot::{crc16, key_slot};
pub use host::{Host, HostError};
pub use node_id::{InvalidId, NodeId, ShardId};
pub use slot::{Slot, SlotRange};
pub use slot_set::SlotSet;
pub use text::{Announced, AnnouncedError, Hostname};
pub use time::{Mono, Now, UnixMillis};
