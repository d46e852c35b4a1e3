//! Developer tasks of slotmesh, run as `cargo xtask <task>`, and the rack of real processes that they and the tests
//! against real servers share.

#![forbid(unsafe_code)]

pub mod bench;
pub mod build;
pub mod check;
pub mod codegen;
mod crate_map;
pub mod demo;
pub mod diff;
pub mod docs;
pub mod made;
pub mod model;
mod process;
pub mod rack;
mod rules;
pub mod sim;
pub mod test;
