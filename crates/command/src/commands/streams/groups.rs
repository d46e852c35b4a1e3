//! XGROUP.

use slotmesh_store::Edited;
use slotmesh_store::stream::{GroupMut, Stream, StreamId};

use super::no_group;
use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// What XGROUP CREATE and SETID say besides where a group begins.
#[derive(Default)]
struct Options {
    makes_stream: bool,
    read: Option<u64>,
}

pub(crate) fn xgroup_create(call: &mut Keyed<'_>) -> Done {
    let (key, group) = (call.args[2], call.args[3]);
    let options = Options::parse(call, true)?;
    let stream = call.db.view::<Stream>(key)?;
    if stream.is_none() && !options.makes_stream {
        return Err(no_stream());
    }
    let newest = stream.map_or(StreamId::MIN, |stream| stream.counters().last);
    if call.args.len() > 8 {
        return Err(call.wrong_shape());
    }
    let last = if call.args[4] == b"$" { newest } else { StreamId::parse(call.args[4])? };
    let is_new = call.db.edit_or_new(key, |stream: &mut Stream| {
        let is_new = stream.create_group(group, last, options.read);
        Edited::when(is_new, is_new)
    })?;
    if !is_new {
        return Err(ErrorReply::new("BUSYGROUP Consumer Group name already exists"));
    }
    call.tell(Classes::STREAM, "xgroup-create", key);
    call.ok()
}

pub(crate) fn xgroup_setid(call: &mut Keyed<'_>) -> Done {
    let key = call.args[2];
    let options = Options::parse(call, false)?;
    let stream = find_stream(call)?;
    let newest = stream.counters().last;
    check_group(call)?;
    if call.args.len() > 7 {
        return Err(call.wrong_shape());
    }
    let last = match call.args[4] {
        b"$" => newest,
        b"-" => StreamId::MIN,
        b"+" => StreamId::MAX,
        id => StreamId::parse(id)?,
    };
    edit_group(call, |mut group| {
        group.set_last(last, options.read);
        Edited::counted(1, ())
    })?;
    call.tell(Classes::STREAM, "xgroup-setid", key);
    call.ok()
}

pub(crate) fn xgroup_destroy(call: &mut Keyed<'_>) -> Done {
    let (key, group) = (call.args[2], call.args[3]);
    find_stream(call)?;
    let gone = call.db.edit(key, |stream: &mut Stream| {
        let gone = stream.destroy_group(group);
        Edited::when(gone.is_some(), gone)
    })?;
    let gone = gone.flatten().is_some();
    if gone {
        call.tell(Classes::STREAM, "xgroup-destroy", key);
    }
    call.count(usize::from(gone))
}

pub(crate) fn xgroup_createconsumer(call: &mut Keyed<'_>) -> Done {
    let (key, name, now) = (call.args[2], call.args[4], call.db.now());
    find_stream(call)?;
    let is_new = edit_group(call, |mut group| {
        // One that is there is not seen by that.
        let is_new = group.find_consumer(name).is_none();
        if is_new {
            group.consumer_or_new(name, now);
        }
        Edited::counted(usize::from(is_new), is_new)
    })?;
    if is_new {
        call.tell(Classes::STREAM, "xgroup-createconsumer", key);
    }
    call.count(usize::from(is_new))
}

pub(crate) fn xgroup_delconsumer(call: &mut Keyed<'_>) -> Done {
    let (key, name) = (call.args[2], call.args[4]);
    find_stream(call)?;
    let pending = edit_group(call, |mut group| {
        let pending = group.remove_consumer(name);
        Edited::counted(usize::from(pending.is_some()), pending)
    })?;
    if pending.is_some() {
        call.tell(Classes::STREAM, "xgroup-delconsumer", key);
    }
    call.count(pending.unwrap_or_default())
}

impl Options {
    fn parse(call: &Keyed<'_>, creates: bool) -> Result<Self, ErrorReply> {
        let mut found = Self::default();
        let mut words = &call.args[5..];
        while let [word, rest @ ..] = words {
            words = rest;
            if creates && is_word(word, "mkstream") {
                found.makes_stream = true;
            } else if is_word(word, "entriesread")
                && let [number, rest @ ..] = rest
            {
                found.read = match integer(number)? {
                    -1 => None,
                    number => {
                        let text = "value for ENTRIESREAD must be positive or -1";
                        Some(u64::try_from(number).map_err(|_| ErrorReply::err(text))?)
                    }
                };
                words = rest;
            } else {
                return Err(call.wrong_shape());
            }
        }
        Ok(found)
    }
}

fn find_stream<'c>(call: &'c mut Keyed<'_>) -> Result<&'c Stream, ErrorReply> {
    call.db.view::<Stream>(call.args[2])?.ok_or_else(no_stream)
}

fn check_group(call: &mut Keyed<'_>) -> Done {
    let name = call.args[3];
    let found = find_stream(call)?.group(name).is_some();
    if found { Ok(()) } else { Err(missing_group(call.args)) }
}

/// Changes the group that the request names.
fn edit_group<R>(call: &mut Keyed<'_>, edit: impl FnOnce(GroupMut<'_>) -> Edited<R>) -> Result<R, ErrorReply> {
    let (key, name) = (call.args[2], call.args[3]);
    check_group(call)?;
    let edited =
        call.db.edit(key, |stream: &mut Stream| edit(stream.group_mut(name).expect("it has just been looked for")))?;
    edited.ok_or_else(no_stream)
}

fn no_stream() -> ErrorReply {
    ErrorReply::err(
        "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to \
         create an empty stream automatically.",
    )
}

/// For subcommands, whose key is the third word and whose group the fourth.
pub(super) fn missing_group(args: &[&[u8]]) -> ErrorReply {
    no_group(&[b"No such consumer group '", args[3], b"' for key name '", args[2], b"'"])
}
