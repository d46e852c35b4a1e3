//! Parts of texts.

use slotmesh_store::{Edited, Expiry, WrongType};

use super::{put, too_long};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn strlen(call: &mut Keyed<'_>) -> Done {
    let length = text_len(call, call.args[1])?;
    call.count(length.unwrap_or_default())
}

pub(crate) fn append(call: &mut Keyed<'_>) -> Done {
    let (key, more) = (call.args[1], call.args[2]);
    let Some(length) = text_len(call, key)? else {
        put(&mut call.db, key, more, Expiry::Never);
        call.tell(Classes::STRING, "append", key);
        return call.count(more.len());
    };
    if length.saturating_add(more.len()) > call.settings.text_bytes {
        return Err(too_long());
    }
    let length = call.db.edit_text(key, |text| {
        text.extend_from_slice(more);
        Edited::changed(text.len())
    })?;
    call.tell(Classes::STRING, "append", key);
    call.count(length)
}

pub(crate) fn setrange(call: &mut Keyed<'_>) -> Done {
    let (key, part) = (call.args[1], call.args[3]);
    let offset = numbers::integer(call.args[2])?;
    let offset = usize::try_from(offset).map_err(|_| ErrorReply::err("offset is out of range"))?;
    let length = text_len(call, key)?;
    if part.is_empty() {
        return call.count(length.unwrap_or_default());
    }
    let end = offset.checked_add(part.len()).filter(|end| *end <= call.settings.text_bytes).ok_or_else(too_long)?;
    let length = call.db.edit_text(key, |text| {
        if text.len() < end {
            text.resize(end, 0);
        }
        text[offset..end].copy_from_slice(part);
        Edited::changed(text.len())
    })?;
    call.tell(Classes::STRING, "setrange", key);
    call.count(length)
}

pub(crate) fn getrange(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let number = numbers::integer;
    let (first, last) = (number(args[2])?, number(args[3])?);
    let text = db.get(args[1]).map(|value| value.text().ok_or(WrongType)).transpose()?.unwrap_or_default();
    reply.bulk(range(&text, first, last));
    Ok(())
}

/// The bytes from one place to another, both included; negative places count from the end.
fn range(text: &[u8], first: i64, last: i64) -> &[u8] {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if first < 0 && last < 0 && first > last {
        return &[];
    }
    let place = |place: i64| if place < 0 { (length + place).max(0) } else { place };
    let (first, last) = (place(first), place(last).min(length - 1));
    let bounds = usize::try_from(first).ok().zip(usize::try_from(last).ok());
    bounds.filter(|(first, last)| first <= last).map_or(&[], |(first, last)| &text[first..=last])
}

/// Bytes of a text; `None` without such a key.
fn text_len(call: &mut Keyed<'_>, key: &[u8]) -> Result<Option<usize>, ErrorReply> {
    let text = call.db.get(key).map(|value| value.text().map(|text| text.len()).ok_or(WrongType));
    Ok(text.transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_either_end_and_reach_no_further_than_the_text() {
        let cases: [(i64, i64, &[u8]); 9] = [
            (0, 3, b"This"),
            (-3, -1, b"ing"),
            (0, -1, b"This is a string"),
            (10, 100, b"string"),
            (3, 2, b""),
            (-1, -3, b""),
            (-100, 1, b"Th"),
            (100, 200, b""),
            (0, i64::MIN, b"T"),
        ];
        for (first, last, part) in cases {
            assert_eq!(range(b"This is a string", first, last), part, "{first}..{last}");
        }
        assert_eq!(range(b"", 0, -1), b"");
    }
}
