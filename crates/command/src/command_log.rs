//! The log of requests that took long or were large (COMMANDLOG), in memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};
use slotmesh_config::Config;

/// Most words of a request that are kept. Source: `COMMANDLOG_ENTRY_MAX_ARGC`.
const WORDS_MAX: usize = 32;

/// Most bytes of a word that are kept. Source: `COMMANDLOG_ENTRY_MAX_STRING`.
const WORD_BYTES_MAX: usize = 128;

/// Why a request is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogKind {
    /// It ran for long.
    Slow,
    /// It was long.
    LargeRequest,
    /// Its reply was long.
    LargeReply,
}

impl LogKind {
    pub(crate) const ALL: [Self; 3] = [Self::Slow, Self::LargeRequest, Self::LargeReply];

    /// Its name in COMMANDLOG.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::LargeRequest => "large-request",
            Self::LargeReply => "large-reply",
        }
    }

    /// The directives that say from what on a request is kept, and how many are.
    const fn directives(self) -> (&'static str, &'static str) {
        match self {
            Self::Slow => ("commandlog-execution-slower-than", "commandlog-slow-execution-max-len"),
            Self::LargeRequest => ("commandlog-request-larger-than", "commandlog-large-request-max-len"),
            Self::LargeReply => ("commandlog-reply-larger-than", "commandlog-large-reply-max-len"),
        }
    }
}

/// A request in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Unique among those of its kind, from 0.
    pub(crate) id: u64,
    /// When it ran, in seconds since 1970.
    pub(crate) unix_seconds: u64,
    /// Microseconds it ran for, or bytes.
    pub(crate) amount: i64,
    pub(crate) words: Vec<Vec<u8>>,
    /// The client's end of its connection.
    pub(crate) addr: String,
    /// The client's name.
    pub(crate) name: Vec<u8>,
}

/// The log of all kinds.
#[derive(Debug)]
pub(crate) struct CommandLog([Log; LogKind::ALL.len()]);

#[derive(Debug)]
struct Log {
    /// From so much on a request is kept; below 0 none is.
    at_least: AtomicI64,
    len_max: AtomicUsize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    next_id: u64,
    /// The latest first.
    list: VecDeque<Arc<Entry>>,
}

impl CommandLog {
    pub(crate) fn new(config: &Config) -> Self {
        let log = || Log { at_least: AtomicI64::new(-1), len_max: AtomicUsize::new(0), entries: Mutex::default() };
        let logs = Self([log(), log(), log()]);
        logs.configure(config);
        logs
    }

    /// Takes the limits that the configuration says. A log that is too long now is cut when it grows next.
    pub(crate) fn configure(&self, config: &Config) {
        for kind in LogKind::ALL {
            let (at_least, len_max) = kind.directives();
            self.log(kind).at_least.store(config.number(at_least), Relaxed);
            self.log(kind).len_max.store(usize::try_from(config.number(len_max)).unwrap_or(usize::MAX), Relaxed);
        }
    }

    /// Whether a request with so much of that kind is kept.
    pub(crate) fn wants(&self, kind: LogKind, amount: i64) -> bool {
        let at_least = self.log(kind).at_least.load(Relaxed);
        at_least >= 0 && amount >= at_least
    }

    /// Adds an entry, which gets its number, and drops the oldest if there are too many.
    pub(crate) fn add(&self, kind: LogKind, entry: Entry) {
        let log = self.log(kind);
        let mut entries = log.entries();
        let id = entries.next_id;
        entries.next_id += 1;
        entries.list.push_front(Arc::new(Entry { id, ..entry }));
        entries.list.truncate(log.len_max.load(Relaxed));
    }

    /// The latest entries, at most so many.
    pub(crate) fn latest(&self, kind: LogKind, max: usize) -> Vec<Arc<Entry>> {
        self.log(kind).entries().list.iter().take(max).cloned().collect()
    }

    pub(crate) fn len(&self, kind: LogKind) -> usize {
        self.log(kind).entries().list.len()
    }

    pub(crate) fn clear(&self, kind: LogKind) {
        self.log(kind).entries().list = VecDeque::new();
    }

    fn log(&self, kind: LogKind) -> &Log {
        &self.0[kind as usize]
    }
}

impl Log {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock()
    }
}

/// What of the words of a request is kept.
pub(crate) fn shortened(words: &[&[u8]]) -> Vec<Vec<u8>> {
    let kept = if words.len() > WORDS_MAX { WORDS_MAX - 1 } else { words.len() };
    let mut shown: Vec<Vec<u8>> = words[..kept].iter().map(|word| shortened_word(word)).collect();
    if kept < words.len() {
        shown.push(format!("... ({} more arguments)", words.len() - kept).into_bytes());
    }
    shown
}

fn shortened_word(word: &[u8]) -> Vec<u8> {
    match word.len().checked_sub(WORD_BYTES_MAX) {
        None | Some(0) => word.to_vec(),
        Some(more) => [&word[..WORD_BYTES_MAX], format!("... ({more} more bytes)").as_bytes()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_requests_are_kept_in_part() {
        let word = [b'x'; 130];
        let words = vec![&word[..]; 33];
        let kept = shortened(&words);
        assert_eq!(kept.len(), 32);
        assert_eq!(kept[0], [&word[..128], b"... (2 more bytes)"].concat());
        assert_eq!(kept[31], b"... (2 more arguments)");
        assert_eq!(shortened(&words[..32]).len(), 32);
        assert_eq!(shortened(&[&word[..128]]), [word[..128].to_vec()]);
    }
}
