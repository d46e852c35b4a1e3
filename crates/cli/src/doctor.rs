//! `slotmesh doctor`: what is wrong with a cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::arguments::{Global, seconds};
use crate::checks::{self, Found, Severity};
use crate::ending::Ending;
use crate::output::{self, counted};
use crate::talk::Target;
use crate::view::{Cluster, collect};

/// Ask every node of a cluster what it knows, and tell what does not fit.
///
/// Only reads. Looks a second time when something is found, and keeps what is still so: a cluster that is busy changing is
/// not ill. Exit codes: 0 clean (notes don't count), 1 findings, 2 no node could be asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Nodes to begin with; whoever they know is asked as well.
    #[arg(value_name = "HOST:PORT")]
    nodes: Vec<Target>,
    /// Pause before the second look, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pause: Duration,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    let access = global.access()?;
    let starts = global.starts(&options.nodes).await?;
    let mut cluster = collect(&starts, &access).await?;
    let mut found = checks::run(&cluster);
    if is_ill(&found) {
        tokio::time::sleep(options.pause).await;
        cluster = collect(&starts, &access).await?;
        let before = std::mem::replace(&mut found, checks::run(&cluster));
        found.retain(|found| before.iter().any(|before| before.is_same(found)));
    }
    if global.json {
        output::print_json(&as_json(&cluster, &found))?;
    } else {
        output::print(&text(&cluster, &found))?;
    }
    Ok(if is_ill(&found) { Ending::Bad } else { Ending::Good })
}

fn is_ill(found: &[Found]) -> bool {
    found.iter().any(|found| found.finding.severity != Severity::Note)
}

fn text(cluster: &Cluster, found: &[Found]) -> String {
    let mut text = String::new();
    for Found { check, finding } in found {
        text.push_str(&format!("{} [{check}] {}\n", finding.severity.to_string().to_uppercase(), finding.what));
        for line in &finding.evidence {
            text.push_str(&format!("    {line}\n"));
        }
        text.push_str(&format!("    to do: {}\n", finding.remedy));
    }
    text + &summary(cluster, found)
}

fn summary(cluster: &Cluster, found: &[Found]) -> String {
    let mut software: BTreeMap<String, usize> = BTreeMap::new();
    for view in cluster.views.values() {
        *software.entry(view.software.to_string()).or_default() += 1;
    }
    let software: Vec<String> = software.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
    let count = |severity| found.iter().filter(|found| found.finding.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    let verdict = match errors + warnings {
        0 if notes == 0 => "clean".to_owned(),
        0 => format!("clean, with {}", counted(notes, "note")),
        _ => format!("{}, {}, {}", counted(errors, "error"), counted(warnings, "warning"), counted(notes, "note")),
    };
    format!("{} of {} nodes answered ({}): {verdict}\n", cluster.views.len(), cluster.ids().len(), software.join(", "))
}

fn as_json(cluster: &Cluster, found: &[Found]) -> Value {
    let finding = |Found { check, finding }: &Found| {
        json!({
            "check": check,
            "severity": finding.severity.to_string(),
            "subject": finding.subject,
            "what": finding.what,
            "evidence": finding.evidence,
            "remedy": finding.remedy,
        })
    };
    let node = |view: &crate::view::View| {
        json!({
            "id": view.me.as_str(),
            "asked": view.asked.to_string(),
            "software": view.software.name,
            "version": view.software.version,
        })
    };
    let silent = cluster
        .answers
        .iter()
        .filter_map(|(target, answer)| Some(json!({ "address": target.to_string(), "error": answer.as_ref().err()? })));
    json!({
        "clean": !is_ill(found),
        "findings": found.iter().map(finding).collect::<Vec<_>>(),
        "nodes": cluster.views.values().map(node).collect::<Vec<_>>(),
        "not_answering": silent.collect::<Vec<_>>(),
    })
}
