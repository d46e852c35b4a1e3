//! Whole clusters on the real engine in virtual time, from one seed.
//!
//! A [`World`] holds nodes, the connections between them and a clock that moves only when [`World::run_for`] or
//! [`World::run_until`] says so. Connections are like TCP: in order, nothing lost until they break. Nodes can be killed,
//! restarted with what they had saved, moved, and cut off from each other. The same seed gives the same run.
//!
//! ```
//! use std::time::Duration;
//! use slotmesh_sim::World;
//!
//! let mut world = World::new(7, 3);
//! world.meet(0, 1);
//! world.meet(1, 2);
//! assert!(world.run_until(Duration::from_secs(1), World::is_full_mesh).is_some());
//! ```

#![forbid(unsafe_code)]

mod network;
mod node;
mod world;

pub use world::World;
