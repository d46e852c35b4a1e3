//! How long things take: the distribution of the times of each command, and the times of what took too long.

mod graph;
mod histogram;
mod spikes;

pub(crate) use graph::graph;
pub(crate) use histogram::Histogram;
pub(crate) use spikes::{Series, Spikes};
