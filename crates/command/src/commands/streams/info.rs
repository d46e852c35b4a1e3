//! XINFO.

use slotmesh_resp::ReplyWriter;
use slotmesh_store::stream::{Consumer, ConsumerId, Entry, Group, Stream, StreamId};

use super::groups::missing_group;
use super::{most, signed, write_entries, write_entry, write_id};
use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

/// Entries that XINFO STREAM FULL shows of each kind unless it is told how many.
const FULL_COUNT: i64 = 10;

pub(crate) fn xinfo_stream(call: &mut Keyed<'_>) -> Done {
    let wrong_shape = call.wrong_shape();
    let Keyed { args, db, reply, .. } = call;
    let stream = db.view::<Stream>(args[2])?.ok_or_else(ErrorReply::no_such_key)?;
    let full = match &args[3..] {
        [] => None,
        [full] if is_word(full, "full") => Some(FULL_COUNT),
        [full, word, count] if is_word(full, "full") && is_word(word, "count") => Some(integer(count)?),
        _ => return Err(wrong_shape),
    };
    reply.map(if full.is_some() { 9 } else { 10 });
    write_facts(reply, stream);
    match full {
        Some(count) => write_all(reply, stream, most(if count < 0 { FULL_COUNT } else { count })),
        None => write_edges(reply, stream),
    }
    Ok(())
}

pub(crate) fn xinfo_groups(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let stream = db.view::<Stream>(args[2])?.ok_or_else(ErrorReply::no_such_key)?;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        write_count(reply, b"consumers", group.consumers_len());
        write_count(reply, b"pending", group.pending_len());
        write_progress(reply, stream, group);
    }
    Ok(())
}

pub(crate) fn xinfo_consumers(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let now = signed(db.now());
    let stream = db.view::<Stream>(args[2])?.ok_or_else(ErrorReply::no_such_key)?;
    let group = stream.group(args[3]).ok_or_else(|| missing_group(args))?;
    let since = |moment: u64| now.saturating_sub(signed(moment));
    reply.array(group.consumers_len());
    for (_, consumer) in group.consumers() {
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(consumer.name());
        write_count(reply, b"pending", consumer.pending_len());
        write_number(reply, b"idle", since(consumer.seen()).max(0));
        write_number(reply, b"inactive", consumer.active().map_or(-1, since));
    }
    Ok(())
}

fn write_facts(reply: &mut ReplyWriter<'_>, stream: &Stream) {
    let counters = stream.counters();
    write_number(reply, b"length", signed(stream.len()));
    write_count(reply, b"radix-tree-keys", stream.nodes().len());
    write_count(reply, b"radix-tree-nodes", stream.radix_nodes());
    write_named_id(reply, b"last-generated-id", counters.last);
    write_named_id(reply, b"max-deleted-entry-id", counters.max_deleted);
    // A client can set it so high that what follows is shown below 0, as real servers do.
    write_number(reply, b"entries-added", counters.added.cast_signed());
    write_named_id(reply, b"recorded-first-entry-id", counters.first);
}

fn write_edges(reply: &mut ReplyWriter<'_>, stream: &Stream) {
    write_count(reply, b"groups", stream.groups().len());
    let first = stream.range(StreamId::MIN, StreamId::MAX).next();
    for (name, entry) in [(&b"first-entry"[..], first), (b"last-entry", stream.last_entry())] {
        reply.bulk(name);
        match entry {
            Some(entry) => write_entry(reply, &entry),
            None => reply.null(),
        }
    }
}

fn write_all(reply: &mut ReplyWriter<'_>, stream: &Stream, most: usize) {
    reply.bulk(b"entries");
    let entries: Vec<Entry<'_>> = stream.range(StreamId::MIN, StreamId::MAX).take(most).collect();
    write_entries(reply, &entries);
    reply.bulk(b"groups");
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        write_group(reply, stream, name, group, most);
    }
}

fn write_group(reply: &mut ReplyWriter<'_>, stream: &Stream, name: &[u8], group: &Group, most: usize) {
    reply.map(7);
    reply.bulk(b"name");
    reply.bulk(name);
    write_progress(reply, stream, group);
    write_count(reply, b"pel-count", group.pending_len());
    reply.bulk(b"pending");
    reply.array(group.pending_len().min(most));
    for (id, pending) in group.pending(StreamId::MIN, StreamId::MAX).take(most) {
        reply.array(4);
        write_id(reply, id);
        reply.bulk(group.consumer(pending.consumer).map_or(&[], Consumer::name));
        reply.integer(signed(pending.delivered));
        reply.integer(signed(pending.count));
    }
    reply.bulk(b"consumers");
    reply.array(group.consumers_len());
    for (id, consumer) in group.consumers() {
        write_consumer(reply, group, (id, consumer), most);
    }
}

fn write_consumer(reply: &mut ReplyWriter<'_>, group: &Group, (id, consumer): (ConsumerId, &Consumer), most: usize) {
    reply.map(5);
    reply.bulk(b"name");
    reply.bulk(consumer.name());
    write_number(reply, b"seen-time", signed(consumer.seen()));
    write_number(reply, b"active-time", consumer.active().map_or(-1, signed));
    write_count(reply, b"pel-count", consumer.pending_len());
    reply.bulk(b"pending");
    reply.array(consumer.pending_len().min(most));
    for (entry, pending) in group.pending_of(id, StreamId::MIN, StreamId::MAX).take(most) {
        reply.array(3);
        write_id(reply, entry);
        reply.integer(signed(pending.delivered));
        reply.integer(signed(pending.count));
    }
}

/// How far a group has read.
fn write_progress(reply: &mut ReplyWriter<'_>, stream: &Stream, group: &Group) {
    write_named_id(reply, b"last-delivered-id", group.last());
    for (name, number) in [(&b"entries-read"[..], group.read().map(u64::cast_signed)), (b"lag", stream.lag(group))] {
        reply.bulk(name);
        match number {
            Some(number) => reply.integer(number),
            None => reply.null(),
        }
    }
}

fn write_named_id(reply: &mut ReplyWriter<'_>, name: &[u8], id: StreamId) {
    reply.bulk(name);
    write_id(reply, id);
}

fn write_count(reply: &mut ReplyWriter<'_>, name: &[u8], count: usize) {
    write_number(reply, name, signed(count as u64));
}

fn write_number(reply: &mut ReplyWriter<'_>, name: &[u8], number: i64) {
    reply.bulk(name);
    reply.integer(number);
}
