//! Whole clusters on the real engine in virtual time, from one seed.
//!
//! A [`World`] holds nodes, the connections between them and a clock that moves only when [`World::run_for`] or
//! [`World::run_until`] says so. Connections are like TCP: in order, nothing lost until they break. Nodes can crash,
//! restart with what had reached their disk, move, and be cut off from each other; [`Faults`] make the network and the
//! disks misbehave by themselves. The same seed gives the same run.
//!
//! After every event the properties under `checks` must hold, or the run panics with its seed. [`Chaos`] is a whole run
//! from one seed: accidents and operators at random, then quiet, then every mesh must be whole again.
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

mod agenda;
mod chaos;
mod checks;
mod connections;
mod data;
mod deal;
mod disk;
mod drive;
mod faults;
mod founded;
mod network;
mod node;
mod operate;
mod parcel;
mod timers;
mod trace;
mod world;

pub use chaos::{Chaos, Outcome};
pub use faults::Faults;
pub use founded::Member;
pub use operate::Crash;
pub use world::{Setup, World};
