//! CLUSTER SLOT-STATS. Source: spec of the commands, section 9.

use std::cmp::Reverse;

use slotmesh_resp::parse_integer;
use slotmesh_types::{Slot, SlotSet};

use super::slots::parse_slot;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::{ErrorReply, wrong_shape};
use crate::keyspace::SlotUsage;
use crate::outcome::Outcome;

/// The figures of one slot.
struct Figures {
    slot: Slot,
    keys: u64,
    usage: SlotUsage,
}

/// What slots are ordered by.
type Metric = fn(&Figures) -> u64;

pub(crate) fn slot_stats(call: &mut Call<'_>) -> Handled {
    match call.args[2..] {
        [word, first, last] if is_word(word, "slotsrange") => in_range(call, first, last),
        [word, metric, ref options @ ..] if is_word(word, "orderby") => ordered(call, metric, options),
        _ => Err(wrong_shape(call)),
    }
}

fn in_range(call: &mut Call<'_>, first: &[u8], last: &[u8]) -> Handled {
    let (first, last) = (parse_slot(first)?, parse_slot(last)?);
    if first > last {
        return Err(ErrorReply::err(format!("Start slot number {first} is greater than end slot number {last}")));
    }
    let slots = slots_of_shard(call);
    let figures: Vec<Figures> =
        slots.iter().filter(|slot| (first..=last).contains(slot)).map(|slot| figures(call, slot)).collect();
    write(call, &figures);
    Ok(Outcome::Continue)
}

fn ordered(call: &mut Call<'_>, metric: &[u8], options: &[&[u8]]) -> Handled {
    let metric = metric_of(call, metric)?;
    let (limit, ascending) = parse_options(options)?;
    let mut all: Vec<Figures> = slots_of_shard(call).iter().map(|slot| figures(call, slot)).collect();
    if ascending {
        all.sort_by_key(metric);
    } else {
        all.sort_by_key(|figures| Reverse(metric(figures)));
    }
    all.truncate(limit);
    write(call, &all);
    Ok(Outcome::Continue)
}

fn metric_of(call: &Call<'_>, name: &[u8]) -> Result<Metric, ErrorReply> {
    let metrics: [(&str, Metric); 4] = [
        ("key-count", |figures| figures.keys),
        ("cpu-usec", |figures| figures.usage.cpu_micros),
        ("network-bytes-in", |figures| figures.usage.bytes_in),
        ("network-bytes-out", |figures| figures.usage.bytes_out),
    ];
    let available = if is_measured(call) { metrics.len() } else { 1 };
    let found = metrics[..available].iter().find(|(known, _)| is_word(name, known));
    found.map(|(_, metric)| *metric).ok_or_else(|| ErrorReply::err("Unrecognized sort metric for ORDERBY."))
}

/// Whether more than keys is counted.
fn is_measured(call: &Call<'_>) -> bool {
    call.server.config().flag("cluster-slot-stats-enabled")
}

fn parse_options(mut options: &[&[u8]]) -> Result<(usize, bool), ErrorReply> {
    let (mut limit, mut ascending) = (None, None);
    loop {
        let repeated;
        options = match *options {
            [] => break,
            [word, value, ref rest @ ..] if is_word(word, "limit") => {
                let number = parse_integer(value).and_then(|number| usize::try_from(number).ok());
                let number = number.filter(|number| (1..=usize::from(Slot::COUNT)).contains(number));
                let number = number.ok_or_else(|| {
                    ErrorReply::err("Limit has to lie in between 1 and 16384 (maximum number of slots).")
                })?;
                repeated = limit.replace(number).is_some();
                rest
            }
            [word, ref rest @ ..] if is_word(word, "asc") || is_word(word, "desc") => {
                repeated = ascending.replace(is_word(word, "asc")).is_some();
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
        if repeated {
            return Err(ErrorReply::err("Multiple filters of the same type are disallowed."));
        }
    }
    Ok((limit.unwrap_or(usize::from(Slot::COUNT)), ascending.unwrap_or(false)))
}

/// The slots of this node, or of its primary.
fn slots_of_shard(call: &Call<'_>) -> SlotSet {
    let view = call.server.view();
    let primary = view.me().facts.primary_key().and_then(|key| view.node(key));
    primary.unwrap_or_else(|| view.me()).facts.slots().clone()
}

fn figures(call: &Call<'_>, slot: Slot) -> Figures {
    let keyspace = &call.server.keyspace;
    Figures { slot, keys: keyspace.count(slot), usage: keyspace.usage(slot) }
}

fn write(call: &mut Call<'_>, all: &[Figures]) {
    let measured = is_measured(call);
    let mut reply = call.reply();
    reply.array(all.len());
    for figures in all {
        let usage = figures.usage;
        let fields = [
            ("key-count", figures.keys),
            ("cpu-usec", usage.cpu_micros),
            ("network-bytes-in", usage.bytes_in),
            ("network-bytes-out", usage.bytes_out),
        ];
        let fields = &fields[..if measured { fields.len() } else { 1 }];
        reply.array(2);
        reply.integer(i64::from(figures.slot.get()));
        reply.map(fields.len());
        for (name, value) in fields {
            reply.bulk(name.as_bytes());
            reply.integer(i64::try_from(*value).unwrap_or(i64::MAX));
        }
    }
}
