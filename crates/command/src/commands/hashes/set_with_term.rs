//! HSETEX and HGETEX: fields together with their terms.

use slotmesh_store::{Edited, Expiry, Hash, TermChange, TermIf};

use super::block::Block;
use super::set::put;
use super::write_value;
use crate::call::is_word;
use crate::commands::term::Term;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// When something is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Only {
    #[default]
    Always,
    Missing,
    There,
}

impl Only {
    fn allows(self, is_there: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Missing => !is_there,
            Self::There => is_there,
        }
    }

    /// Narrows it. The other condition as well makes no sense.
    fn narrow(&mut self, only: Self) -> Option<()> {
        let fits = *self == Self::Always || *self == only;
        *self = only;
        fits.then_some(())
    }
}

/// Options of HSETEX.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options<'a> {
    /// NX and XX.
    key: Only,
    /// FNX and FXX, which all of the fields must fulfil.
    fields: Only,
    term: Term<'a>,
}

impl<'a> Options<'a> {
    fn parse(mut words: &[&'a [u8]]) -> Result<Self, ErrorReply> {
        let mut found = Self::default();
        while let [word, rest @ ..] = words {
            words = found.take(word, rest).ok_or_else(ErrorReply::syntax)?;
        }
        Ok(found)
    }

    /// Takes one option; gives what is left.
    fn take<'w>(&mut self, word: &[u8], rest: &'w [&'a [u8]]) -> Option<&'w [&'a [u8]]> {
        let (only, condition) = if is_word(word, "nx") {
            (&mut self.key, Only::Missing)
        } else if is_word(word, "xx") {
            (&mut self.key, Only::There)
        } else if is_word(word, "fnx") {
            (&mut self.fields, Only::Missing)
        } else if is_word(word, "fxx") {
            (&mut self.fields, Only::There)
        } else {
            return self.term.take(word, rest, true);
        };
        only.narrow(condition)?;
        Some(rest)
    }
}

pub(crate) fn hsetex(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let (options, block) = Block::split(&call.args[2..])?;
    let options = Options::parse(options)?;
    let pairs = block.pairs()?;
    let is_there = call.db.view::<Hash>(key)?.is_some();
    if !options.key.allows(is_there) {
        return call.count(0);
    }
    let expiry = match options.term {
        Term::None | Term::Ended => Expiry::Never,
        Term::Kept => Expiry::Kept,
        Term::Until(form, number) => Expiry::At(form.not_negative(call, number)?),
    };
    if !allows_fields(call, options.fields, key, pairs)? {
        return call.count(0);
    }
    set_with_term(call, key, pairs, expiry)?;
    call.count(1)
}

fn allows_fields(call: &mut Keyed<'_>, only: Only, key: &[u8], pairs: &[&[u8]]) -> Result<bool, ErrorReply> {
    let now = call.db.now();
    let hash = call.db.view::<Hash>(key)?;
    Ok(pairs.chunks(2).all(|pair| only.allows(hash.is_some_and(|hash| hash.contains(pair[0], now)))))
}

/// Sets fields. Those whose term is over by then go instead; what is told is as if they had been there in between.
fn set_with_term(call: &mut Keyed<'_>, key: &[u8], pairs: &[&[u8]], expiry: Expiry) -> Done {
    let is_over = matches!(expiry, Expiry::At(deadline) if deadline <= call.db.now());
    let is_gone = if is_over { remove(call, key, pairs)? } else { put(call, key, pairs, expiry).map(|_| false)? };
    call.tell(Classes::HASH, "hset", key);
    if matches!(expiry, Expiry::At(_)) {
        call.tell(Classes::HASH, "hexpire", key);
    }
    if is_over {
        call.tell_taken(Classes::HASH, "hexpired", key, is_gone);
    }
    Ok(())
}

/// Takes out the fields of these pairs, those included that have expired. Tells whether there is no such key then.
fn remove(call: &mut Keyed<'_>, key: &[u8], pairs: &[&[u8]]) -> Result<bool, ErrorReply> {
    let is_empty = call.db.edit(key, |hash: &mut Hash| {
        // At 0 nothing has expired.
        let count = pairs.chunks(2).filter(|pair| hash.remove(pair[0], 0)).count();
        Edited::times(count, hash.is_empty())
    })?;
    Ok(is_empty.unwrap_or(true))
}

/// What HGETEX does to fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Nothing,
    Persist,
    Expire(u64),
}

impl Act {
    fn parse(call: &Keyed<'_>, term: Term<'_>) -> Result<Self, ErrorReply> {
        Ok(match term {
            Term::None | Term::Kept => Self::Nothing,
            Term::Ended => Self::Persist,
            Term::Until(form, number) => Self::Expire(form.not_negative(call, number)?),
        })
    }

    /// Tells whether the field is another then.
    fn apply(self, hash: &mut Hash, name: &[u8], now: u64) -> bool {
        let change = match self {
            Self::Nothing => TermChange::Refused,
            Self::Persist => hash.persist(name, now),
            Self::Expire(deadline) => hash.set_deadline(name, deadline, TermIf::Always, now),
        };
        matches!(change, TermChange::Set | TermChange::Gone)
    }

    fn event(self, now: u64) -> &'static str {
        match self {
            Self::Expire(deadline) if deadline <= now => "hexpired",
            Self::Expire(_) => "hexpire",
            Self::Persist | Self::Nothing => "hpersist",
        }
    }
}

pub(crate) fn hgetex(call: &mut Keyed<'_>) -> Done {
    let (mut options, block) = Block::split(&call.args[2..])?;
    let mut term = Term::None;
    while let [word, rest @ ..] = options {
        options = term.take(word, rest, false).ok_or_else(ErrorReply::syntax)?;
    }
    let names = block.names()?;
    call.db.view::<Hash>(call.args[1])?;
    let act = Act::parse(call, term)?;
    let Keyed { args, db, reply, .. } = call;
    let (key, now) = (args[1], db.now());
    reply.array(names.len());
    let edited = db.edit(key, |hash: &mut Hash| {
        let mut changes = 0;
        for name in names {
            write_value(reply, hash.get(name, now));
            changes += usize::from(act.apply(hash, name, now));
        }
        Edited::times(changes, (changes, hash.is_empty()))
    })?;
    match edited {
        None => names.iter().for_each(|_| call.reply.null()),
        Some((0, _)) => {}
        Some((_, is_gone)) => call.tell_taken(Classes::HASH, act.event(now), key, is_gone),
    }
    Ok(())
}
