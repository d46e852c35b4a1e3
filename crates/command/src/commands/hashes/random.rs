//! HRANDFIELD.

use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::{Hash, Packed};

use super::write_value;
use crate::call::is_word;
use crate::commands::draw::Draw;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

pub(crate) fn hrandfield(call: &mut Keyed<'_>) -> Done {
    let (draw, with_values) = match &call.args[2..] {
        [] => return one(call),
        [count] => (Draw::parse(count)?, false),
        // A count that is none is found before other words are.
        [count, word] if is_word(word, "withvalues") => (Draw::parse_pairs(count)?, true),
        [count, ..] => return Err(Draw::parse(count).err().unwrap_or_else(ErrorReply::syntax)),
    };
    let Keyed { args, db, reply, random, .. } = call;
    let now = db.now();
    let hash = db.view::<Hash>(args[1])?;
    if hash.is_some() {
        draw.check()?;
    }
    match draw {
        Draw::Repeated(count) => {
            let mut draws =
                hash.map(|hash| hash.random_repeated(count, now, || random.next())).into_iter().flatten().peekable();
            // Where all fields have expired there is none to repeat.
            let count = if draws.peek().is_some() { count } else { 0 };
            write_fields(reply, count, draws, with_values);
        }
        Draw::Distinct(count) => {
            let drawn = hash.map(|hash| hash.random_distinct(count, now, || random.next())).unwrap_or_default();
            write_fields(reply, drawn.len(), drawn.into_iter(), with_values);
        }
    }
    Ok(())
}

/// Replies with so many fields. Where pairs cannot be told apart, names and values alternate.
fn write_fields<'v>(
    reply: &mut ReplyWriter<'_>,
    count: usize,
    fields: impl Iterator<Item = (Packed<'v>, Packed<'v>)>,
    with_values: bool,
) {
    let in_pairs = with_values && reply.protocol() == Protocol::Resp3;
    reply.array(if with_values && !in_pairs { count * 2 } else { count });
    for (name, value) in fields {
        if in_pairs {
            reply.array(2);
        }
        write_value(reply, Some(name));
        if with_values {
            write_value(reply, Some(value));
        }
    }
}

fn one(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, random, .. } = call;
    let now = db.now();
    let drawn = db.view::<Hash>(args[1])?.and_then(|hash| hash.random(now, || random.next()));
    write_value(reply, drawn.map(|(name, _)| name));
    Ok(())
}
