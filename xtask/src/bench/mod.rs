//! Measurements: beside Valkey 9.1.2, both in the same run on the same machine, or of our own parts.

mod admin;
mod codec;
mod commands;
mod detect;
mod floor;
mod idle;
mod keys;
mod latency;
mod load;
mod mesh;
mod report;
mod sample;
mod shared_conf;
mod topology;
mod topology_conf;

use std::path::Path;

use anyhow::{Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

use crate::build;
use crate::rack::{self, Kind, Rack, interrupt};

/// What is measured.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Subject {
    /// From the first MEET to the full mesh.
    Mesh(mesh::Options),
    /// From the death of a process to FAIL at every other node.
    Detect(detect::Options),
    /// What a node of a quiet mesh costs: CPU and memory.
    Idle(idle::Options),
    /// CPU of the server for a reply to CLUSTER NODES, SLOTS and SHARDS with many known nodes.
    Topology(topology::Options),
    /// CPU of the server for commands on keys, and how many it does in a second.
    Commands(commands::Options),
    /// Memory that keys of each type take.
    Keys(keys::Options),
    /// How long requests take while the server is busy with something else.
    Latency(latency::Options),
    /// The admin API: how soon it tells, and what it costs a node that nobody asks.
    Admin(admin::Options),
    /// Reading and merging a heartbeat: time and allocations. Needs no server.
    Codec(codec::Options),
}

/// Measures, prints a table and keeps it under `target/bench/`.
///
/// # Errors
/// A server is missing or does not start, or Ctrl-C was pressed.
pub fn run(subject: &Subject) -> Result<()> {
    interrupt::install()?;
    let target_dir = build::target_dir()?;
    let (name, report) = match subject {
        Subject::Mesh(options) => ("mesh", mesh::run(&rack(&target_dir)?, options)?),
        Subject::Detect(options) => ("detect", detect::run(&rack(&target_dir)?, options)?),
        Subject::Idle(options) => ("idle", idle::run(&rack(&target_dir)?, options)?),
        Subject::Topology(options) => ("topology", topology::run(&rack(&target_dir)?, options)?),
        Subject::Commands(options) => ("commands", commands::run(&rack(&target_dir)?, options)?),
        Subject::Keys(options) => ("keys", keys::run(&rack(&target_dir)?, options)?),
        Subject::Latency(options) => ("latency", latency::run(&rack(&target_dir)?, options)?),
        Subject::Admin(options) => ("admin", admin::run(&rack(&target_dir)?, options)?),
        Subject::Codec(options) => ("codec", codec::run(*options)?),
    };
    report.save(&target_dir.join("bench"), name)
}

/// Our server and Valkey's.
fn rack(target_dir: &Path) -> Result<Rack> {
    rack::install(target_dir);
    let rack = Rack::new(target_dir, Some(build::server()?));
    rack.program(Kind::Valkey9).map_err(|reason| anyhow!("there is nothing to compare with: {reason}"))?;
    Ok(rack)
}

/// A bar for `steps` measurements.
fn progress(steps: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("[{bar:40}] {pos}/{len} {elapsed_precise}  {msg}")?.progress_chars("=> ");
    Ok(ProgressBar::new(steps as u64).with_style(style))
}
