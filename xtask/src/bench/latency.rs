//! How long requests take while the server is busy with something else.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use slotmesh_resp::{Value, encode_command};

use super::load::{Load, lone_node};
use super::report::Report;
use crate::rack::{Client, Kind, Node, Rack, interrupt, wait};

/// Connections that the steady requests come over.
const CONNECTIONS: u32 = 8;
/// Bytes of a value.
const VALUE: usize = 64;
/// Between the beginnings of two that disturb.
const DISTURBED_EVERY: Duration = Duration::from_secs(2);
/// Most commands at once while keys are made.
const BATCH: usize = 1000;

/// How to measure how long requests take.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Requests in a second, GET and SET in turn.
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(i64::from(CONNECTIONS)..=100_000))]
    rate: u32,
    /// Seconds for each disturbance.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Keys.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    keys: u32,
    /// Elements of the key that is deleted.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    elements: u32,
    /// Connections that say nothing.
    #[arg(long, default_value_t = 8_000)]
    idle: usize,
}

/// Measures both servers, one after the other.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let title = format!(
        "Milliseconds from when a request is due, {} a second for {} s, among {} keys",
        options.rate, options.seconds, options.keys
    );
    let mut report = Report::new(title, &["while", "server", "p50", "p99", "p99.9", "most"]);
    let bar = super::progress(8)?;
    let mut rows = Vec::new();
    for kind in [Kind::Slotmesh, Kind::Valkey9] {
        let node = lone_node(rack, kind)?;
        bar.set_message(format!("{kind}: keys"));
        fill(&node, options.keys, |key| vec!["SET".into(), name(key), "x".repeat(VALUE)])?;
        for (order, (what, disturb)) in disturbances().into_iter().enumerate() {
            bar.set_message(format!("{kind}: {what}"));
            let times = disturb(&node, options)?;
            rows.push((order, row(what, kind, &times)));
            bar.inc(1);
        }
        if kind == Kind::Slotmesh {
            rows.push((usize::MAX, bus_row(&node)?));
        }
    }
    rows.sort_by_key(|(order, _)| *order);
    rows.into_iter().for_each(|(_, row)| report.row(row));
    bar.finish_and_clear();
    Ok(report)
}

type Disturb = fn(&Node, &Options) -> Result<Vec<Duration>>;

fn disturbances() -> [(&'static str, Disturb); 4] {
    [("nothing else", quiet), ("KEYS *", keys), ("the big key is deleted", delete), ("many connections are idle", idle)]
}

fn quiet(node: &Node, options: &Options) -> Result<Vec<Duration>> {
    while_disturbed(node, options, |_| Ok(()))
}

fn keys(node: &Node, options: &Options) -> Result<Vec<Duration>> {
    let mut stream = connect(node)?;
    while_disturbed(node, options, |_| ask(&mut stream, &["KEYS", "*"]))
}

fn delete(node: &Node, options: &Options) -> Result<Vec<Duration>> {
    fill(node, options.elements, |element| vec!["SADD".into(), "big".into(), format!("member:{element}")])?;
    let mut stream = connect(node)?;
    while_disturbed(node, options, |turn| if turn == 0 { ask(&mut stream, &["DEL", "big"]) } else { Ok(()) })
}

fn idle(node: &Node, options: &Options) -> Result<Vec<Duration>> {
    let idle = Load::new(node.address(), options.idle)?;
    let times = while_disturbed(node, options, |_| Ok(()));
    drop(idle);
    times
}

/// Steady requests, and what disturbs them from time to time.
fn while_disturbed(
    node: &Node,
    options: &Options,
    mut disturb: impl FnMut(u32) -> Result<()>,
) -> Result<Vec<Duration>> {
    let streams: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(node)).collect::<Result<_>>()?;
    let begin = Instant::now() + Duration::from_millis(100);
    let end = begin + Duration::from_secs(options.seconds);
    let step = Duration::from_secs(1) * CONNECTIONS / options.rate;
    let keys = options.keys;
    thread::scope(|scope| {
        let asking: Vec<_> = (0..CONNECTIONS)
            .zip(streams)
            .map(|(number, stream)| {
                let first = begin + step * number / CONNECTIONS;
                scope.spawn(move || steady(stream, number, keys, first, end, step))
            })
            .collect();
        let mut disturbed = Ok(());
        for turn in 0.. {
            let due = begin + DISTURBED_EVERY / 4 + DISTURBED_EVERY * turn;
            if due >= end || disturbed.is_err() {
                break;
            }
            disturbed = wait::pause(due.saturating_duration_since(Instant::now())).and_then(|()| disturb(turn));
        }
        let mut times = Vec::new();
        for thread in asking {
            times.extend(thread.join().expect("it does not panic")?);
        }
        disturbed?;
        times.sort_unstable();
        Ok(times)
    })
}

/// Sends a request whenever one is due. Time counts from then, so that a server that holds one up is charged for those behind it.
#[expect(clippy::disallowed_methods, reason = "requests have their moments")]
fn steady(
    mut stream: TcpStream,
    number: u32,
    keys: u32,
    first: Instant,
    end: Instant,
    step: Duration,
) -> Result<Vec<Duration>> {
    let value = vec![b'x'; VALUE];
    let (mut due, mut times, mut request, mut reply) = (first, Vec::new(), Vec::new(), [0; 256]);
    let mut key = number;
    while due < end {
        interrupt::check()?;
        key = (key.wrapping_mul(1_664_525)).wrapping_add(1_013_904_223);
        let key_name = name(key % keys);
        request.clear();
        match times.len() % 2 {
            0 => encode_command(&[b"GET", key_name.as_bytes()], &mut request),
            _ => encode_command(&[b"SET", key_name.as_bytes(), &value], &mut request),
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(&request)?;
        let mut filled = 0;
        while Value::parse(&reply[..filled])?.is_none() {
            let count = stream.read(&mut reply[filled..]).context("no reply")?;
            ensure!(count > 0, "the server closed the connection");
            filled += count;
        }
        times.push(due.elapsed());
        due += step;
    }
    Ok(times)
}

fn row(what: &str, kind: Kind, times: &[Duration]) -> Vec<String> {
    let at = |part: f64| {
        let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(place).map_or("-".to_owned(), |time| format!("{:.2}", time.as_secs_f64() * 1e3))
    };
    vec![what.to_owned(), kind.to_string(), at(0.5), at(0.99), at(0.999), at(1.0)]
}

/// How late the thread of the bus was meanwhile, over the last minute.
fn bus_row(node: &Node) -> Result<Vec<String>> {
    let info = node.text(&["INFO", "slotmesh"])?;
    let line = info.lines().find_map(|line| line.strip_prefix("slotmesh_bus_delay:")).context("no line of the bus")?;
    let micros = |name: &str| -> Result<String> {
        let found = line.split(',').find_map(|part| part.strip_prefix(name)).with_context(|| line.to_owned())?;
        Ok(format!("{:.2}", found.parse::<f64>()? / 1e3))
    };
    let dash = || "-".to_owned();
    let (p99, most) = (micros("p99_us=")?, micros("max_us=")?);
    Ok(vec!["all of it: timers of the bus".to_owned(), Kind::Slotmesh.to_string(), dash(), p99, dash(), most])
}

fn name(key: u32) -> String {
    format!("key:{key:012}")
}

fn fill(node: &Node, count: u32, words: impl Fn(u32) -> Vec<String>) -> Result<()> {
    let mut next = 0;
    let command = || {
        next += 1;
        words(next - 1).into_iter().map(String::into_bytes).collect()
    };
    let count = usize::try_from(count)?;
    Load::new(node.address(), 1)?.run(node.pid()?, count, BATCH.min(count), command)?;
    Ok(())
}

fn connect(node: &Node) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&node.address(), Client::PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Client::PATIENCE))?;
    Ok(stream)
}

/// Sends a command and takes its reply without looking at it: one that is long costs little here.
fn ask(stream: &mut TcpStream, words: &[&str]) -> Result<()> {
    const END: &[u8] = b"+PONG\r\n";
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let mut request = Vec::new();
    encode_command(&words, &mut request);
    encode_command(&[b"PING"], &mut request);
    stream.write_all(&request)?;
    let (mut input, mut tail) = (vec![0; 256 * 1024], Vec::new());
    while !tail.ends_with(END) {
        let count = stream.read(&mut input).context("no reply")?;
        ensure!(count > 0, "the server closed the connection");
        tail.extend_from_slice(&input[count.saturating_sub(END.len())..count]);
        tail.drain(..tail.len().saturating_sub(END.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_what_part_of_all_took_longer() {
        let times: Vec<Duration> = (0..1000).map(Duration::from_millis).collect();
        assert_eq!(row("x", Kind::Slotmesh, &times)[2..], ["500.00", "990.00", "999.00", "999.00"]);
        assert_eq!(row("x", Kind::Slotmesh, &[])[2], "-");
    }
}
