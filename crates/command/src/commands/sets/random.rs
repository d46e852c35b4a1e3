//! SPOP and SRANDMEMBER.

use slotmesh_store::{Edited, Set};

use crate::commands::draw::Draw;
use crate::commands::numbers;
use crate::commands::shown::write_packed;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn spop(call: &mut Keyed<'_>) -> Done {
    let args = call.args;
    match &args[2..] {
        [] => pop_one(call),
        [count] => pop_many(call, numbers::count(count)?),
        _ => Err(ErrorReply::syntax()),
    }
}

fn pop_one(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, random, .. } = call;
    let key = args[1];
    let popped = db.edit(key, |set: &mut Set| {
        let member = set.pop(|| random.next());
        Edited::when(member.is_some(), (member, set.is_empty()))
    })?;
    let Some((Some(member), is_gone)) = popped else {
        reply.null();
        return Ok(());
    };
    reply.bulk(&member);
    call.tell_taken(Classes::SET, "spop", key, is_gone);
    Ok(())
}

fn pop_many(call: &mut Keyed<'_>, count: usize) -> Done {
    let Keyed { args, db, reply, random, .. } = call;
    let key = args[1];
    let popped = db.edit(key, |set: &mut Set| {
        let members = set.pop_many(count, || random.next());
        Edited::times(members.len(), (members, set.is_empty()))
    })?;
    let (members, is_gone) = popped.unwrap_or_default();
    reply.set(members.len());
    members.iter().for_each(|member| reply.bulk(member));
    if !members.is_empty() {
        call.tell_taken(Classes::SET, "spop", key, is_gone);
    }
    Ok(())
}

pub(crate) fn srandmember(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, random, .. } = call;
    let draw = match &args[2..] {
        [] => None,
        [count] => Some(Draw::parse(count)?),
        _ => return Err(ErrorReply::syntax()),
    };
    let set = db.view::<Set>(args[1])?;
    if let (Some(draw), Some(_)) = (draw, set) {
        draw.check()?;
    }
    match (draw, set) {
        (None, set) => match set.and_then(|set| set.random(|| random.next())) {
            Some(member) => write_packed(reply, member),
            None => reply.null(),
        },
        (Some(_), None) => reply.array(0),
        (Some(Draw::Repeated(count)), Some(set)) => {
            reply.array(count);
            for member in (0..count).filter_map(|_| set.random(|| random.next())) {
                write_packed(reply, member);
            }
        }
        (Some(Draw::Distinct(count)), Some(set)) => {
            let members = set.random_distinct(count, || random.next());
            reply.array(members.len());
            members.iter().for_each(|member| write_packed(reply, *member));
        }
    }
    Ok(())
}
