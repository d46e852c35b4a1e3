//! HINCRBY and its like.

use slotmesh_resp::parse_integer;
use slotmesh_store::{Expiry, Hash, LongDouble, Packed};

use super::set::put;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn hincrby(call: &mut Keyed<'_>) -> Done {
    let amount = numbers::integer(call.args[3])?;
    let sum = replace(call, |before| {
        let before = match before {
            None => Some(0),
            Some(Packed::Number(number)) => Some(number),
            Some(Packed::Text(text)) => parse_integer(text),
        };
        let before = before.ok_or_else(|| ErrorReply::err("hash value is not an integer"))?;
        before.checked_add(amount).ok_or_else(|| ErrorReply::err("increment or decrement would overflow"))
    })?;
    call.tell(Classes::HASH, "hincrby", call.args[1]);
    call.reply.integer(sum);
    Ok(())
}

pub(crate) fn hincrbyfloat(call: &mut Keyed<'_>) -> Done {
    let amount = LongDouble::parse(call.args[3]).ok_or_else(|| ErrorReply::err("value is not a valid float"))?;
    let zero = LongDouble::from(0);
    // What is infinite has no sum.
    amount.checked_add(zero).ok_or_else(|| ErrorReply::err("value is NaN or Infinity"))?;
    let sum = replace(call, |before| {
        let before = match before {
            None => Some(zero),
            Some(Packed::Number(number)) => Some(LongDouble::from(number)),
            Some(Packed::Text(text)) => LongDouble::parse(text),
        };
        let before = before.ok_or_else(|| ErrorReply::err("hash value is not a float"))?;
        before.checked_add(amount).ok_or_else(|| ErrorReply::err("increment would produce NaN or Infinity"))
    })?;
    call.tell(Classes::HASH, "hincrbyfloat", call.args[1]);
    call.reply.bulk(sum.to_string().as_bytes());
    Ok(())
}

/// Sets a field to what comes of its value, and leaves its term as it is.
fn replace<R: ToString>(
    call: &mut Keyed<'_>,
    after: impl FnOnce(Option<Packed<'_>>) -> Result<R, ErrorReply>,
) -> Result<R, ErrorReply> {
    let (key, name, now) = (call.args[1], call.args[2], call.db.now());
    let hash = call.db.view::<Hash>(key)?;
    let value = after(hash.and_then(|hash| hash.get(name, now)))?;
    put(call, key, &[name, value.to_string().as_bytes()], Expiry::Kept)?;
    Ok(value)
}
