//! Commands on places. Source: `geo.c` of Valkey.

mod arguments;
mod request;
mod search;

use slotmesh_resp::ReplyWriter;
use slotmesh_store::geo::{Position, Unit, coordinate_text, distance_text};
use slotmesh_store::{AddMembers, AddRule, SortedSet};

pub(crate) use search::{georadius, georadius_ro, georadiusbymember, georadiusbymember_ro, geosearch, geosearchstore};

use super::sorted_sets::add_entries;
use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

pub(crate) fn geoadd(call: &mut Keyed<'_>) -> Done {
    let mut words = &call.args[2..];
    let (mut members, mut counts_changes) = (AddMembers::Any, false);
    while let [word, rest @ ..] = words {
        match members {
            _ if is_word(word, "ch") => counts_changes = true,
            AddMembers::Any | AddMembers::New if is_word(word, "nx") => members = AddMembers::New,
            AddMembers::Any | AddMembers::Present if is_word(word, "xx") => members = AddMembers::Present,
            _ => break,
        }
        words = rest;
    }
    let is_option = |word: &&[u8]| ["nx", "xx"].iter().any(|option| is_word(word, option));
    if words.is_empty() || !words.len().is_multiple_of(3) || words.first().is_some_and(is_option) {
        return Err(ErrorReply::syntax());
    }
    let places = words.chunks(3).map(|place| Ok(arguments::position(place[0], place[1])?.score()));
    let scores = places.collect::<Result<Vec<f64>, ErrorReply>>()?;
    let names: Vec<&[u8]> = words.chunks(3).map(|place| place[2]).collect();
    let rule = AddRule { members, ..AddRule::default() };
    add_entries(call, (rule, counts_changes), &scores, &names)
}

pub(crate) fn geodist(call: &mut Keyed<'_>) -> Done {
    let unit = match call.args[4..] {
        [] => Unit::Metre,
        [unit] => arguments::unit(unit)?,
        _ => return Err(ErrorReply::syntax()),
    };
    let set = call.db.view::<SortedSet>(call.args[1])?;
    let place = |member: &[u8]| set.and_then(|set| set.score(member)).map(Position::of_score);
    match place(call.args[2]).zip(place(call.args[3])) {
        Some((one, other)) => {
            call.reply.bulk(distance_text(one.distance(other) / unit.metres()).as_bytes());
        }
        None => call.reply.null(),
    }
    Ok(())
}

pub(crate) fn geohash(call: &mut Keyed<'_>) -> Done {
    for_each_place(call, |reply, place| match place {
        Some(place) => reply.bulk(&place.geohash()),
        None => reply.null(),
    })
}

pub(crate) fn geopos(call: &mut Keyed<'_>) -> Done {
    for_each_place(call, |reply, place| match place {
        Some(place) => write_position(reply, place),
        None => reply.null_array(),
    })
}

fn for_each_place(call: &mut Keyed<'_>, show: impl Fn(&mut ReplyWriter<'_>, Option<Position>)) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let set = db.view::<SortedSet>(args[1])?;
    reply.array(args.len() - 2);
    for member in &args[2..] {
        show(reply, set.and_then(|set| set.score(member)).map(Position::of_score));
    }
    Ok(())
}

fn write_position(reply: &mut ReplyWriter<'_>, place: Position) {
    reply.array(2);
    reply.double_text(&coordinate_text(place.longitude()));
    reply.double_text(&coordinate_text(place.latitude()));
}
