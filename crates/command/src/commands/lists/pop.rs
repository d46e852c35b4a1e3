//! LPOP and its like, also those that wait.

use slotmesh_store::{Edited, End, List};

use super::{end_of_word, tell_popped};
use crate::commands::first::{from_first, from_first_or_wait};
use crate::commands::numbers::{self, PopWords};
use crate::commands::shown::write_packed;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::keyed::{Done, Keyed};

/// What is taken out, and how it is shown.
#[derive(Clone, Copy, Debug)]
struct Pop {
    end: End,
    /// At most so many, shown as an array; one, and no array, without.
    count: Option<usize>,
    /// Whether the key is shown before.
    shows_key: bool,
}

pub(crate) fn lpop(call: &mut Keyed<'_>) -> Done {
    pop(call, End::Front)
}

pub(crate) fn rpop(call: &mut Keyed<'_>) -> Done {
    pop(call, End::Back)
}

pub(crate) fn lmpop(call: &mut Keyed<'_>) -> Done {
    let (keys, pop) = parse_multiple(&call.args[1..])?;
    if !from_first(call, keys, |call, key| pop_of(call, key, pop))? {
        call.reply.null_array();
    }
    Ok(())
}

pub(crate) fn blpop(call: &mut Keyed<'_>) -> Done {
    pop_or_wait(call, End::Front)
}

pub(crate) fn brpop(call: &mut Keyed<'_>) -> Done {
    pop_or_wait(call, End::Back)
}

pub(crate) fn blmpop(call: &mut Keyed<'_>) -> Done {
    let (keys, pop) = parse_multiple(&call.args[2..])?;
    from_first_or_wait(call, keys, call.args[1], |call, key| pop_of(call, key, pop))
}

fn pop(call: &mut Keyed<'_>, end: End) -> Done {
    let args = call.args;
    if args.len() > 3 {
        return Err(wrong_number(call.command));
    }
    let count = args.get(2).map(|word| numbers::count(word)).transpose()?;
    let found = pop_of(call, args[1], Pop { end, count, shows_key: false })?;
    match count {
        _ if found => {}
        Some(_) => call.reply.null_array(),
        None => call.reply.null(),
    }
    Ok(())
}

fn pop_or_wait(call: &mut Keyed<'_>, end: End) -> Done {
    let args = call.args;
    let (keys, last) = (&args[1..args.len() - 1], args[args.len() - 1]);
    let pop = Pop { end, count: None, shows_key: true };
    from_first_or_wait(call, keys, last, |call, key| pop_of(call, key, pop))
}

fn parse_multiple<'w, 'a>(words: &'w [&'a [u8]]) -> Result<(&'w [&'a [u8]], Pop), ErrorReply> {
    let PopWords { keys, end, count } = PopWords::parse(words, end_of_word)?;
    Ok((keys, Pop { end, count: Some(count), shows_key: true }))
}

/// Pops of a list and shows what came out. Tells whether there is such a list.
fn pop_of(call: &mut Keyed<'_>, key: &[u8], pop: Pop) -> Result<bool, ErrorReply> {
    let Keyed { db, reply, settings, .. } = call;
    let popped = db.edit(key, |list: &mut List| {
        let count = pop.count.unwrap_or(1).min(list.len());
        let range = match pop.end {
            End::Front => 0..count,
            End::Back => list.len() - count..list.len(),
        };
        if pop.shows_key {
            reply.array(2);
            reply.bulk(key);
        }
        if pop.count.is_some() {
            reply.array(count);
        }
        let values = list.range(range.clone());
        match pop.end {
            End::Front => values.for_each(|value| write_packed(reply, value)),
            End::Back => values.rev().for_each(|value| write_packed(reply, value)),
        }
        list.remove_range(range, settings.list);
        Edited::times(count, (count, list.is_empty()))
    })?;
    if let Some((1.., is_gone)) = popped {
        tell_popped(call, key, pop.end, is_gone);
    }
    Ok(popped.is_some())
}
