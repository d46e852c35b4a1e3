//! What the nodes say: one [`View`] for each node that was asked, and the [`Cluster`] that they make together.

mod by_admin;
mod by_resp;
mod cluster;
mod collect;
mod json;
mod node_lines;
mod node_view;
mod software;

pub(crate) use by_resp::node_lines;
pub(crate) use cluster::Cluster;
pub(crate) use collect::{Start, collect, first_view};
pub(crate) use json::{range_json, view_json};
#[cfg(test)]
pub(crate) use node_view::ClockReading;
pub(crate) use node_view::{Entry, Health, Link, OpenSlot, Place, Role, SlotOwners, View};
pub(crate) use software::Software;
