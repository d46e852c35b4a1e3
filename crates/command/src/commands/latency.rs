//! LATENCY.

use std::fmt::Write;

use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::latency::{Series, graph as drawn};
use crate::outcome::Outcome;
use crate::table::{self, Known};

/// What is replied where nothing is watched. The words are those of real servers, which tools look for.
const DISABLED: &str = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Valkey instance. You may use \
    \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it.\n";

/// The same where nothing was found.
const NOTHING: &str =
    "No latency spike was observed during the lifetime of this Valkey instance, not in the slightest bit.\n";

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn histogram(call: &mut Call<'_>) -> Handled {
    let named: Vec<&Known> = match &call.args[2..] {
        [] => (0..table::count()).map(table::by_index).collect(),
        names => names.iter().filter_map(|name| table::find(name)).flat_map(with_parts).collect(),
    };
    let stats = &call.server.stats;
    let counted = named.into_iter().filter_map(|command| Some((command, stats.times_of(command)?)));
    let counted: Vec<_> = counted.filter(|(_, times)| times.count() > 0).collect();
    let mut reply = call.reply();
    reply.map(counted.len());
    for (command, times) in counted {
        let shown = times.doubling();
        reply.bulk(command.full_name.as_bytes());
        reply.map(2);
        reply.bulk(b"calls");
        reply.integer(shown.last().map_or(0, |(_, count)| number(*count)));
        reply.bulk(b"histogram_usec");
        reply.map(shown.len());
        for (micros, count) in shown {
            reply.integer(number(micros));
            reply.integer(number(count));
        }
    }
    Ok(Outcome::Continue)
}

/// A command and its subcommands.
fn with_parts(command: &'static Known) -> impl Iterator<Item = &'static Known> {
    [command].into_iter().chain(&command.subcommands)
}

pub(crate) fn latest(call: &mut Call<'_>) -> Handled {
    let events = call.server.spikes.all();
    let mut reply = call.reply();
    reply.array(events.len());
    for (name, series) in events {
        let last = series.samples.back().copied();
        reply.array(6);
        reply.bulk(name.as_bytes());
        let [at, millis] = last.map_or([0, 0], |last| [last.at, last.millis]);
        [at, millis, series.max, series.sum, series.count].into_iter().for_each(|figure| reply.integer(number(figure)));
    }
    Ok(Outcome::Continue)
}

pub(crate) fn history(call: &mut Call<'_>) -> Handled {
    let series = call.server.spikes.of(call.args[2]).unwrap_or_default();
    let mut reply = call.reply();
    reply.array(series.samples.len());
    for sample in series.samples {
        reply.array(2);
        reply.integer(number(sample.at));
        reply.integer(number(sample.millis));
    }
    Ok(Outcome::Continue)
}

pub(crate) fn graph(call: &mut Call<'_>) -> Handled {
    let event = call.args[2];
    let series = call.server.spikes.of(event);
    let series = series.ok_or_else(|| ErrorReply::echo(&[b"No samples available for event '", event, b"'"]))?;
    let text = drawn(&String::from_utf8_lossy(event), &series, call.now.unix.0 / 1000);
    call.reply().verbatim("txt", text.as_bytes());
    Ok(Outcome::Continue)
}

pub(crate) fn reset(call: &mut Call<'_>) -> Handled {
    let forgotten = call.server.spikes.forget(&call.args[2..]);
    call.reply().integer(number(forgotten as u64));
    Ok(Outcome::Continue)
}

pub(crate) fn doctor(call: &mut Call<'_>) -> Handled {
    let spikes = &call.server.spikes;
    let events = spikes.all();
    let mut text = String::new();
    for (index, (name, series)) in (1..).zip(&events) {
        writeln!(text, "{index}. {}", summary(name, series, call.now.unix.0 / 1000)).expect(NEVER_FAILS);
    }
    let text = match (spikes.threshold(), events.is_empty()) {
        (0, true) => DISABLED.to_owned(),
        (_, true) => NOTHING.to_owned(),
        (threshold, false) => {
            let threshold = threshold.max(1) * 1000;
            format!(
                "Some things took longer than latency-monitor-threshold allows.\n\n{text}\n\
                 What helps to find out why:\n\n\
                 - Commands: 'CONFIG SET slowlog-log-slower-than {threshold}', then 'SLOWLOG GET' names them.\n\
                 - The machine: 'INFO slotmesh' tells whether threads that serve clients were held up.\n"
            )
        }
    };
    call.reply().verbatim("txt", text.as_bytes());
    Ok(Outcome::Continue)
}

/// What happened, in a sentence. Source: the figures of `latencyDoctor`.
fn summary(name: &str, series: &Series, now: u64) -> String {
    let times = || series.samples.iter().map(|sample| sample.millis);
    let count = series.samples.len().max(1) as u64;
    let mean = times().sum::<u64>() / count;
    let deviation = times().map(|millis| millis.abs_diff(mean)).sum::<u64>() / count;
    let oldest = series.samples.front().map_or(now, |sample| sample.at);
    let period = now.saturating_sub(oldest) as f64 / count as f64;
    format!(
        "{name}: {count} latency spikes (average {mean}ms, mean deviation {deviation}ms, period {period:.2} sec). Worst all \
         time event {}ms.",
        series.max
    )
}

const NEVER_FAILS: &str = "writing to a string does not fail";
