//! Atomic slot migration: what can be told without an engine that carries it out. Source: spec of the commands, section
//! 7.

use slotmesh_resp::parse_integer;
use slotmesh_table::{ClusterView, NodeView, OpenSlot};
use slotmesh_types::{NodeId, Slot, SlotRange};

use super::slots::parse_slot;
use super::unsupported;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

/// Words of SYNCSLOTS that only make sense on a connection on which slots are moving.
const DURING_MIGRATION: [&str; 6] =
    ["ACK", "SNAPSHOT-EOF", "REQUEST-PAUSE", "PAUSED", "REQUEST-FAILOVER", "FAILOVER-GRANTED"];

pub(crate) fn getslotmigrations(call: &mut Call<'_>) -> Handled {
    call.reply().array(0);
    Ok(Outcome::Continue)
}

pub(crate) fn cancelslotmigrations(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err("No migrations ongoing"))
}

pub(crate) fn migrateslots(call: &mut Call<'_>) -> Handled {
    let view = call.server.view();
    check_state(&view)?;
    let mut groups: Vec<Vec<SlotRange>> = Vec::new();
    let mut words = &call.args[2..];
    while let [word, rest @ ..] = words {
        if !is_word(word, "slotsrange") {
            return Err(ErrorReply::syntax());
        }
        let (ranges, owner, rest) = parse_ranges(&view, rest)?;
        if !view.is_me(owner) {
            return Err(ErrorReply::err("Slots are not served by this node."));
        }
        if ranges.iter().any(|range| groups.iter().flatten().any(|earlier| overlap(*range, *earlier))) {
            return Err(ErrorReply::err("Slot ranges in migrations overlap"));
        }
        words = match rest {
            [word, target, rest @ ..] if is_word(word, "node") => {
                check_target(&view, target)?;
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
        groups.push(ranges);
    }
    unsupported(call)
}

/// Whether this node may move slots at all.
fn check_state(view: &ClusterView) -> Result<(), ErrorReply> {
    if view.me().facts.is_replica() {
        return Err(ErrorReply::err("Slot migration can only be used on primary nodes."));
    }
    let open = |wanted: fn(&OpenSlot) -> bool| view.open_slots.iter().any(|(_, open)| wanted(open));
    if open(|open| matches!(open, OpenSlot::Importing(_))) {
        return Err(ErrorReply::err("Slots are being manually imported"));
    }
    if open(|open| matches!(open, OpenSlot::Migrating(_))) {
        return Err(ErrorReply::err("Slots are being manually migrated"));
    }
    Ok(())
}

/// Ranges of slots, their one owner, and the words that follow them.
type Owned<'v, 'a, 'b> = (Vec<SlotRange>, &'v NodeView, &'a [&'b [u8]]);

/// The pairs of numbers that `words` begins with, as ranges that do not overlap and belong to one node. Each range has
/// to be fine before the next is looked at.
fn parse_ranges<'v, 'a, 'b>(view: &'v ClusterView, mut words: &'a [&'b [u8]]) -> Result<Owned<'v, 'a, 'b>, ErrorReply> {
    let mut ranges: Vec<SlotRange> = Vec::new();
    let mut owner: Option<&NodeView> = None;
    while let [first, rest @ ..] = words {
        if parse_integer(first).is_none() {
            break;
        }
        let [last, rest @ ..] = rest else { return Err(ErrorReply::err("No end slot for final slot range")) };
        let range = parse_range(first, last)?;
        let served_by = served_by(view, range)?;
        if owner.replace(served_by).is_some_and(|earlier| earlier.key != served_by.key) {
            return Err(spans_shards());
        }
        if let Some(earlier) = ranges.iter().find(|earlier| overlap(range, **earlier)) {
            let [a, b, c, d] = [range.first(), range.last(), earlier.first(), earlier.last()];
            return Err(ErrorReply::err(format!("Slot range {a}-{b} overlaps with previous range {c}-{d}.")));
        }
        ranges.push(range);
        words = rest;
    }
    owner.map(|owner| (ranges, owner, words)).ok_or_else(|| ErrorReply::err("No slot ranges specified"))
}

fn parse_range(first: &[u8], last: &[u8]) -> Result<SlotRange, ErrorReply> {
    let (first, last) = (parse_slot(first)?, parse_slot(last)?);
    SlotRange::new(first, last)
        .ok_or_else(|| ErrorReply::err(format!("Start slot number {first} is greater than end slot number {last}.")))
}

fn overlap(a: SlotRange, b: SlotRange) -> bool {
    a.first() <= b.last() && b.first() <= a.last()
}

/// The one owner of all slots of a range.
fn served_by(view: &ClusterView, range: SlotRange) -> Result<&NodeView, ErrorReply> {
    let owner_of =
        |slot: Slot| view.owner(slot).ok_or_else(|| ErrorReply::err(format!("Slot {slot} has no node served.")));
    let owner = owner_of(range.first())?;
    match range.iter().filter(|slot| !owner.facts.slots().contains(*slot)).map(owner_of).next() {
        None => Ok(owner),
        Some(Ok(_)) => Err(spans_shards()),
        Some(Err(unbound)) => Err(unbound),
    }
}

fn spans_shards() -> ErrorReply {
    ErrorReply::err("Requested slots span multiple shards")
}

fn check_target(view: &ClusterView, target: &[u8]) -> Result<(), ErrorReply> {
    if target.len() != NodeId::LEN {
        return Err(ErrorReply::echo(&[b"Invalid node name: ", target]));
    }
    let node = NodeId::try_from(target).ok().and_then(|id| view.lookup(&id));
    let node = node.ok_or_else(|| ErrorReply::echo(&[b"Unknown node name: ", target]))?;
    if view.is_me(node) {
        return Err(ErrorReply::err("Target node can not be this node."));
    }
    Ok(())
}

pub(crate) fn syncslots(call: &mut Call<'_>) -> Handled {
    let word = call.args[2];
    if let Some(word) = DURING_MIGRATION.iter().find(|known| is_word(word, known)) {
        return Err(ErrorReply::err(format!("CLUSTER SYNCSLOTS {word} should only be used by slot migration clients")));
    }
    if is_word(word, "capa") {
        // Real servers give no answer to it.
        return Ok(Outcome::Continue);
    }
    if is_word(word, "establish") { establish(call) } else { Err(ErrorReply::syntax()) }
}

/// Another primary wants to send slots. Each word is judged as it is read, and comes once.
fn establish(call: &mut Call<'_>) -> Handled {
    let view = call.server.view();
    check_state(&view)?;
    let (mut source, mut owner, mut named) = (None, None, false);
    let mut words = &call.args[3..];
    while !words.is_empty() {
        words = match words {
            [word, id, rest @ ..] if source.is_none() && is_word(word, "source") && id.len() == NodeId::LEN => {
                source = Some(find_source(&view, id)?);
                rest
            }
            [word, name, rest @ ..] if !named && is_word(word, "name") && name.len() == NodeId::LEN => {
                named = true;
                rest
            }
            [word, rest @ ..] if owner.is_none() && is_word(word, "slotsrange") => {
                let (_, served_by, rest) = parse_ranges(&view, rest)?;
                owner = Some(served_by);
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
    }
    match (source, owner) {
        (Some(source), Some(owner)) if named => {
            if source.key != owner.key {
                return Err(ErrorReply::err("Target node does not agree about current slot ownership"));
            }
            unsupported(call)
        }
        _ => Err(ErrorReply::syntax()),
    }
}

fn find_source<'v>(view: &'v ClusterView, id: &[u8]) -> Result<&'v NodeView, ErrorReply> {
    let source = NodeId::try_from(id).ok().and_then(|id| view.lookup(&id));
    let source = source.ok_or_else(|| ErrorReply::err("Target node does not know the source node"))?;
    if view.is_me(source) { Err(ErrorReply::err("Source node is target node itself")) } else { Ok(source) }
}
