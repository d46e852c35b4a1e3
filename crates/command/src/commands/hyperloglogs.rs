//! Commands on HyperLogLogs. Source: `hyperloglog.c` of Valkey.

use slotmesh_store::hyperloglog::{self, AddError, Damaged, Encoding, HyperLogLog, NotHyperLogLog, Registers};
use slotmesh_store::{Edited, WrongType};

use crate::call::{Call, Handled, is_word};
use crate::error_reply::{ErrorReply, until_nul};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};
use crate::table::KeyPlace;

impl From<NotHyperLogLog> for ErrorReply {
    fn from(_: NotHyperLogLog) -> Self {
        Self::new("WRONGTYPE Key is not a valid HyperLogLog string value.")
    }
}

impl From<Damaged> for ErrorReply {
    fn from(_: Damaged) -> Self {
        Self::new("INVALIDOBJ Corrupted HLL object detected")
    }
}

impl From<AddError> for ErrorReply {
    fn from(error: AddError) -> Self {
        match error {
            AddError::NotHyperLogLog(error) => error.into(),
            AddError::Damaged(error) => error.into(),
        }
    }
}

pub(crate) fn pfadd(call: &mut Keyed<'_>) -> Done {
    let (key, elements, sparse_max) = (call.args[1], &call.args[2..], call.settings.hll_sparse_bytes);
    let is_new = !is_one(call, key)?;
    let added = call.db.edit_text(key, |text| {
        if is_new {
            *text = hyperloglog::empty();
            hyperloglog::forget_estimate(text);
        }
        match hyperloglog::add(text, elements.iter().copied(), sparse_max) {
            Ok(raised) => Edited::times(raised + usize::from(is_new), Ok(is_new || raised > 0)),
            Err(error) => Edited::same(Err(error)),
        }
    })??;
    if added {
        call.tell(Classes::STRING, "pfadd", key);
    }
    call.count(usize::from(added))
}

pub(crate) fn pfcount(call: &mut Keyed<'_>) -> Done {
    let estimate = match &call.args[1..] {
        [key] => estimate_of_one(call, key)?,
        keys => unite(call, keys)?.estimate(),
    };
    call.reply.integer(i64::try_from(estimate).unwrap_or(i64::MAX));
    Ok(())
}

pub(crate) fn pfmerge(call: &mut Keyed<'_>) -> Done {
    let (target, sparse_max) = (call.args[1], call.settings.hll_sparse_bytes);
    let union = unite(call, &call.args[1..])?;
    let is_new = !call.db.is_there(target);
    call.db.edit_text(target, |text| {
        if is_new {
            *text = hyperloglog::empty();
        }
        let written = union.write_to(text, sparse_max);
        Edited::when(written.is_ok(), written)
    })??;
    call.tell(Classes::STRING, "pfadd", target);
    call.ok()
}

/// The key of a PFMERGE without sources: the table tells of all keys or of none.
pub(crate) fn pfmerge_keys(args: &[&[u8]]) -> Vec<KeyPlace> {
    let target = KeyPlace { word: 1, flags: &["RW", "access", "insert"] };
    if args.len() == 2 { vec![target] } else { Vec::new() }
}

/// Counts so many different elements, sparse and dense, and looks how far off the estimates are: 1.04 / sqrt(16384) is the standard
/// error of 16384 registers, and six times that is no matter of chance.
pub(crate) fn pfselftest(call: &mut Call<'_>) -> Handled {
    const ELEMENTS: u64 = 200_000;
    const ERROR_MAX: f64 = 6.0 * 1.04 / 128.0;
    for sparse_max in [0, call.server.settings.load().hll_sparse_bytes] {
        let mut text = hyperloglog::empty();
        for number in 1..=ELEMENTS {
            hyperloglog::add(&mut text, [&number.to_le_bytes()[..]], sparse_max)?;
            // At powers of two, and at the end.
            if number.is_power_of_two() || number == ELEMENTS {
                let estimate = HyperLogLog::of(&text)?.estimate()?;
                let off = estimate.abs_diff(number);
                if off as f64 > (number as f64 * ERROR_MAX).max(1.0) {
                    return Err(ErrorReply::new(format!("TESTFAILED Too big error. card:{number} abserr:{off}")));
                }
            }
        }
    }
    call.ok()
}

pub(crate) fn pfdebug(call: &mut Keyed<'_>) -> Done {
    let (action, key) = (call.args[1], call.args[2]);
    if !is_one(call, key)? {
        return Err(ErrorReply::err("The specified key does not exist"));
    }
    match () {
        () if is_word(action, "getreg") => show_registers(call, key),
        () if is_word(action, "decode") => show_runs(call, key),
        () if is_word(action, "encoding") => show_encoding(call, key),
        () if is_word(action, "todense") => {
            let converted = make_dense(call, key)?;
            call.count(usize::from(converted))
        }
        () => Err(ErrorReply::echo(&[b"Unknown PFDEBUG subcommand '", until_nul(action), b"'"])),
    }
}

/// Whether the key is there.
fn is_one(call: &mut Keyed<'_>, key: &[u8]) -> Result<bool, ErrorReply> {
    Ok(read(call, key, |_| ())?.is_some())
}

/// Looks at what a key holds; `None` without such a key.
fn read<R>(call: &mut Keyed<'_>, key: &[u8], look: impl FnOnce(HyperLogLog<'_>) -> R) -> Result<Option<R>, ErrorReply> {
    let Some(value) = call.db.get(key) else { return Ok(None) };
    let text = value.text().ok_or(WrongType)?;
    Ok(Some(look(HyperLogLog::of(&text)?)))
}

/// An estimate that had to be made is kept with the key, which is a change: replicas keep it as well.
fn estimate_of_one(call: &mut Keyed<'_>, key: &[u8]) -> Result<u64, ErrorReply> {
    let found = read(call, key, |one| match one.cached() {
        Some(estimate) => Ok((estimate, true)),
        None => one.estimate().map(|estimate| (estimate, false)),
    })?;
    let Some((estimate, is_kept)) = found.transpose()? else { return Ok(0) };
    if !is_kept {
        call.db.edit_text(key, |text| {
            hyperloglog::keep_estimate(text, estimate);
            Edited::changed(())
        })?;
    }
    Ok(estimate)
}

fn unite(call: &mut Keyed<'_>, keys: &[&[u8]]) -> Result<Registers, ErrorReply> {
    let mut union = Registers::default();
    for key in keys {
        read(call, key, |one| union.unite(one))?.transpose()?;
    }
    Ok(union)
}

fn show_registers(call: &mut Keyed<'_>, key: &[u8]) -> Done {
    make_dense(call, key)?;
    let registers = unite(call, &[key])?;
    call.reply.array(registers.iter().len());
    registers.iter().for_each(|value| call.reply.integer(value.into()));
    Ok(())
}

fn show_runs(call: &mut Keyed<'_>, key: &[u8]) -> Done {
    let runs = read(call, key, |one| one.decode().map(String::into_bytes))?.flatten();
    let runs = runs.ok_or_else(|| ErrorReply::err("HLL encoding is not sparse"))?;
    call.reply.bulk(&runs);
    Ok(())
}

fn show_encoding(call: &mut Keyed<'_>, key: &[u8]) -> Done {
    let is_dense = read(call, key, |one| one.encoding() == Encoding::Dense)?;
    call.reply.simple(if is_dense == Some(true) { "dense" } else { "sparse" });
    Ok(())
}

/// Tells whether it was sparse.
fn make_dense(call: &mut Keyed<'_>, key: &[u8]) -> Result<bool, ErrorReply> {
    let converted = call.db.edit_text(key, |text| {
        let converted = hyperloglog::to_dense(text);
        Edited::when(converted == Ok(true), converted)
    })??;
    Ok(converted)
}
