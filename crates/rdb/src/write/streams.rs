//! Streams.

use slotmesh_store::stream::{Consumer, Group, Stream, StreamId};

use super::writer::Writer;
use crate::encoding::Encoding;

pub(super) fn write(writer: &mut Writer<'_>, stream: &Stream) {
    let has_two_times =
        stream.groups().any(|(_, group)| group.consumers().any(|(_, consumer)| has_two_times(consumer)));
    writer.begin(if has_two_times { Encoding::Stream3 } else { Encoding::Stream2 });
    let nodes = stream.nodes();
    writer.count(nodes.len());
    for (first, pack) in nodes {
        let key = bytes_of(first);
        writer.long_text(&key);
        writer.long_text(pack.as_bytes());
    }
    let counters = stream.counters();
    writer.length(stream.len());
    for id in [counters.last, counters.first, counters.max_deleted] {
        write_id(writer, id);
    }
    writer.length(counters.added);
    writer.count(stream.groups().len());
    for (name, group) in stream.groups() {
        write_group(writer, name, group);
    }
}

/// Whether a consumer was last seen when it got nothing.
fn has_two_times(consumer: &Consumer) -> bool {
    consumer.active() != Some(consumer.seen())
}

fn write_group(writer: &mut Writer<'_>, name: &[u8], group: &Group) {
    writer.text(name);
    write_id(writer, group.last());
    // All bits set stand for a number that is not known.
    writer.length(group.read().unwrap_or(u64::MAX));
    writer.count(group.pending_len());
    for (id, pending) in group.pending(StreamId::MIN, StreamId::MAX) {
        writer.raw(&bytes_of(id));
        write_time(writer, Some(pending.delivered));
        writer.length(pending.count);
    }
    writer.count(group.consumers_len());
    for (_, consumer) in group.consumers() {
        write_consumer(writer, consumer);
    }
}

fn write_consumer(writer: &mut Writer<'_>, consumer: &Consumer) {
    writer.text(consumer.name());
    write_time(writer, Some(consumer.seen()));
    if writer.encoding() == Encoding::Stream3 {
        write_time(writer, consumer.active());
    }
    writer.count(consumer.pending_len());
    consumer.pending_ids().for_each(|id| writer.raw(&bytes_of(id)));
}

/// A moment, or that there was none.
fn write_time(writer: &mut Writer<'_>, time: Option<u64>) {
    writer.wide(time.map_or(-1, |time| i64::try_from(time).unwrap_or(i64::MAX)));
}

/// An id as two numbers.
fn write_id(writer: &mut Writer<'_>, id: StreamId) {
    writer.length(id.ms);
    writer.length(id.seq);
}

/// An id as sixteen bytes, the highest first.
fn bytes_of(id: StreamId) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}
