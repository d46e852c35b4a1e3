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
    /// Requests in each round without a pipeline; up to sixteen times as many with one.
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// Different keys.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,
    /// Connections.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// In how many rounds each command is measured.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
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
    fill: Fill,
    /// The words of a request on the key of this number; the second number differs from request to request.
    words: Words,
}

type Words = fn(u64, u64) -> Vec<Vec<u8>>;

/// What is there before it is asked for.
#[derive(Clone, Copy)]
enum Fill {
    /// What the requests themselves make.
    Same,
    /// What these requests make.
    Of(Words),
    /// What these requests make, once for each request that takes it away.
    ForEach(Words),
}

const VALUE: [u8; 64] = [b'x'; 64];

const CASES: [Case; 15] = [
    Case { name: "SET", pipeline: 1, fill: Fill::Same, words: set },
    Case { name: "SET", pipeline: 16, fill: Fill::Same, words: set },
    Case { name: "SET", pipeline: 64, fill: Fill::Same, words: set },
    Case { name: "GET", pipeline: 1, fill: Fill::Of(set), words: get },
    Case { name: "GET", pipeline: 16, fill: Fill::Of(set), words: get },
    Case { name: "GET", pipeline: 64, fill: Fill::Of(set), words: get },
    Case { name: "INCR", pipeline: 16, fill: Fill::Same, words: |key, _| words(["INCR", &name("n", key)]) },
    Case { name: "LPUSH", pipeline: 16, fill: Fill::Same, words: lpush },
    Case {
        name: "LPOP",
        pipeline: 16,
        fill: Fill::ForEach(lpush),
        words: |key, _| words(["LPOP", &name("l", key % 1000)]),
    },
    Case {
        name: "SADD",
        pipeline: 16,
        fill: Fill::Same,
        words: |key, turn| words(["SADD", &name("s", key % 1000), &format!("member:{}", turn % 10_000)]),
    },
    Case {
        name: "HSET",
        pipeline: 16,
        fill: Fill::Same,
        words: |key, turn| words(["HSET", &name("h", key % 1000), &format!("field:{}", turn % 10_000), "some value"]),
    },
    Case { name: "ZADD", pipeline: 16, fill: Fill::Same, words: zadd },
    Case {
        name: "ZRANGE",
        pipeline: 16,
        fill: Fill::Of(zadd),
        words: |key, _| words(["ZRANGE", &name("z", key % 1000), "0", "9"]),
    },
    Case { name: "MSET", pipeline: 16, fill: Fill::Same, words: mset },
    Case {
        name: "XADD",
        pipeline: 16,
        fill: Fill::Same,
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

/// Asks the servers in turn, in rounds of tenths of a second: what else goes on at the machine meets all of them alike.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let wanted = |case: &&Case| options.only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(case.name));
    let cases: Vec<&Case> = CASES.iter().filter(wanted).collect();
    let nodes = [lone_node(rack, Kind::Slotmesh)?, lone_node(rack, Kind::Valkey9)?];
    let floor = options.floor.then(Floor::start).transpose()?;
    let mut servers = Vec::new();
    for node in &nodes {
        servers.push(Server { name: node.kind().to_string(), address: node.address(), pid: node.pid()? });
    }
    if let Some(floor) = &floor {
        servers.push(Server { name: "a map".to_owned(), address: floor.address(), pid: floor.pid() });
    }
    let title = format!(
        "Server CPU for a command in microseconds, {} keys, {} connections, values of 64 bytes, {} rounds of {} requests (in \
         pipelines up to sixteen times as many): medians, the middle half, the median of the rounds' ratios to Valkey",
        options.keys, options.connections, options.rounds, options.requests
    );
    let columns = ["command", "pipeline", "slotmesh", "half", "Valkey", "half", "ratio", "a second", "Valkey's"];
    let more = if floor.is_some() { &["a map", "half", "ratio"][..] } else { &[] };
    let mut report = Report::new(title, &[&columns, more].concat());
    let bar = super::progress(cases.len() * usize::from(options.rounds))?;
    for case in cases {
        let asked = if FLOOR.contains(&case.name) { &servers[..] } else { &servers[..nodes.len()] };
        let [ours, theirs, map] = compare(asked, case, options, &bar)?;
        let mut row = vec![
            case.name.to_owned(),
            case.pipeline.to_string(),
            report::median(&ours.micros, 2),
            report::middle_half(&ours.micros, 2),
            report::median(&theirs.micros, 2),
            report::middle_half(&theirs.micros, 2),
            report::median(&ours.micros.over(&theirs.micros), 2),
            report::median(&ours.per_second, 0),
            report::median(&theirs.per_second, 0),
        ];
        if asked.len() > nodes.len() {
            row.push(report::median(&map.micros, 2));
            row.push(report::middle_half(&map.micros, 2));
            row.push(report::median(&map.micros.over(&theirs.micros), 2));
        }
        report.row(row);
    }
    bar.finish_and_clear();
    Ok(report)
}

/// A server that is asked.
struct Server {
    name: String,
    address: SocketAddr,
    pid: Pid,
}

/// What the rounds have cost it.
#[derive(Default)]
struct Costs {
    micros: Sample,
    per_second: Sample,
}

/// How long a server is under the load before it is measured: slotmesh has tried other numbers of threads by then.
const WARM_UP: Duration = Duration::from_secs(4);

/// The commands that the floor knows.
const FLOOR: [&str; 2] = ["SET", "GET"];

/// As many as there are servers have costs.
fn compare(servers: &[Server], case: &Case, options: &Options, bar: &ProgressBar) -> Result<[Costs; 3]> {
    let mut asked = Vec::new();
    for server in servers {
        bar.set_message(format!("{} {}: {} is prepared", case.name, case.pipeline, server.name));
        asked.push(Asked::prepare(server, case, options)?);
    }
    bar.set_message(format!("{} {}", case.name, case.pipeline));
    let mut costs: [Costs; 3] = Default::default();
    for round in 0..usize::from(options.rounds) {
        for turn in 0..asked.len() {
            // Each is the first as often as the others.
            let which = (round + turn) % asked.len();
            let cost = asked[which].round(case, options)?;
            costs[which].micros.add(cost.micros);
            costs[which].per_second.add(cost.per_second);
        }
        bar.inc(1);
    }
    Ok(costs)
}

/// A server with the connections that ask it.
struct Asked {
    load: Load,
    pid: Pid,
    /// Requests so far.
    turn: u64,
}

impl Asked {
    fn prepare(server: &Server, case: &Case, options: &Options) -> Result<Self> {
        let load = Load::new(server.address, options.connections.into())?;
        let mut asked = Self { load, pid: server.pid, turn: 0 };
        let keys = usize::try_from(options.keys)?;
        let (fill, count) = match case.fill {
            Fill::Same => (case.words, keys),
            Fill::Of(words) => (words, keys),
            Fill::ForEach(words) => (words, keys.max(usize::from(options.rounds) * requests(case, options))),
        };
        asked.ask(fill, count, 64, options.keys)?;
        // What adapts itself to the load has done so before it is measured.
        let begun = Instant::now();
        while begun.elapsed() < WARM_UP {
            // The same requests again and again: who is asked more often does not have more in the end.
            asked.turn %= options.keys;
            asked.ask(fill, 1, case.pipeline, options.keys)?;
        }
        asked.turn = count as u64;
        Ok(asked)
    }

    fn round(&mut self, case: &Case, options: &Options) -> Result<Cost> {
        self.ask(case.words, requests(case, options), case.pipeline, options.keys)
    }

    fn ask(&mut self, words: Words, requests: usize, pipeline: usize, keys: u64) -> Result<Cost> {
        // The same keys for all servers, in an order that no cache foresees.
        let next = || {
            self.turn += 1;
            words(self.turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys, self.turn)
        };
        self.load.run(self.pid, requests, pipeline, next)
    }
}

/// So many in a round.
fn requests(case: &Case, options: &Options) -> usize {
    options.requests * case.pipeline.min(16)
}
