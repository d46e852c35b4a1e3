//! Registers as runs of equal ones.
//!
//! ```text
//! 00llllll           l + 1 registers that are zero ("zero")
//! 01llllll llllllll  the same with a longer length ("long zero")
//! 1vvvvvll           l + 1 registers of value v + 1
//! ```
//!
//! How a row of runs changes is part of the format, since two servers shall make the same bytes of the same elements.

use std::fmt::Write;

use super::element::Element;
use super::{Damaged, REGISTERS};

/// All registers zero.
pub(super) const EMPTY: [u8; 2] = [0x7f, 0xff];

const ZERO_LEN_MAX: usize = 64;
const VALUE_LEN_MAX: usize = 4;
const VALUE_MAX: u8 = 32;

/// Registers with one value: zero, or one up to [`VALUE_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    value: u8,
    len: usize,
    /// Bytes that it takes.
    bytes: usize,
}

impl Run {
    /// The run that bytes begin with; `None` when there is none, or not all of it.
    fn of(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        Some(match first >> 6 {
            0b00 => Self { value: 0, len: usize::from(first) + 1, bytes: 1 },
            0b01 => {
                Self { value: 0, len: (usize::from(first & 0x3f) << 8 | usize::from(*bytes.get(1)?)) + 1, bytes: 2 }
            }
            _ => Self { value: (first >> 2 & 0x1f) + 1, len: usize::from(first & 0x3) + 1, bytes: 1 },
        })
    }
}

/// Some runs on their way into a text: at most a long zero, a value and a long zero.
#[derive(Default)]
struct Runs {
    bytes: [u8; 5],
    used: usize,
}

impl Runs {
    /// Adds a run if it has registers. The length must fit the kind of run.
    fn push(&mut self, value: u8, len: usize) {
        let Some(last) = len.checked_sub(1) else { return };
        match value {
            0 if len > ZERO_LEN_MAX => {
                self.push_byte(0x40 | (last >> 8) as u8);
                self.push_byte(last as u8);
            }
            0 => self.push_byte(last as u8),
            _ => self.push_byte(value_run(value, len)),
        }
    }

    fn push_byte(&mut self, byte: u8) {
        self.bytes[self.used] = byte;
        self.used += 1;
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

fn value_run(value: u8, len: usize) -> u8 {
    0x80 | (value - 1) << 2 | (len as u8 - 1)
}

/// Shows each run: its first register, how many it has, and their value. Registers that are shown are there, even before damage
/// is found.
pub(super) fn each_run(runs: &[u8], mut show: impl FnMut(usize, usize, u8)) -> Result<(), Damaged> {
    let (mut at, mut first) = (0, 0);
    while at < runs.len() {
        let run = Run::of(&runs[at..]).filter(|run| first + run.len <= REGISTERS).ok_or(Damaged)?;
        show(first, run.len, run.value);
        at += run.bytes;
        first += run.len;
    }
    if first == REGISTERS { Ok(()) } else { Err(Damaged) }
}

/// The runs in words, up to the first that is cut off.
pub(super) fn decode(runs: &[u8]) -> String {
    let (mut at, mut text) = (0, String::new());
    while let Some(run) = Run::of(&runs[at..]) {
        let space = if at == 0 { "" } else { " " };
        let len = run.len;
        let _ = match run {
            Run { value: 0, bytes: 1, .. } => write!(text, "{space}z:{len}"),
            Run { value: 0, .. } => write!(text, "{space}Z:{len}"),
            Run { value, .. } => write!(text, "{space}v:{value},{len}"),
        };
        at += run.bytes;
    }
    text
}

/// What became of a register that should be raised.
pub(super) enum Raised {
    /// It was as high.
    No,
    Yes,
    /// The value, or the bytes that it takes, are more than a sparse one may have. Nothing was changed.
    NoRoom,
}

/// Raises a register, in a text whose runs begin behind a header, unless it is as high.
pub(super) fn raise(text: &mut Vec<u8>, header: usize, element: Element, sparse_max: usize) -> Result<Raised, Damaged> {
    let Element { register, value } = element;
    if value > VALUE_MAX {
        return Ok(Raised::NoRoom);
    }
    let Found { before, at, first, run } = find(text, header, register).ok_or(Damaged)?;
    if run.value >= value {
        return Ok(Raised::No);
    }
    let mut runs = Runs::default();
    runs.push(run.value, register - first);
    runs.push(value, 1);
    runs.push(run.value, first + run.len - 1 - register);
    let len = text.len() - run.bytes + runs.used;
    if runs.used > run.bytes && len > sparse_max {
        return Ok(Raised::NoRoom);
    }
    if len > text.capacity() {
        // As much as there is, within limits: it grows often, by little.
        let spare = (text.len() + 3).min(300).min(sparse_max.saturating_sub(len));
        text.reserve_exact(len - text.len() + spare);
    }
    text.splice(at..at + run.bytes, runs.as_slice().iter().copied());
    join(text, before.unwrap_or(header));
    Ok(Raised::Yes)
}

/// Where the run of a register is.
struct Found {
    /// Where the run before it begins, if there is one.
    before: Option<usize>,
    at: usize,
    /// Its first register.
    first: usize,
    run: Run,
}

/// It goes through most of the runs for each element that is added, so it looks only at their lengths.
fn find(text: &[u8], header: usize, register: usize) -> Option<Found> {
    let (mut before, mut at, mut first) = (None, header, 0);
    loop {
        let byte = *text.get(at)?;
        let (len, bytes) = match SHORT_LEN[usize::from(byte)] {
            0 => (usize::from(byte & 0x3f) << 8 | usize::from(*text.get(at + 1)?), 2),
            len => (usize::from(len) - 1, 1),
        };
        if register <= first + len {
            return Some(Found { before, at, first, run: Run::of(&text[at..])? });
        }
        (before, at, first) = (Some(at), at + bytes, first + len + 1);
    }
}

/// How many registers a run has by its first byte; 0 for a long zero.
const SHORT_LEN: [u8; 256] = {
    let mut lens = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        lens[byte] = match byte {
            0..0x40 => byte as u8 + 1,
            0x40..0x80 => 0,
            _ => byte as u8 % 4 + 1,
        };
        byte += 1;
    }
    lens
};

/// Joins runs of the same value that stand side by side, among the few from a place on that a change can have touched.
fn join(text: &mut Vec<u8>, mut at: usize) {
    const LOOKS: usize = 5;
    for _ in 0..LOOKS {
        let Some(run) = text.get(at..).and_then(Run::of) else { return };
        let next = Run::of(&text[at + run.bytes..]);
        match next.filter(|next| run.value > 0 && next.value == run.value && next.len + run.len <= VALUE_LEN_MAX) {
            Some(next) => {
                text[at + 1] = value_run(run.value, run.len + next.len);
                text.remove(at);
            }
            None => at += run.bytes,
        }
    }
}
