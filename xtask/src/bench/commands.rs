//! CPU of the server for a command on keys.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use rustix::process::Pid;

use super::floor::Floor;
use super::load::{Cost, Load, lone_node};
use super::report::{self, Report};
use super::sample::Sample;
use crate::rack::{Kind, Rack};

/// How to measure commands.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Requests in each run without a pipeline; up to sixteen times as many with one.
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
    /// Different keys.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,
    /// Connections.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// How often each command is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Only commands with this name.
    #[arg(long)]
    only: Option<String>,
    /// Beside a server of a map and nothing else, where that knows the command: what sockets and the protocol cost.
    #[arg(long)]
    floor: bool,
}

/// One command under measurement.
struct Case {
    name: &'static str,
    pipeline: usize,
    /// The words of a request that makes what is asked for, if that is not the request itself.
    fill: Option<Words>,
    /// The words of a request on the key of this number; the second number differs from request to request.
    words: Words,
}

type Words = fn(u64, u64) -> Vec<Vec<u8>>;

const VALUE: [u8; 64] = [b'x'; 64];

const CASES: [Case; 15] = [
    Case { name: "SET", pipeline: 1, fill: None, words: set },
    Case { name: "SET", pipeline: 16, fill: None, words: set },
    Case { name: "SET", pipeline: 64, fill: None, words: set },
    Case { name: "GET", pipeline: 1, fill: Some(set), words: get },
    Case { name: "GET", pipeline: 16, fill: Some(set), words: get },
    Case { name: "GET", pipeline: 64, fill: Some(set), words: get },
    Case { name: "INCR", pipeline: 16, fill: None, words: |key, _| words(["INCR", &name("n", key)]) },
    Case { name: "LPUSH", pipeline: 16, fill: None, words: lpush },
    Case { name: "LPOP", pipeline: 16, fill: Some(lpush), words: |key, _| words(["LPOP", &name("l", key % 1000)]) },
    Case {
        name: "SADD",
        pipeline: 16,
        fill: None,
        words: |key, turn| words(["SADD", &name("s", key % 1000), &format!("member:{}", turn % 10_000)]),
    },
    Case {
        name: "HSET",
        pipeline: 16,
        fill: None,
        words: |key, turn| words(["HSET", &name("h", key % 1000), &format!("field:{}", turn % 10_000), "some value"]),
    },
    Case { name: "ZADD", pipeline: 16, fill: None, words: zadd },
    Case {
        name: "ZRANGE",
        pipeline: 16,
        fill: Some(zadd),
        words: |key, _| words(["ZRANGE", &name("z", key % 1000), "0", "9"]),
    },
    Case { name: "MSET", pipeline: 16, fill: None, words: mset },
    Case {
        name: "XADD",
        pipeline: 16,
        fill: None,
        words: |key, _| words(["XADD", &name("x", key % 1000), "*", "field", "value"]),
    },
];

fn words<const N: usize>(words: [&str; N]) -> Vec<Vec<u8>> {
    words.map(|word| word.as_bytes().to_vec()).to_vec()
}

fn name(kind: &str, number: u64) -> String {
    format!("{kind}ey:{number:012}")
}

fn set(key: u64, _turn: u64) -> Vec<Vec<u8>> {
    vec![b"SET".to_vec(), name("k", key).into_bytes(), VALUE.to_vec()]
}

fn get(key: u64, _turn: u64) -> Vec<Vec<u8>> {
    vec![b"GET".to_vec(), name("k", key).into_bytes()]
}

fn lpush(key: u64, _turn: u64) -> Vec<Vec<u8>> {
    words(["LPUSH", &name("l", key % 1000), "element"])
}

fn zadd(key: u64, turn: u64) -> Vec<Vec<u8>> {
    let (score, member) = ((turn % 997).to_string(), format!("member:{}", turn % 10_000));
    words(["ZADD", &name("z", key % 1000), &score, &member])
}

/// Ten keys of one slot.
fn mset(key: u64, _turn: u64) -> Vec<Vec<u8>> {
    let pair = |number: u64| [format!("{{m{}}}:{number}", key % 1000).into_bytes(), VALUE.to_vec()];
    std::iter::once(b"MSET".to_vec()).chain((0..10).flat_map(pair)).collect()
}

/// Asks both servers in turn.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let wanted = |case: &&Case| options.only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(case.name));
    let cases: Vec<&Case> = CASES.iter().filter(wanted).collect();
    let nodes = [lone_node(rack, Kind::Slotmesh)?, lone_node(rack, Kind::Valkey9)?];
    let floor = options.floor.then(Floor::start).transpose()?;
    let mut servers = Vec::new();
    for node in &nodes {
        servers.push(Asked { name: node.kind().to_string(), address: node.address(), pid: node.pid()? });
    }
    if let Some(floor) = &floor {
        servers.push(Asked { name: "a map".to_owned(), address: floor.address(), pid: floor.pid() });
    }
    let title = format!(
        "Server CPU for a command in microseconds, {} keys, {} connections, values of 64 bytes, medians of {} runs of {} requests",
        options.keys, options.connections, options.runs, options.requests
    );
    let columns = ["command", "pipeline", "slotmesh", "range", "Valkey", "range", "ratio", "a second", "Valkey's"];
    let more = if floor.is_some() { &["a map", "range", "ratio"][..] } else { &[] };
    let mut report = Report::new(title, &[&columns, more].concat());
    let bar = super::progress(cases.len() * usize::from(options.runs) * servers.len())?;
    for case in cases {
        let mut costs: [Sample; 3] = Default::default();
        let mut speeds: [Sample; 3] = Default::default();
        let asked = if FLOOR.contains(&case.name) { &servers[..] } else { &servers[..nodes.len()] };
        for _ in 0..options.runs {
            for (index, server) in asked.iter().enumerate() {
                let cost = measure(server, case, options, &bar)?;
                costs[index].add(cost.micros);
                speeds[index].add(cost.per_second);
            }
        }
        let mut row = vec![
            case.name.to_owned(),
            case.pipeline.to_string(),
            report::median(&costs[0], 2),
            report::range(&costs[0], 2),
            report::median(&costs[1], 2),
            report::range(&costs[1], 2),
            report::ratio(&costs[0], &costs[1]),
            report::median(&speeds[0], 0),
            report::median(&speeds[1], 0),
        ];
        if floor.is_some() {
            row.extend(match asked.len() {
                3 => [report::median(&costs[2], 2), report::range(&costs[2], 2), report::ratio(&costs[2], &costs[1])],
                _ => Default::default(),
            });
        }
        report.row(row);
    }
    bar.finish_and_clear();
    Ok(report)
}

/// A server that is asked.
struct Asked {
    name: String,
    address: SocketAddr,
    pid: Pid,
}

/// How long a server is under the load before it is measured: slotmesh has tried other numbers of threads by then.
const WARM_UP: Duration = Duration::from_secs(4);

/// The commands that the floor knows.
const FLOOR: [&str; 2] = ["SET", "GET"];

fn measure(server: &Asked, case: &Case, options: &Options, bar: &ProgressBar) -> Result<Cost> {
    bar.set_message(format!("{} {} {}", server.name, case.name, case.pipeline));
    let mut load = Load::new(server.address, options.connections.into())?;
    // The same keys for all, in an order that no cache foresees.
    let keys = options.keys;
    let requests = |words: Words| {
        let mut turn = 0_u64;
        move || {
            turn += 1;
            words(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys, turn)
        }
    };
    let count = options.requests * case.pipeline.min(16);
    if let Some(fill) = case.fill.or_else(|| (case.pipeline == 1).then_some(case.words)) {
        // All is there before it is asked for, however often.
        load.run(server.pid, count.max(usize::try_from(keys)?), 64, requests(fill))?;
    }
    // What adapts itself to the load has done so before it is measured.
    let begun = Instant::now();
    let mut warm = requests(case.fill.unwrap_or(case.words));
    while begun.elapsed() < WARM_UP {
        load.run(server.pid, 1, case.pipeline, &mut warm)?;
    }
    let cost = load.run(server.pid, count, case.pipeline, requests(case.words))?;
    bar.inc(1);
    Ok(cost)
}
