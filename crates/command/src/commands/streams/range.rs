//! XRANGE and XREVRANGE.

use slotmesh_store::stream::{Entry, Stream, StreamId};

use super::write_entries;
use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

pub(crate) fn xrange(call: &mut Keyed<'_>) -> Done {
    let (start, end) = (call.args[2], call.args[3]);
    range(call, start, end, false)
}

pub(crate) fn xrevrange(call: &mut Keyed<'_>) -> Done {
    let (end, start) = (call.args[2], call.args[3]);
    range(call, start, end, true)
}

fn range(call: &mut Keyed<'_>, start: &[u8], end: &[u8], from_end: bool) -> Done {
    let (start, end) = (StreamId::parse_start(start)?, StreamId::parse_end(end)?);
    let most = parse_count(&call.args[4..])?;
    let Keyed { args, db, reply, .. } = call;
    let Some(stream) = db.view::<Stream>(args[1])? else {
        reply.array(0);
        return Ok(());
    };
    if most == 0 {
        reply.null_array();
        return Ok(());
    }
    let entries = stream.range(start, end);
    let entries: Vec<Entry<'_>> =
        if from_end { entries.rev().take(most).collect() } else { entries.take(most).collect() };
    write_entries(reply, &entries);
    Ok(())
}

/// A count below 0 is none; without one there is no end.
fn parse_count(mut words: &[&[u8]]) -> Result<usize, ErrorReply> {
    let mut most = usize::MAX;
    while let [word, rest @ ..] = words {
        let [count, rest @ ..] = rest else { return Err(ErrorReply::syntax()) };
        if !is_word(word, "count") {
            return Err(ErrorReply::syntax());
        }
        most = usize::try_from(integer(count)?).unwrap_or_default();
        words = rest;
    }
    Ok(most)
}
