//! XTRIM, and the options by which XADD trims as well.

use slotmesh_store::Edited;
use slotmesh_store::stream::{Stream, StreamId, StreamLimits, Trim, TrimTo};

use super::signed;
use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn xtrim(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let mut options = TrimOptions::default();
    let mut words = &call.args[2..];
    while !words.is_empty() {
        words = options.take(words)?.ok_or_else(ErrorReply::syntax)?;
    }
    let needed = || ErrorReply::err("syntax error, XTRIM must be called with a trimming strategy");
    let trim = options.finish(call.settings.stream, true)?.ok_or_else(needed)?;
    let gone = call.db.edit(key, |stream: &mut Stream| {
        let gone = stream.trim(trim);
        Edited::times(usize::try_from(gone).unwrap_or(usize::MAX), gone)
    })?;
    let gone = gone.unwrap_or_default();
    if gone > 0 {
        call.tell(Classes::STREAM, "xtrim", key);
    }
    call.reply.integer(signed(gone));
    Ok(())
}

/// How a stream shall be trimmed, as it is read word by word.
#[derive(Default)]
pub(super) struct TrimOptions {
    to: Option<TrimTo>,
    /// Whether a little more may be left (`~`).
    about: bool,
    limit: Option<u64>,
}

impl TrimOptions {
    /// Takes an option off the words and gives what is left; `None` if they begin with none.
    pub(super) fn take<'w, 'a>(&mut self, words: &'w [&'a [u8]]) -> Result<Option<&'w [&'a [u8]]>, ErrorReply> {
        let [word, value, rest @ ..] = words else { return Ok(None) };
        let by_length = is_word(word, "maxlen");
        if by_length || is_word(word, "minid") {
            return self.take_threshold(by_length, value, rest).map(Some);
        }
        if !is_word(word, "limit") {
            return Ok(None);
        }
        let limit = u64::try_from(integer(value)?);
        self.limit = Some(limit.map_err(|_| ErrorReply::err("The LIMIT argument must be >= 0."))?);
        Ok(Some(rest))
    }

    fn take_threshold<'w, 'a>(
        &mut self,
        by_length: bool,
        value: &[u8],
        rest: &'w [&'a [u8]],
    ) -> Result<&'w [&'a [u8]], ErrorReply> {
        if self.to.is_some() {
            let text = "syntax error, MAXLEN and MINID options at the same time are not compatible";
            return Err(ErrorReply::err(text));
        }
        let (value, rest) = match (value, rest) {
            (b"~" | b"=", [threshold, rest @ ..]) => {
                self.about = value == b"~";
                (*threshold, rest)
            }
            _ => (value, rest),
        };
        self.to = Some(if by_length {
            let length = u64::try_from(integer(value)?);
            TrimTo::Length(length.map_err(|_| ErrorReply::err("The MAXLEN argument must be >= 0."))?)
        } else {
            TrimTo::From(StreamId::parse(value)?)
        });
        Ok(rest)
    }

    /// What the options come to; `None` if there is nothing to trim, whose limit is no mistake where something has to
    /// be.
    pub(super) fn finish(self, limits: StreamLimits, has_to: bool) -> Result<Option<Trim>, ErrorReply> {
        if self.to.is_none() && self.limit.is_some_and(|limit| limit > 0) {
            let text = "syntax error, LIMIT cannot be used without specifying a trimming strategy";
            return Err(ErrorReply::err(text));
        }
        if self.limit.is_some() && !self.about && (self.to.is_some() || !has_to) {
            let text = "syntax error, LIMIT cannot be used without the special ~ option";
            return Err(ErrorReply::err(text));
        }
        Ok(self.to.map(|to| match self.limit {
            _ if !self.about => Trim::exactly(to),
            None => Trim::about(to, limits),
            Some(limit) => Trim { to, whole_nodes: true, limit: Some(limit).filter(|limit| *limit > 0) },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &str, has_to: bool) -> Result<Option<Trim>, String> {
        let words: Vec<&[u8]> = options.split(' ').map(str::as_bytes).collect();
        let (mut words, mut found) = (words.as_slice(), TrimOptions::default());
        let told = |error: ErrorReply| String::from_utf8_lossy(error.text()).into_owned();
        while let Some(rest) = found.take(words).map_err(told)? {
            words = rest;
        }
        found.finish(StreamLimits::default(), has_to).map_err(told)
    }

    #[test]
    fn only_about_a_length_or_an_id_there_is_a_limit() {
        let to = TrimTo::Length(3);
        assert_eq!(parse("maxlen 3", true), Ok(Some(Trim::exactly(to))));
        assert_eq!(parse("MAXLEN = 3", true), Ok(Some(Trim::exactly(to))));
        assert_eq!(parse("maxlen ~ 3", true), Ok(Some(Trim { to, whole_nodes: true, limit: Some(10_000) })));
        assert_eq!(parse("maxlen ~ 3 limit 7", true), Ok(Some(Trim { to, whole_nodes: true, limit: Some(7) })));
        assert_eq!(parse("limit 0 maxlen ~ 3", true), Ok(Some(Trim { to, whole_nodes: true, limit: None })));
        assert_eq!(parse("minid 5", true), Ok(Some(Trim::exactly(TrimTo::From(StreamId::new(5, 0))))));
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        let error = |options, has_to| parse(options, has_to).expect_err("refused");
        assert!(error("maxlen 3 minid 5", true).contains("MAXLEN and MINID options at the same time"));
        assert!(error("maxlen 3 limit 5", true).contains("without the special ~ option"));
        assert!(error("limit 5", true).contains("without specifying a trimming strategy"));
        assert!(error("limit 0", false).contains("without the special ~ option"));
        assert_eq!(parse("limit 0", true), Ok(None), "what has to trim and does not is told that");
        assert!(error("maxlen -1", true).contains("MAXLEN argument must be >= 0"));
    }
}
