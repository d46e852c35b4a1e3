//! CLUSTER commands about the keys of a slot. Source: spec of the commands, section 4.

use slotmesh_types::{Slot, key_slot};

use super::slots::parse_slot;
use crate::call::{Call, Handled, is_word};
use crate::commands::numbers::integer;
use crate::error_reply::{ErrorReply, wrong_shape};
use crate::outcome::Outcome;
use crate::turn::{Readers, Turn};

pub(crate) fn keyslot(call: &mut Call<'_>) -> Handled {
    let slot = key_slot(call.args[2]);
    call.reply().integer(i64::from(slot.get()));
    Ok(Outcome::Continue)
}

pub(crate) fn countkeysinslot(call: &mut Call<'_>) -> Handled {
    let slot = slot_in_range(integer(call.args[2])?).ok_or_else(|| ErrorReply::err("Invalid slot"))?;
    let count = call.server.keyspace.count(slot);
    call.reply().integer(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(Outcome::Continue)
}

pub(crate) fn getkeysinslot(call: &mut Call<'_>) -> Handled {
    let (slot, count) = (integer(call.args[2])?, integer(call.args[3])?);
    let (Some(slot), Ok(max)) = (slot_in_range(slot), usize::try_from(count)) else {
        return Err(ErrorReply::err("Invalid slot or number of keys"));
    };
    let keys = call.server.keyspace.keys(slot, max);
    let mut reply = call.reply();
    reply.array(keys.len());
    keys.iter().for_each(|key| reply.bulk(key));
    Ok(Outcome::Continue)
}

fn slot_in_range(number: i64) -> Option<Slot> {
    u16::try_from(number).ok().and_then(Slot::new)
}

pub(crate) fn flushslot(call: &mut Call<'_>) -> Handled {
    if call.args.len() > 4 {
        return Err(wrong_shape(call));
    }
    let slot = parse_slot(call.args[2])?;
    if call.args.get(3).is_some_and(|word| !is_word(word, "sync") && !is_word(word, "async")) {
        return Err(ErrorReply::syntax());
    }
    Turn::new(call.server, slot, call.now).flush(Readers::Told);
    // As where a slot leaves: those keys may be millions.
    call.server.invalidate_all(true, call.now.mono);
    call.ok()
}
