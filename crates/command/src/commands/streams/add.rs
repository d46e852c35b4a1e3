//! XADD.

use slotmesh_store::Edited;
use slotmesh_store::stream::{AddError, NewId, Stream, StreamId, Trim};

use super::trim::TrimOptions;
use super::write_id;
use crate::call::is_word;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

struct Request<'a> {
    id: NewId,
    fields: &'a [&'a [u8]],
    trim: Option<Trim>,
    /// Whether the stream may be made.
    makes: bool,
}

pub(crate) fn xadd(call: &mut Keyed<'_>) -> Done {
    let request = parse(call)?;
    let (key, now, limits) = (call.args[1], call.db.now(), call.settings.stream);
    if !request.makes && call.db.view::<Stream>(key)?.is_none() {
        call.reply.null();
        return Ok(());
    }
    let fields = request.fields.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let added = call.db.edit_or_new(key, |stream: &mut Stream| {
        let added = stream.next_id(request.id, now).and_then(|id| stream.add(id, fields, limits).map(|()| id));
        let trimmed = if added.is_ok() { request.trim.map(|trim| stream.trim(trim)) } else { None };
        Edited::when(added.is_ok(), added.map(|id| (id, trimmed.is_some_and(|gone| gone > 0))))
    })?;
    let (id, is_trimmed) = added?;
    call.tell(Classes::STREAM, "xadd", key);
    if is_trimmed {
        call.tell(Classes::STREAM, "xtrim", key);
    }
    write_id(&mut call.reply, id);
    Ok(())
}

fn parse<'a>(call: &Keyed<'a>) -> Result<Request<'a>, ErrorReply> {
    let (mut options, mut makes) = (TrimOptions::default(), true);
    let mut words = &call.args[2..];
    let mut id = None;
    while let [word, rest @ ..] = words
        && id.is_none()
    {
        if is_word(word, "nomkstream") {
            makes = false;
            words = rest;
        } else if let Some(rest) = options.take(words)? {
            words = rest;
        } else {
            id = Some(NewId::parse(word)?);
            words = rest;
        }
    }
    let trim = options.finish(call.settings.stream, false)?;
    let Some(id) = id.filter(|_| !words.is_empty() && words.len().is_multiple_of(2)) else {
        return Err(wrong_number(call.command));
    };
    if id == NewId::Exactly(StreamId::MIN) {
        return Err(AddError::Lowest.into());
    }
    Ok(Request { id, fields: words, trim, makes })
}
