//! What a hash holds.

use slotmesh_store::{Hash, HashRef, Packed};

use super::{living, write_value};
use crate::commands::element_scan::{Options, Position, write_found};
use crate::commands::shown::write_packed;
use crate::keyed::{Done, Keyed};

pub(crate) fn hget(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let now = db.now();
    let hash = db.view::<Hash>(args[1])?;
    write_value(reply, hash.and_then(|hash| hash.get(args[2], now)));
    Ok(())
}

pub(crate) fn hmget(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let now = db.now();
    let hash = db.view::<Hash>(args[1])?;
    let names = &args[2..];
    reply.array(names.len());
    names.iter().for_each(|name| write_value(reply, hash.and_then(|hash| hash.get(name, now))));
    Ok(())
}

pub(crate) fn hlen(call: &mut Keyed<'_>) -> Done {
    let length = call.db.view::<Hash>(call.args[1])?.map_or(0, HashRef::len);
    call.count(length)
}

pub(crate) fn hstrlen(call: &mut Keyed<'_>) -> Done {
    let now = call.db.now();
    let value = call.db.view::<Hash>(call.args[1])?.and_then(|hash| hash.get(call.args[2], now));
    let length = value.map_or(0, Packed::text_len);
    call.count(length)
}

pub(crate) fn hexists(call: &mut Keyed<'_>) -> Done {
    let now = call.db.now();
    let hash = call.db.view::<Hash>(call.args[1])?;
    let exists = hash.is_some_and(|hash| hash.contains(call.args[2], now));
    call.count(usize::from(exists))
}

pub(crate) fn hgetall(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let now = db.now();
    let hash = db.view::<Hash>(args[1])?;
    reply.map(hash.map_or(0, |hash| living(hash, now)));
    for (name, value, _) in hash.into_iter().flat_map(|hash| hash.iter(now)) {
        write_packed(reply, name);
        write_packed(reply, value);
    }
    Ok(())
}

pub(crate) fn hkeys(call: &mut Keyed<'_>) -> Done {
    write_parts(call, |name, _| name)
}

pub(crate) fn hvals(call: &mut Keyed<'_>) -> Done {
    write_parts(call, |_, value| value)
}

/// Replies with a part of each field.
fn write_parts(call: &mut Keyed<'_>, part: for<'a> fn(Packed<'a>, Packed<'a>) -> Packed<'a>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let now = db.now();
    let hash = db.view::<Hash>(args[1])?;
    reply.array(hash.map_or(0, |hash| living(hash, now)));
    for (name, value, _) in hash.into_iter().flat_map(|hash| hash.iter(now)) {
        write_packed(reply, part(name, value));
    }
    Ok(())
}

pub(crate) fn hscan(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let (cursor, now) = (Position::parse(args[2])?, db.now());
    let Some(hash) = db.view::<Hash>(args[1])? else {
        // The options are not looked at then.
        write_found(reply, 0, &[]);
        return Ok(());
    };
    let options = Options::parse(&args[3..], Some("novalues"))?;
    let mut found = Vec::new();
    let next = options.walk(cursor, |position| {
        let mut seen = 0;
        let next = hash.scan(position, now, |name, value| {
            seen += 1;
            if options.wants(name) {
                found.push(name);
                found.extend((!options.names_only).then_some(value));
            }
        });
        (next, seen)
    });
    write_found(reply, next, &found);
    Ok(())
}
