//! What a set holds.

use slotmesh_store::{Set, SetRef};

use crate::commands::element_scan::{Options, Position, write_found};
use crate::commands::shown::write_packed;
use crate::keyed::{Done, Keyed};

pub(crate) fn scard(call: &mut Keyed<'_>) -> Done {
    let length = call.db.view::<Set>(call.args[1])?.map_or(0, SetRef::len);
    call.count(length)
}

pub(crate) fn sismember(call: &mut Keyed<'_>) -> Done {
    let set = call.db.view::<Set>(call.args[1])?;
    let is_member = set.is_some_and(|set| set.contains(call.args[2]));
    call.count(usize::from(is_member))
}

pub(crate) fn smismember(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let set = db.view::<Set>(args[1])?;
    let members = &args[2..];
    reply.array(members.len());
    members.iter().for_each(|member| reply.integer(set.is_some_and(|set| set.contains(member)).into()));
    Ok(())
}

pub(crate) fn smembers(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let set = db.view::<Set>(args[1])?;
    reply.set(set.map_or(0, SetRef::len));
    for member in set.into_iter().flat_map(SetRef::iter) {
        write_packed(reply, member);
    }
    Ok(())
}

pub(crate) fn sscan(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let cursor = Position::parse(args[2])?;
    let Some(set) = db.view::<Set>(args[1])? else {
        // The options are not looked at then.
        write_found(reply, 0, &[]);
        return Ok(());
    };
    let options = Options::parse(&args[3..], None)?;
    let mut found = Vec::new();
    let next = options.walk(cursor, |position| {
        let mut seen = 0;
        let next = set.scan(position, |member| {
            seen += 1;
            if options.wants(member) {
                found.push(member);
            }
        });
        (next, seen)
    });
    write_found(reply, next, &found);
    Ok(())
}
