//! What the admin API costs a node that nobody asks, and how soon it tells those who watch.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use super::idle::{self, Costs, Pace};
use super::report::{self, Report};
use super::topology;
use crate::process::cargo;
use crate::rack::{Kind, Node, Rack, mesh, wait};

/// How to measure the admin API.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Numbers of watchers.
    #[arg(long, value_delimiter = ',', default_value = "1,100,1000")]
    watchers: Vec<u16>,
    /// Events for each.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    events: u32,
    /// Nodes of the quiet mesh.
    #[arg(long, default_value_t = 30)]
    mesh: usize,
    #[command(flatten)]
    pace: Pace,
    /// Known nodes of the topology that is asked for.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    nodes: u16,
    /// How often it is asked for.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
}

/// Measures all of it, one after the other.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let title = format!(
        "The admin API: {} events, quiet meshes of {} nodes over {} s, a topology of {} nodes",
        options.events, options.mesh, options.pace.window, options.nodes
    );
    let mut report = Report::alone(title, &["what", "median", "99 of 100, or range", "most"]);
    let bar = super::progress(4)?;
    bar.set_message("events");
    events(rack, options, &mut report)?;
    bar.inc(1);
    for (name, with_api) in [("off", false), ("on", true)] {
        bar.set_message(format!("a quiet mesh, the API {name}"));
        let costs = quiet(rack, options, with_api)?;
        let mut row = |what: &str, sample| {
            let (median, range) = (report::median(sample, 2), report::range(sample, 2));
            report.row(vec![format!("API {name}: {what}"), median, range, String::new()]);
        };
        row("CPU ms per second", &costs.cpu_ms_per_second);
        row("RSS MiB", &costs.resident_mib);
        row("PSS MiB", &costs.proportional_mib);
        row("heap and stacks MiB", &costs.anonymous_mib);
        bar.inc(1);
    }
    bar.set_message("the topology");
    snapshot(rack, options, &mut report)?;
    bar.finish_and_clear();
    Ok(report)
}

fn events(rack: &Rack, options: &Options, report: &mut Report) -> Result<()> {
    let (node, admin) = with_api(rack, |flags| rack.spawn(Kind::Slotmesh, flags))?;
    node.call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
    let mut words =
        vec!["events".to_owned(), node.address().to_string(), admin.to_string(), options.events.to_string()];
    words.extend(options.watchers.iter().map(u16::to_string));
    for line in delays(&words)?.lines() {
        let (case, micros) = line.split_once('\t').with_context(|| format!("the example printed {line:?}"))?;
        let what = match case.strip_prefix("event at ") {
            Some(count) => format!("event at {count} watchers, ms"),
            None => "reply to the command that causes it, ms".to_owned(),
        };
        report.row([vec![what], millis(micros)?].concat());
    }
    Ok(())
}

fn quiet(rack: &Rack, options: &Options, api: bool) -> Result<Costs> {
    let start = || match api {
        true => {
            with_api(rack, |flags| rack.spawn(Kind::Slotmesh, &[flags, &idle::FLAGS].concat())).map(|(node, _)| node)
        }
        false => Ok(rack.start(&[Kind::Slotmesh], &idle::FLAGS)?.remove(0)),
    };
    let nodes = (0..options.mesh).map(|_| start()).collect::<Result<Vec<_>>>()?;
    nodes.windows(2).try_for_each(|pair| pair[0].meet(&pair[1]))?;
    mesh::await_full(&nodes, idle::PATIENCE)?;
    idle::watch(&nodes, options.pace)
}

fn snapshot(rack: &Rack, options: &Options, report: &mut Report) -> Result<()> {
    let conf = topology::conf(rack, options.nodes)?;
    let (node, admin) = with_api(rack, |flags| {
        let flags = [flags, &topology::FLAGS].concat();
        rack.spawn_at(rack.free_port()?, Kind::Slotmesh, Some(&conf), &flags)
    })?;
    wait::until("the node to know all", idle::PATIENCE, || {
        let known = node.lines()?.len();
        ensure!(known == usize::from(options.nodes), "{known} are known");
        Ok(())
    })?;
    let printed = delays(&["topology".to_owned(), admin.to_string(), options.requests.to_string()])?;
    for line in printed.lines() {
        match line.split_once('\t') {
            Some(("topology", micros)) => {
                let what = format!("topology of {} nodes, ms", options.nodes);
                report.row([vec![what], millis(micros)?].concat());
            }
            Some(("bytes", bytes)) => {
                let kib = bytes.parse::<f64>()? / 1024.0;
                let what = format!("topology of {} nodes, KiB", options.nodes);
                report.row(vec![what, format!("{kib:.0}"), String::new(), String::new()]);
            }
            _ => anyhow::bail!("the example printed {line:?}"),
        }
    }
    Ok(())
}

/// A node that serves the API, and where.
fn with_api(rack: &Rack, spawn: impl Fn(&[(&str, &str)]) -> Result<Node>) -> Result<(Node, SocketAddr)> {
    let port = rack.free_port()?;
    let mut node = spawn(&[("slotmesh-admin-port", &port.to_string())])?;
    node.await_ready()?;
    Ok((node, SocketAddr::from(([127, 0, 0, 1], port))))
}

/// What the example of `slotmesh-admin` prints.
fn delays(words: &[String]) -> Result<String> {
    let mut example = cargo();
    example.args(["run", "--quiet", "--release", "-p", "slotmesh-admin", "--example", "delays", "--"]).args(words);
    let output = example.output().context("can't run cargo")?;
    ensure!(output.status.success(), "the example failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("the example printed no text")
}

/// Microseconds, parted by tabs, as milliseconds.
fn millis(micros: &str) -> Result<Vec<String>> {
    micros.split('\t').map(|number| Ok(format!("{:.2}", number.parse::<f64>()? / 1e3))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_example_are_read() {
        assert_eq!(millis("1500\t20\t123456").unwrap(), ["1.50", "0.02", "123.46"]);
        assert!(millis("many").is_err());
    }
}
