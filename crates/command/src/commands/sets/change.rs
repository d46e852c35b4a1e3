//! Adding members and taking them out.

use slotmesh_store::{Edited, Set};

use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn sadd(call: &mut Keyed<'_>) -> Done {
    let (key, members, limits) = (call.args[1], &call.args[2..], call.settings.set);
    let added = call.db.edit_or_new(key, |set: &mut Set| {
        set.prepare(members.len(), members[0], limits);
        let added = members.iter().filter(|member| set.add(member, limits)).count();
        Edited::times(added, added)
    })?;
    if added > 0 {
        call.tell(Classes::SET, "sadd", key);
    }
    call.count(added)
}

pub(crate) fn srem(call: &mut Keyed<'_>) -> Done {
    let (key, members) = (call.args[1], &call.args[2..]);
    let removed = call.db.edit(key, |set: &mut Set| {
        let removed = members.iter().filter(|member| set.remove(member)).count();
        Edited::times(removed, (removed, set.is_empty()))
    })?;
    let (removed, is_gone) = removed.unwrap_or_default();
    if removed > 0 {
        call.tell_taken(Classes::SET, "srem", key, is_gone);
    }
    call.count(removed)
}

pub(crate) fn smove(call: &mut Keyed<'_>) -> Done {
    let (from, to, member, limits) = (call.args[1], call.args[2], call.args[3], call.settings.set);
    // What the second key holds does not matter when there is no first one.
    let Some(set) = call.db.view::<Set>(from)? else { return call.count(0) };
    let is_member = set.contains(member);
    call.db.view::<Set>(to)?;
    if !is_member || from == to {
        return call.count(usize::from(is_member));
    }
    let is_gone = call.db.edit(from, |set: &mut Set| Edited::when(set.remove(member), set.is_empty()))?;
    call.tell_taken(Classes::SET, "srem", from, is_gone == Some(true));
    let is_new = call.db.edit_or_new(to, |set: &mut Set| {
        let is_new = set.add(member, limits);
        Edited::when(is_new, is_new)
    })?;
    if is_new {
        call.tell(Classes::SET, "sadd", to);
    }
    call.count(1)
}
