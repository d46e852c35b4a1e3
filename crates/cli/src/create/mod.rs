//! `slotmesh create`: nodes become a cluster.

mod carry_out;
mod fitness;
mod plan;

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::arguments::{Global, seconds};
use crate::ending::{Ending, Unwished};
use crate::output;
use crate::talk::{Access, Target, resolve};
use crate::view::{Start, View, first_view, range_json};
use plan::{Plan, Task};

/// Make a cluster of nodes that know nobody and hold nothing.
///
/// They meet all at once, slots are dealt evenly, replicas are placed on other hosts than their primaries where that is
/// possible. Shows the plan first and asks. Refuses nodes that know others, hold slots or keys, and changes nothing then.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The nodes, by their client ports.
    #[arg(value_name = "HOST:PORT", required = true)]
    nodes: Vec<Target>,
    /// Replicas of each primary.
    #[arg(long, value_name = "N", default_value_t = 0)]
    replicas: usize,
    /// Don't ask.
    #[arg(long)]
    yes: bool,
    /// Longest wait until all nodes agree, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    wait: Duration,
}

/// A node that was asked whether it can take part.
#[derive(Clone, Debug)]
struct Candidate {
    target: Target,
    /// Its address for others: real servers take no names.
    ip: String,
    view: View,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    ensure!(options.yes || !global.json, "--json does not ask: give --yes as well");
    let distinct: BTreeSet<&Target> = options.nodes.iter().collect();
    ensure!(distinct.len() == options.nodes.len(), "a node is given twice");
    let access = global.access()?;
    let candidates = ask(&options.nodes, &access).await?;
    let problems = fitness::problems(&candidates);
    if !problems.is_empty() {
        return Err(Unwished(format!("nothing was changed, because\n  {}", problems.join("\n  "))).into());
    }
    let plan = Plan::make(&candidates, options.replicas).map_err(|error| Unwished(error.to_string()))?;
    if !global.json {
        output::print(&plan.text())?;
    }
    if !options.yes && !is_confirmed()? {
        return Err(Unwished("nothing was changed".to_owned()).into());
    }
    let took = carry_out::carry_out(&plan, &access, options.wait).await?;
    if global.json {
        output::print_json(&as_json(&plan, took))?;
    } else {
        output::print(&format!("{} nodes agree after {:.1} s\n", plan.members.len(), took.as_secs_f64()))?;
    }
    Ok(Ending::Good)
}

async fn ask(targets: &[Target], access: &Access) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for target in targets {
        let view = first_view(&Start::Resp(target.clone()), access).await?;
        candidates.push(Candidate { target: target.clone(), ip: resolve(target).await?, view });
    }
    Ok(candidates)
}

fn is_confirmed() -> Result<bool> {
    ensure!(io::stdin().is_terminal(), "nobody is here to be asked: give --yes");
    output::print("Make this cluster? [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn as_json(plan: &Plan, took: Duration) -> Value {
    let member = |member: &plan::Member| match member.task {
        Task::Lead(range) => json!({
            "node": member.target.to_string(), "id": member.id.as_str(), "role": "primary", "slots": [range_json(&range)],
        }),
        Task::Follow(primary) => json!({
            "node": member.target.to_string(), "id": member.id.as_str(), "role": "replica",
            "primary": plan.members[primary].id.as_str(),
        }),
    };
    json!({ "nodes": plan.members.iter().map(member).collect::<Vec<_>>(), "seconds": took.as_secs_f64() })
}
