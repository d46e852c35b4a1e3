//! LCS.

use slotmesh_store::{LcsError, lcs as longest, lcs_length};

use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

#[derive(Default)]
struct Options {
    length: bool,
    indexes: bool,
    with_match_length: bool,
    shortest: usize,
}

impl Options {
    fn parse(mut words: &[&[u8]]) -> Result<Self, ErrorReply> {
        let mut found = Self::default();
        while let [word, rest @ ..] = words {
            words = rest;
            if is_word(word, "idx") {
                found.indexes = true;
            } else if is_word(word, "len") {
                found.length = true;
            } else if is_word(word, "withmatchlen") {
                found.with_match_length = true;
            } else if is_word(word, "minmatchlen")
                && let [number, rest @ ..] = rest
            {
                let number = numbers::integer(number)?;
                found.shortest = usize::try_from(number).unwrap_or_default();
                words = rest;
            } else {
                return Err(ErrorReply::syntax());
            }
        }
        if found.indexes && found.length {
            let text = "If you want both the length and indexes, please just use IDX.";
            return Err(ErrorReply::err(text));
        }
        Ok(found)
    }
}

pub(crate) fn lcs(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, settings, .. } = call;
    let keys = [args[1], args[2]];
    let mut texts = Vec::new();
    for value in db.get_all(keys) {
        let text = value.map(|value| value.text()).unwrap_or(Some(Default::default()));
        texts.push(text.ok_or_else(|| ErrorReply::err("The specified keys must contain string values"))?);
    }
    let options = Options::parse(&args[3..])?;
    let (a, b) = (&*texts[0], &*texts[1]);
    let max = settings.text_bytes as u64;
    let refused = |error: LcsError| ErrorReply::err(error.to_string());
    if options.length {
        let length = lcs_length(a, b, max).map_err(refused)?;
        reply.integer(i64::try_from(length).unwrap_or(i64::MAX));
        return Ok(());
    }
    let found = longest(a, b, max).map_err(refused)?;
    if !options.indexes {
        reply.bulk(&found.text(a));
        return Ok(());
    }
    let shown: Vec<_> = found.matches.iter().filter(|found| found.length >= options.shortest).collect();
    let integer = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(shown.len());
    for part in shown {
        reply.array(if options.with_match_length { 3 } else { 2 });
        for start in [part.a, part.b] {
            reply.array(2);
            reply.integer(integer(start));
            reply.integer(integer(start + part.length - 1));
        }
        if options.with_match_length {
            reply.integer(integer(part.length));
        }
    }
    reply.bulk(b"len");
    reply.integer(integer(found.length()));
    Ok(())
}
