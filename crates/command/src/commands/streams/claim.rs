//! XCLAIM and XAUTOCLAIM.

use slotmesh_resp::{ReplyWriter, parse_integer};
use slotmesh_store::Edited;
use slotmesh_store::stream::{Claim, Claimed, Entry, Stream, StreamId};

use super::{no_key_or_group, write_entry, write_id};
use crate::call::is_word;
use crate::error_reply::{ErrorReply, until_nul};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// Entries that XAUTOCLAIM gives at most unless it is told how many.
const AUTO_COUNT: usize = 100;

/// No more can be asked for. Source: sixteen bytes for each must be less than memory can have.
const AUTO_COUNT_MAX: i64 = i64::MAX / 16;

pub(crate) fn xclaim(call: &mut Keyed<'_>) -> Done {
    let (key, name, consumer, now) = (call.args[1], call.args[2], call.args[3], call.db.now());
    check_group(call)?;
    let (ids, claim, last) = parse_claim(call)?;
    let Keyed { db, reply, .. } = call;
    let edited = db.edit(key, |stream: &mut Stream| {
        let mut group = stream.group_mut(name).expect("it has just been looked for");
        let is_raised = group.raise_last(last);
        let (consumer, is_new) = group.consumer_or_new(consumer, now);
        let (mut taken, mut gone) = (Vec::new(), 0);
        for id in ids {
            match group.claim(consumer, id, &claim, now) {
                Claimed::Nothing => {}
                Claimed::Gone(_) => gone += 1,
                Claimed::Taken(entry, _) => taken.push(entry),
            }
        }
        write_taken(reply, &taken, claim.id_only);
        // What is claimed tells replicas where the group is.
        let changes = (taken.len() + gone).max(usize::from(is_raised));
        Edited::counted(changes + usize::from(is_new), is_new)
    })?;
    if edited == Some(true) {
        call.tell(Classes::STREAM, "xgroup-createconsumer", key);
    }
    Ok(())
}

pub(crate) fn xautoclaim(call: &mut Keyed<'_>) -> Done {
    let (key, name, consumer, now) = (call.args[1], call.args[2], call.args[3], call.db.now());
    let idle_min = parse_idle(call.args[4], "XAUTOCLAIM")?;
    let start = StreamId::parse_start(call.args[5])?;
    let (most, id_only) = parse_auto_options(&call.args[6..])?;
    check_group(call)?;
    let claim = Claim { idle_min, delivered: now, count: None, force: false, id_only };
    let Keyed { db, reply, .. } = call;
    let edited = db.edit(key, |stream: &mut Stream| {
        let mut group = stream.group_mut(name).expect("it has just been looked for");
        let (consumer, is_new) = group.consumer_or_new(consumer, now);
        let (mut taken, mut gone) = (Vec::new(), Vec::new());
        let next = group.claim_from(consumer, start, most, &claim, now, |id, claimed| match claimed {
            Claimed::Nothing => {}
            Claimed::Gone(_) => gone.push(id),
            Claimed::Taken(entry, _) => taken.push(entry),
        });
        reply.array(3);
        write_id(reply, next.unwrap_or(StreamId::MIN));
        write_taken(reply, &taken, id_only);
        reply.array(gone.len());
        gone.iter().for_each(|id| write_id(reply, *id));
        Edited::counted(taken.len() + gone.len() + usize::from(is_new), is_new)
    })?;
    if edited == Some(true) {
        call.tell(Classes::STREAM, "xgroup-createconsumer", key);
    }
    Ok(())
}

fn write_taken(reply: &mut ReplyWriter<'_>, taken: &[Entry<'_>], id_only: bool) {
    reply.array(taken.len());
    for entry in taken {
        if id_only { write_id(reply, entry.id()) } else { write_entry(reply, entry) }
    }
}

fn check_group(call: &mut Keyed<'_>) -> Done {
    let (key, name) = (call.args[1], call.args[2]);
    let found = call.db.view::<Stream>(key)?.and_then(|stream| stream.group(name)).is_some();
    if found { Ok(()) } else { Err(no_key_or_group(key, name)) }
}

/// The ids, what is done with them, and how far the group is said to have read.
fn parse_claim(call: &Keyed<'_>) -> Result<(Vec<StreamId>, Claim, StreamId), ErrorReply> {
    let idle_min = parse_idle(call.args[4], "XCLAIM")?;
    let words = &call.args[5..];
    // The first word that is no id is an option.
    let ids: Vec<StreamId> = words.iter().map_while(|word| StreamId::parse(word).ok()).collect();
    let mut words = &words[ids.len()..];
    let now = call.db.now();
    let mut claim = Claim { idle_min, delivered: now, count: None, force: false, id_only: false };
    let (mut last, mut delivered) = (StreamId::MIN, None);
    while let [word, rest @ ..] = words {
        words = rest;
        let number = |name, text| parse_integer(text).ok_or_else(|| invalid_option(name));
        match rest {
            _ if is_word(word, "force") => claim.force = true,
            _ if is_word(word, "justid") => claim.id_only = true,
            [value, rest @ ..] => {
                words = rest;
                match () {
                    () if is_word(word, "idle") => {
                        let idle = number("IDLE", value)?;
                        delivered = i64::try_from(now).ok().map(|now| now.wrapping_sub(idle));
                    }
                    () if is_word(word, "time") => delivered = Some(number("TIME", value)?),
                    () if is_word(word, "retrycount") => claim.count = u64::try_from(number("RETRYCOUNT", value)?).ok(),
                    () if is_word(word, "lastid") => last = StreamId::parse(value)?,
                    () => return Err(unknown_option(word)),
                }
            }
            [] => return Err(unknown_option(word)),
        }
    }
    // A moment that is still to come is a mistake of the client's clock.
    let delivered = delivered.and_then(|delivered| u64::try_from(delivered).ok());
    claim.delivered = delivered.filter(|delivered| *delivered <= now).unwrap_or(now);
    Ok((ids, claim, last))
}

/// How many entries are wanted, and whether their ids are enough.
fn parse_auto_options(mut words: &[&[u8]]) -> Result<(usize, bool), ErrorReply> {
    let (mut most, mut id_only) = (AUTO_COUNT, false);
    while let [word, rest @ ..] = words {
        words = rest;
        if is_word(word, "justid") {
            id_only = true;
        } else if is_word(word, "count")
            && let [count, rest @ ..] = rest
        {
            let count = parse_integer(count).filter(|count| (1..=AUTO_COUNT_MAX).contains(count));
            let count = count.and_then(|count| usize::try_from(count).ok());
            most = count.ok_or_else(|| ErrorReply::err("COUNT must be > 0"))?;
            words = rest;
        } else {
            return Err(ErrorReply::syntax());
        }
    }
    Ok((most, id_only))
}

fn parse_idle(word: &[u8], command: &str) -> Result<u64, ErrorReply> {
    let idle = parse_integer(word);
    let idle = idle.ok_or_else(|| ErrorReply::err(format!("Invalid min-idle-time argument for {command}")))?;
    Ok(u64::try_from(idle).unwrap_or_default())
}

fn invalid_option(name: &str) -> ErrorReply {
    ErrorReply::err(format!("Invalid {name} option argument for XCLAIM"))
}

fn unknown_option(word: &[u8]) -> ErrorReply {
    ErrorReply::echo(&[b"Unrecognized XCLAIM option '", until_nul(word), b"'"])
}
