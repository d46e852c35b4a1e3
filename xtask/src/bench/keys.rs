//! Memory that keys take.

use anyhow::Result;

use super::load::{Load, lone_node};
use super::report::{self, Report};
use super::sample::Sample;
use crate::rack::{Kind, Rack, usage};

/// How to measure the memory of keys.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How many elements there are in all, whatever holds them.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    elements: u64,
    /// How often each is measured, each time with new servers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

/// Something that holds elements.
struct Case {
    name: &'static str,
    /// Elements of one key.
    each: u64,
    words: fn(&str, u64) -> Vec<String>,
}

const CASES: [Case; 10] = [
    Case {
        name: "texts of 64 bytes, keys of 16",
        each: 1,
        words: |key, _| vec!["SET".into(), key.into(), "x".repeat(64)],
    },
    Case { name: "hashes of 10", each: 10, words: hash },
    Case { name: "hashes of 100,000", each: 100_000, words: hash },
    Case { name: "sets of 10", each: 10, words: set },
    Case { name: "sets of 100,000", each: 100_000, words: set },
    Case { name: "sorted sets of 10", each: 10, words: sorted_set },
    Case { name: "sorted sets of 100,000", each: 100_000, words: sorted_set },
    Case { name: "lists of 10", each: 10, words: list },
    Case { name: "lists of 100,000", each: 100_000, words: list },
    Case { name: "streams of 100,000", each: 100_000, words: stream },
];

fn hash(key: &str, element: u64) -> Vec<String> {
    vec!["HSET".into(), key.into(), format!("field:{element:08}"), format!("value:{element:010}")]
}

fn set(key: &str, element: u64) -> Vec<String> {
    vec!["SADD".into(), key.into(), format!("member:{element:09}")]
}

fn sorted_set(key: &str, element: u64) -> Vec<String> {
    vec!["ZADD".into(), key.into(), element.to_string(), format!("member:{element:09}")]
}

fn list(key: &str, element: u64) -> Vec<String> {
    vec!["RPUSH".into(), key.into(), format!("element:{element:08}")]
}

fn stream(key: &str, element: u64) -> Vec<String> {
    vec!["XADD".into(), key.into(), format!("{}-0", element + 1), "field".into(), format!("value:{element:010}")]
}

/// Fills both servers.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let title = format!(
        "Bytes of resident memory for an element, {} elements, medians of {} runs",
        options.elements, options.runs
    );
    let mut report = Report::new(title, &["held in", "slotmesh", "range", "Valkey", "range", "ratio"]);
    let bar = super::progress(CASES.len() * usize::from(options.runs) * 2)?;
    for case in &CASES {
        let mut samples = [Sample::default(), Sample::default()];
        for _ in 0..options.runs {
            for (sample, kind) in samples.iter_mut().zip([Kind::Slotmesh, Kind::Valkey9]) {
                bar.set_message(format!("{kind}: {}", case.name));
                sample.add(measure(rack, kind, case, options.elements)?);
                bar.inc(1);
            }
        }
        report.row(vec![
            case.name.to_owned(),
            report::median(&samples[0], 1),
            report::range(&samples[0], 1),
            report::median(&samples[1], 1),
            report::range(&samples[1], 1),
            report::ratio(&samples[0], &samples[1]),
        ]);
    }
    bar.finish_and_clear();
    Ok(report)
}

fn measure(rack: &Rack, kind: Kind, case: &Case, elements: u64) -> Result<f64> {
    let node = lone_node(rack, kind)?;
    // One connection: elements come in order.
    let mut load = Load::new(node.address(), 1)?;
    let before = usage::memory(node.pid()?)?.resident_kib;
    let mut element = 0;
    let next = || {
        let key = format!("key:{:012}", element / case.each);
        let words = (case.words)(&key, element % case.each);
        element += 1;
        words.into_iter().map(String::into_bytes).collect()
    };
    let mut next: Box<dyn FnMut() -> Vec<Vec<u8>>> = Box::new(next);
    load.run(node.pid()?, usize::try_from(elements)?, 1000, &mut next)?;
    let grown = usage::memory(node.pid()?)?.resident_kib.saturating_sub(before);
    Ok(grown as f64 * 1024.0 / elements as f64)
}
