//! SET and its like.

use slotmesh_resp::parse_integer;
use slotmesh_store::{Expiry, TermChange, TermIf, WrongType};

use super::{put, write_text};
use crate::call::is_word;
use crate::commands::term::{Term, TermForm};
use crate::error_reply::{ErrorReply, wrong_number};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};
use crate::table::KeyPlace;

/// When a key is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only<'a> {
    Always,
    /// When it is not there (NX).
    Missing,
    /// When it is there (XX).
    There,
    /// When it holds this text (IFEQ).
    Equal(&'a [u8]),
}

/// Options of SET, MSETEX and GETEX.
struct Options<'a> {
    only: Only<'a>,
    term: Term<'a>,
    /// GET.
    shows_old: bool,
}

/// Which command the options are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Set,
    Msetex,
    Getex,
}

impl<'a> Options<'a> {
    fn parse(words: &[&'a [u8]], of: Of) -> Result<Self, ErrorReply> {
        let mut found = Options { only: Only::Always, term: Term::None, shows_old: false };
        let mut words = words;
        while let [word, rest @ ..] = words {
            words = found.take(word, rest, of).ok_or_else(ErrorReply::syntax)?;
        }
        Ok(found)
    }

    /// Takes one option; gives what is left.
    fn take<'w>(&mut self, word: &[u8], rest: &'w [&'a [u8]], of: Of) -> Option<&'w [&'a [u8]]> {
        let sets = of != Of::Getex;
        if sets && is_word(word, "nx") && matches!(self.only, Only::Always | Only::Missing) {
            self.only = Only::Missing;
        } else if sets && is_word(word, "xx") && matches!(self.only, Only::Always | Only::There) {
            self.only = Only::There;
        } else if of == Of::Set && is_word(word, "ifeq") && self.only == Only::Always {
            let (text, rest) = rest.split_first()?;
            self.only = Only::Equal(text);
            return Some(rest);
        } else if of == Of::Set && is_word(word, "get") {
            self.shows_old = true;
        } else {
            return self.term.take(word, rest, sets);
        }
        Some(rest)
    }
}

pub(crate) fn set(call: &mut Keyed<'_>) -> Done {
    let args = call.args;
    let (key, text) = (args[1], args[2]);
    if args.len() == 3 {
        put(&mut call.db, key, text, Expiry::Never);
        call.tell(Classes::STRING, "set", key);
        return call.ok();
    }
    let options = Options::parse(&args[3..], Of::Set)?;
    let expiry = expiry(call, options.term)?;
    if options.shows_old {
        call.db.count_lookups(true);
        write_text(call, key)?;
        call.db.count_lookups(false);
    }
    let allowed = allows(call, options.only, key)?;
    if allowed {
        store(call, key, text, expiry);
    }
    match (options.shows_old, allowed) {
        (true, _) => {}
        (false, true) => call.reply.simple("OK"),
        (false, false) => call.reply.null(),
    }
    Ok(())
}

pub(crate) fn setnx(call: &mut Keyed<'_>) -> Done {
    let (key, text) = (call.args[1], call.args[2]);
    let allowed = allows(call, Only::Missing, key)?;
    if allowed {
        store(call, key, text, Expiry::Never);
    }
    call.count(usize::from(allowed))
}

pub(crate) fn setex(call: &mut Keyed<'_>) -> Done {
    set_with_term(call, TermForm::EX)
}

pub(crate) fn psetex(call: &mut Keyed<'_>) -> Done {
    set_with_term(call, TermForm::PX)
}

fn set_with_term(call: &mut Keyed<'_>, form: TermForm) -> Done {
    let (key, number, text) = (call.args[1], call.args[2], call.args[3]);
    let expiry = expiry(call, Term::Until(form, number))?;
    store(call, key, text, expiry);
    call.ok()
}

pub(crate) fn getset(call: &mut Keyed<'_>) -> Done {
    let (key, text) = (call.args[1], call.args[2]);
    write_text(call, key)?;
    store(call, key, text, Expiry::Never);
    Ok(())
}

pub(crate) fn getex(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let options = Options::parse(&call.args[2..], Of::Getex)?;
    // A wrong term is an error whatever is there.
    let expiry = expiry(call, options.term)?;
    write_text(call, key)?;
    if !call.db.is_there(key) {
        return Ok(());
    }
    match (options.term, expiry) {
        (Term::Ended, _) if call.db.persist(key) == TermChange::Set => {
            call.tell(Classes::GENERIC, "persist", key);
        }
        (_, Expiry::At(deadline)) => {
            let change = call.db.set_deadline(key, deadline, TermIf::Always);
            let gone = change == TermChange::Gone;
            call.tell(Classes::GENERIC, if gone { "del" } else { "expire" }, key);
        }
        _ => {}
    }
    Ok(())
}

pub(crate) fn mset(call: &mut Keyed<'_>) -> Done {
    set_pairs(call, call.args.get(1..).unwrap_or_default(), Expiry::Never)?;
    call.ok()
}

pub(crate) fn msetnx(call: &mut Keyed<'_>) -> Done {
    let pairs = &call.args[1..];
    check_pairs(call, pairs)?;
    let free = !pairs.chunks(2).any(|pair| call.db.exists(pair[0]));
    if free {
        set_pairs(call, pairs, Expiry::Never)?;
    }
    call.count(usize::from(free))
}

pub(crate) fn msetex(call: &mut Keyed<'_>) -> Done {
    let args = call.args;
    let count = parse_integer(args[1]).filter(|count| (1..=i64::from(i32::MAX)).contains(count));
    let count = count.and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or_else(|| ErrorReply::err("invalid numkeys value or out of range"))?;
    let end = count.checked_mul(2).and_then(|words| words.checked_add(2)).filter(|end| *end <= args.len());
    let end = end.ok_or_else(ErrorReply::syntax)?;
    let pairs = &args[2..end];
    let options = Options::parse(&args[end..], Of::Msetex)?;
    let expiry = expiry(call, options.term)?;
    let mut allowed = true;
    for pair in pairs.chunks(2) {
        allowed &= allows(call, options.only, pair[0])?;
    }
    if allowed {
        set_pairs(call, pairs, expiry)?;
    }
    call.count(usize::from(allowed))
}

fn check_pairs(call: &Keyed<'_>, pairs: &[&[u8]]) -> Done {
    if pairs.len().is_multiple_of(2) {
        return Ok(());
    }
    Err(wrong_number(call.command))
}

fn set_pairs(call: &mut Keyed<'_>, pairs: &[&[u8]], expiry: Expiry) -> Done {
    check_pairs(call, pairs)?;
    for pair in pairs.chunks(2) {
        store(call, pair[0], pair[1], expiry);
    }
    Ok(())
}

fn allows(call: &mut Keyed<'_>, only: Only<'_>, key: &[u8]) -> Result<bool, ErrorReply> {
    Ok(match only {
        Only::Always => true,
        Only::Missing => !call.db.exists(key),
        Only::There => call.db.exists(key),
        Only::Equal(wanted) => match call.db.get(key) {
            Some(value) => *value.text().ok_or(WrongType)? == *wanted,
            None => false,
        },
    })
}

fn expiry(call: &Keyed<'_>, term: Term<'_>) -> Result<Expiry, ErrorReply> {
    Ok(match term {
        Term::None | Term::Ended => Expiry::Never,
        Term::Kept => Expiry::Kept,
        Term::Until(form, number) => Expiry::At(form.positive(call, number)?),
    })
}

/// Sets a key. One whose term is over by then goes instead.
fn store(call: &mut Keyed<'_>, key: &[u8], text: &[u8], expiry: Expiry) {
    match expiry {
        Expiry::At(deadline) if deadline <= call.db.now() => {
            if call.db.remove(key) {
                call.tell(Classes::GENERIC, "del", key);
            }
        }
        _ => {
            put(&mut call.db, key, text, expiry);
            call.tell(Classes::STRING, "set", key);
            if matches!(expiry, Expiry::At(_)) {
                call.tell(Classes::GENERIC, "expire", key);
            }
        }
    }
}

/// The key of SET, which is read where its old text is shown.
pub(crate) fn set_keys(args: &[&[u8]]) -> Vec<KeyPlace> {
    let reads = args.get(3..).unwrap_or_default().iter().any(|word| is_word(word, "get"));
    let flags: &[&str] = if reads { &["RW", "access", "update"] } else { &["OW", "update"] };
    vec![KeyPlace { word: 1, flags }]
}
