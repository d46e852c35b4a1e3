//! XACK and XPENDING.

use slotmesh_resp::ReplyWriter;
use slotmesh_store::Edited;
use slotmesh_store::stream::{Group, Pending, Stream, StreamId};

use super::{no_key_or_group, parse_ids, signed, write_id};
use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

pub(crate) fn xack(call: &mut Keyed<'_>) -> Done {
    let (key, name) = (call.args[1], call.args[2]);
    if call.db.view::<Stream>(key)?.and_then(|stream| stream.group(name)).is_none() {
        return call.count(0);
    }
    let ids = parse_ids(&call.args[3..])?;
    let acknowledged = call.db.edit(key, |stream: &mut Stream| {
        let group = stream.group_mut(name);
        let count = group.map_or(0, |mut group| ids.iter().filter(|id| group.acknowledge(**id)).count());
        Edited::counted(count, count)
    })?;
    call.count(acknowledged.unwrap_or_default())
}

/// Which pending entries are wanted.
struct Wanted<'a> {
    idle_min: i64,
    start: StreamId,
    end: StreamId,
    most: usize,
    consumer: Option<&'a [u8]>,
}

pub(crate) fn xpending(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let wanted = Wanted::parse(&args[3..])?;
    let now = signed(db.now());
    let group = db.view::<Stream>(args[1])?.and_then(|stream| stream.group(args[2]));
    let group = group.ok_or_else(|| no_key_or_group(args[1], args[2]))?;
    match wanted {
        None => write_summary(reply, group),
        Some(wanted) => write_list(reply, group, &wanted, now),
    }
    Ok(())
}

impl<'a> Wanted<'a> {
    /// Reads `[[IDLE ms] start end count [consumer]]`; what follows is ignored, as Valkey does.
    fn parse(words: &[&'a [u8]]) -> Result<Option<Self>, ErrorReply> {
        let (idle_min, words) = match words {
            [] => return Ok(None),
            [_, _] | [_] | [_, _, _, _, _, _, _, ..] => return Err(ErrorReply::syntax()),
            [word, idle, rest @ ..] if is_word(word, "idle") => (integer(idle)?, rest),
            words => (0, words),
        };
        let [start, end, count, rest @ ..] = words else { return Err(ErrorReply::syntax()) };
        let most = usize::try_from(integer(count)?).unwrap_or_default();
        let (start, end) = (StreamId::parse_start(start)?, StreamId::parse_end(end)?);
        Ok(Some(Self { idle_min, start, end, most, consumer: rest.first().copied() }))
    }

    /// Whether an entry was given away so long ago, where that is asked for.
    fn takes(&self, pending: Pending, now: i64) -> bool {
        self.idle_min == 0 || now.saturating_sub(signed(pending.delivered)) >= self.idle_min
    }
}

fn write_summary(reply: &mut ReplyWriter<'_>, group: &Group) {
    let mut all = group.pending(StreamId::MIN, StreamId::MAX);
    let first = all.next();
    let last = all.next_back().or(first);
    reply.array(4);
    reply.integer(signed(group.pending_len() as u64));
    for edge in [first, last] {
        match edge {
            Some((id, _)) => write_id(reply, id),
            None => reply.null(),
        }
    }
    if first.is_none() {
        reply.null_array();
        return;
    }
    let busy = || group.consumers().map(|(_, consumer)| consumer).filter(|consumer| consumer.pending_len() > 0);
    reply.array(busy().count());
    for consumer in busy() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk(consumer.pending_len().to_string().as_bytes());
    }
}

fn write_list(reply: &mut ReplyWriter<'_>, group: &Group, wanted: &Wanted<'_>, now: i64) {
    let takes = |(_, pending): &(StreamId, Pending)| wanted.takes(*pending, now);
    let found: Vec<(StreamId, Pending)> = match wanted.consumer.map(|name| group.find_consumer(name)) {
        None => group.pending(wanted.start, wanted.end).filter(takes).take(wanted.most).collect(),
        Some(None) => Vec::new(),
        Some(Some(consumer)) => {
            group.pending_of(consumer, wanted.start, wanted.end).filter(takes).take(wanted.most).collect()
        }
    };
    reply.array(found.len());
    for (id, pending) in found {
        reply.array(4);
        write_id(reply, id);
        reply.bulk(group.consumer(pending.consumer).map_or(&[], |consumer| consumer.name()));
        reply.integer(now.saturating_sub(signed(pending.delivered)).max(0));
        reply.integer(signed(pending.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Option<Wanted<'_>> {
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        Wanted::parse(&words).ok().flatten()
    }

    #[test]
    fn a_consumer_stands_behind_the_count() {
        let wanted = parse("- + 10").expect("complete");
        assert_eq!((wanted.idle_min, wanted.most, wanted.consumer), (0, 10, None));
        let wanted = parse("idle 5 - + -1 alice").expect("complete");
        assert_eq!((wanted.idle_min, wanted.most, wanted.consumer), (5, 0, Some(&b"alice"[..])));
        // Real servers do not mind.
        assert_eq!(parse("- + 10 alice more").expect("complete").consumer, Some(&b"alice"[..]));
    }

    #[test]
    fn a_list_needs_both_ends_and_a_count() {
        for wrong in ["-", "- +", "idle 5 - +", "idle x - + 10", "- + x", "x + 10", "- + 10 a b c d"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
