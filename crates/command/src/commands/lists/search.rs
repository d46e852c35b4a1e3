//! Commands that look for a value: LPOS, LINSERT and LREM.

use slotmesh_store::{Edited, End, List, Side};

use crate::call::is_word;
use crate::commands::numbers;
use crate::commands::shown::write_count;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// Options of LPOS.
#[derive(Debug)]
struct Options {
    from: End,
    /// So many matches are left out.
    skipped: usize,
    /// COUNT: so many matches are shown, all with 0.
    count: Option<usize>,
    /// MAXLEN: so many values are looked at, all with 0.
    most: usize,
}

impl Options {
    fn parse(mut words: &[&[u8]]) -> Result<Self, ErrorReply> {
        let mut found = Self { from: End::Front, skipped: 0, count: None, most: 0 };
        while let [option, number, rest @ ..] = words {
            match () {
                () if is_word(option, "rank") => found.set_rank(numbers::signed_count(number)?)?,
                () if is_word(option, "count") => {
                    found.count = Some(numbers::count_in(number, 0..=i64::MAX, "COUNT can't be negative")?);
                }
                () if is_word(option, "maxlen") => {
                    found.most = numbers::count_in(number, 0..=i64::MAX, "MAXLEN can't be negative")?;
                }
                () => return Err(ErrorReply::syntax()),
            }
            words = rest;
        }
        if words.is_empty() { Ok(found) } else { Err(ErrorReply::syntax()) }
    }

    fn set_rank(&mut self, rank: i64) -> Done {
        if rank == 0 {
            return Err(ErrorReply::err(
                "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to \
                 start from the end of the list",
            ));
        }
        self.from = if rank < 0 { End::Back } else { End::Front };
        self.skipped = usize::try_from(rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
        Ok(())
    }
}

pub(crate) fn lpos(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let options = Options::parse(&args[3..])?;
    let most = if options.most == 0 { usize::MAX } else { options.most };
    let list = db.view::<List>(args[1])?;
    let mut found = list.into_iter().flat_map(|list| list.positions(args[2], options.from, most)).skip(options.skipped);
    let Some(count) = options.count else {
        match found.next() {
            Some(index) => write_count(reply, index),
            None => reply.null(),
        }
        return Ok(());
    };
    let found: Vec<usize> = found.take(if count == 0 { usize::MAX } else { count }).collect();
    reply.array(found.len());
    found.into_iter().for_each(|index| write_count(reply, index));
    Ok(())
}

pub(crate) fn linsert(call: &mut Keyed<'_>) -> Done {
    let (args, limit) = (call.args, call.settings.list);
    let (key, side, pivot, text) = (args[1], args[2], args[3], args[4]);
    let side = match side {
        _ if is_word(side, "after") => Side::After,
        _ if is_word(side, "before") => Side::Before,
        _ => return Err(ErrorReply::syntax()),
    };
    let length = call.db.edit(key, |list: &mut List| {
        let place = list.positions(pivot, End::Front, usize::MAX).next();
        let is_in = place.is_some_and(|index| list.insert(index, side, text, limit));
        Edited::when(is_in, is_in.then_some(list.len()))
    })?;
    match length {
        None => call.reply.integer(0),
        Some(None) => call.reply.integer(-1),
        Some(Some(length)) => {
            call.tell(Classes::LIST, "linsert", key);
            write_count(&mut call.reply, length);
        }
    }
    Ok(())
}

pub(crate) fn lrem(call: &mut Keyed<'_>) -> Done {
    let (key, text, limit) = (call.args[1], call.args[3], call.settings.list);
    let count = numbers::signed_count(call.args[2])?;
    let from = if count < 0 { End::Back } else { End::Front };
    let most = if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    let removed = call.db.edit(key, |list: &mut List| {
        let gone = list.remove(text, from, most, limit);
        Edited::times(gone, (gone, list.is_empty()))
    })?;
    let (gone, is_empty) = removed.unwrap_or_default();
    if gone > 0 {
        call.tell_taken(Classes::LIST, "lrem", key, is_empty);
    }
    call.count(gone)
}
