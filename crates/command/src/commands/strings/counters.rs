//! INCR and its like.

use slotmesh_store::{Expiry, LongDouble, ValueRef, WrongType};

use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn incr(call: &mut Keyed<'_>) -> Done {
    add(call, 1)
}

pub(crate) fn decr(call: &mut Keyed<'_>) -> Done {
    add(call, -1)
}

pub(crate) fn incrby(call: &mut Keyed<'_>) -> Done {
    let amount = numbers::integer(call.args[2])?;
    add(call, amount)
}

pub(crate) fn decrby(call: &mut Keyed<'_>) -> Done {
    let amount = numbers::integer(call.args[2])?;
    let amount = amount.checked_neg().ok_or_else(|| ErrorReply::err("decrement would overflow"))?;
    add(call, amount)
}

fn add(call: &mut Keyed<'_>, amount: i64) -> Done {
    let key = call.args[1];
    let before = match call.db.get(key) {
        None => 0,
        Some(ValueRef::Number(number)) => number,
        Some(other) => numbers::integer(&other.text().ok_or(WrongType)?)?,
    };
    let sum = before.checked_add(amount);
    let sum = sum.ok_or_else(|| ErrorReply::err("increment or decrement would overflow"))?;
    call.db.set_number(key, sum, Expiry::Kept);
    call.tell(Classes::STRING, "incrby", key);
    call.reply.integer(sum);
    Ok(())
}

pub(crate) fn incrbyfloat(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let number = |text: &[u8]| LongDouble::parse(text).ok_or_else(|| ErrorReply::err("value is not a valid float"));
    let before = match call.db.get(key) {
        None => number(b"0")?,
        Some(value) => number(&value.text().ok_or(WrongType)?)?,
    };
    let sum = before.checked_add(number(call.args[2])?);
    let sum = sum.ok_or_else(|| ErrorReply::err("increment would produce NaN or Infinity"))?.to_string();
    super::put(&mut call.db, key, sum.as_bytes(), Expiry::Kept);
    call.tell(Classes::STRING, "incrbyfloat", key);
    call.reply.bulk(sum.as_bytes());
    Ok(())
}
