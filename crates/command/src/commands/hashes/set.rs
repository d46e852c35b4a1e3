//! Setting fields and taking them out.

use slotmesh_store::{Edited, Expiry, Hash};

use super::block::Block;
use super::write_value;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn hset(call: &mut Keyed<'_>) -> Done {
    let added = set_fields(call)?;
    call.count(added)
}

pub(crate) fn hmset(call: &mut Keyed<'_>) -> Done {
    set_fields(call)?;
    call.ok()
}

/// Tells how many are new.
fn set_fields(call: &mut Keyed<'_>) -> Result<usize, ErrorReply> {
    let (key, pairs) = (call.args[1], &call.args[2..]);
    if !pairs.len().is_multiple_of(2) {
        return Err(wrong_number(call.command));
    }
    let added = put(call, key, pairs, Expiry::Never)?;
    call.tell(Classes::HASH, "hset", key);
    Ok(added)
}

/// Sets fields to the values behind them; gives how many are new. Tells as well if some of those had expired before.
pub(super) fn put(call: &mut Keyed<'_>, key: &[u8], pairs: &[&[u8]], expiry: Expiry) -> Result<usize, ErrorReply> {
    let (now, limits) = (call.db.now(), call.settings.hash);
    let (added, some_were_over) = call.db.edit_or_new(key, |hash: &mut Hash| {
        hash.prepare(pairs.len() / 2, limits);
        let some_were_over = pairs.chunks(2).any(|pair| hash.is_over(pair[0], now));
        let new = pairs.chunks(2).filter(|pair| hash.set(pair[0], pair[1], expiry, now, limits)).count();
        Edited::times(pairs.len() / 2, (new, some_were_over))
    })?;
    if some_were_over {
        call.tell(Classes::HASH, "hexpired", key);
    }
    Ok(added)
}

pub(crate) fn hsetnx(call: &mut Keyed<'_>) -> Done {
    let (key, pair, now) = (call.args[1], &call.args[2..], call.db.now());
    let is_there = call.db.view::<Hash>(key)?.is_some_and(|hash| hash.contains(pair[0], now));
    if !is_there {
        put(call, key, pair, Expiry::Never)?;
        call.tell(Classes::HASH, "hset", key);
    }
    call.count(usize::from(!is_there))
}

pub(crate) fn hdel(call: &mut Keyed<'_>) -> Done {
    let (key, names, now) = (call.args[1], &call.args[2..], call.db.now());
    let removed = call.db.edit(key, |hash: &mut Hash| {
        let count = names.iter().filter(|name| hash.remove(name, now)).count();
        Edited::times(count, (count, hash.is_empty()))
    })?;
    let (removed, is_gone) = removed.unwrap_or_default();
    if removed > 0 {
        call.tell_taken(Classes::HASH, "hdel", key, is_gone);
    }
    call.count(removed)
}

pub(crate) fn hgetdel(call: &mut Keyed<'_>) -> Done {
    let names = Block::alone(&call.args[2..])?.names()?;
    let Keyed { args, db, reply, .. } = call;
    let (key, now) = (args[1], db.now());
    reply.array(names.len());
    let removed = db.edit(key, |hash: &mut Hash| {
        let mut count = 0;
        for name in names {
            write_value(reply, hash.get(name, now));
            count += usize::from(hash.remove(name, now));
        }
        Edited::times(count, (count, hash.is_empty()))
    })?;
    match removed {
        None => names.iter().for_each(|_| call.reply.null()),
        Some((0, _)) => {}
        Some((_, is_gone)) => call.tell_taken(Classes::HASH, "hdel", key, is_gone),
    }
    Ok(())
}
