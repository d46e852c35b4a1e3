//! What must hold for any bytes: one plain function for each fuzz target, panicking when it does not hold.
//!
//! `tests/replay.rs` runs them on the seeds of `seeds/` and on random changes of those with every `cargo test`; the crate
//! in `libfuzzer/` runs them for as long as one likes. It holds no rule of its own about the cluster: only what every
//! codec and every state machine here promises.
//!
//! ```
//! slotmesh_fuzz::wire(b"RCmb");
//! slotmesh_fuzz::resp(b"*1\r\n$4\r\nPING\r\n");
//! slotmesh_fuzz::nodes_conf(b"vars currentEpoch 1 lastVoteEpoch 0\n");
//! slotmesh_fuzz::rdb(b"\x01\x01\x05hello");
//! slotmesh_fuzz::engine(&[0, 1, 2, 3]);
//! ```

#![forbid(unsafe_code)]

mod engine;
mod input;
mod nodes_conf;
mod rdb;
mod resp;
mod wire;

pub use engine::engine;
pub use nodes_conf::nodes_conf;
pub use rdb::rdb;
pub use resp::resp;
pub use wire::wire;
