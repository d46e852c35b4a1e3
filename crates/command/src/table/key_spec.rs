//! Where a command has its keys. Source: "Key specifications" of COMMAND.

use slotmesh_resp::parse_integer;

/// How the first key is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It is that word, counted from the command's name, which is 0.
    Index(usize),
    /// It is what follows this word.
    Keyword {
        /// The word, in any case.
        word: &'static str,
        /// Where to begin looking; negative to look backwards, from so many words before the end.
        from: i32,
    },
    /// Only the command knows.
    Unknown,
}

/// How the others are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// They stand at every `step` words.
    Range {
        /// The last word, counted from the first key; negative from the end of the request.
        last: i32,
        /// Words from one to the next.
        step: usize,
        /// They are the first half of what follows if 2, all of it if 0.
        limit: usize,
    },
    /// A word tells how many there are; it stands where the first was found.
    KeyNum {
        /// Words from there to the number.
        at: usize,
        /// Words from there to the first key.
        first: usize,
        /// Words from one to the next.
        step: usize,
    },
    /// Only the command knows.
    Unknown,
}

/// Where a command has some of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// How the first is found.
    pub begin: Begin,
    /// How the others are found.
    pub find: Find,
    /// What the command does with them, in the words of COMMAND INFO.
    pub flags: &'static [&'static str],
    /// What else there is to say.
    pub notes: Option<&'static str>,
}

/// Flag of what routes a command as a key does and is none.
pub(crate) const NOT_KEY: &str = "not_key";

/// Flag of keys that the command may use in another way than told.
pub(crate) const VARIABLE_FLAGS: &str = "variable_flags";

/// Flag of keys that may not be all.
const INCOMPLETE: &str = "incomplete";

impl KeySpec {
    /// Names of shard channels from the first word to the last.
    pub(super) const CHANNELS: Self = Self::range(1, -1, 1, &[NOT_KEY]);
    /// The name of one shard channel.
    pub(super) const CHANNEL: Self = Self::at(1, &[NOT_KEY]);
    /// A cursor, which is hashed as a key is.
    pub(super) const CURSOR: Self = Self::CHANNEL;

    /// One key, which is that word.
    pub(super) const fn at(word: usize, flags: &'static [&'static str]) -> Self {
        Self::range(word, 0, 1, flags)
    }

    /// Every `step` words from that one to `last`, which is counted from it or, if negative, from the end.
    pub(super) const fn range(word: usize, last: i32, step: usize, flags: &'static [&'static str]) -> Self {
        Self { begin: Begin::Index(word), find: Find::Range { last, step, limit: 0 }, flags, notes: None }
    }

    /// As many as that word says, behind it.
    pub(super) const fn counted(word: usize, step: usize, flags: &'static [&'static str]) -> Self {
        Self { begin: Begin::Index(word), find: Find::KeyNum { at: 0, first: 1, step }, flags, notes: None }
    }

    /// What follows a word: one key, or as `find` says.
    pub(super) const fn after(word: &'static str, from: i32, find: Find, flags: &'static [&'static str]) -> Self {
        Self { begin: Begin::Keyword { word, from }, find, flags, notes: None }
    }

    /// What only the command knows.
    pub(super) const fn unknown(flags: &'static [&'static str]) -> Self {
        Self { begin: Begin::Unknown, find: Find::Unknown, flags, notes: None }
    }

    pub(super) const fn notes(mut self, notes: &'static str) -> Self {
        self.notes = Some(notes);
        self
    }

    /// Whether this is about keys, and not about what only routes as they do.
    #[must_use]
    pub fn is_about_keys(&self) -> bool {
        !self.flags.contains(&NOT_KEY)
    }

    /// The place of its first key, if that is the same in every request.
    pub(super) fn first(&self) -> Option<usize> {
        match (self.begin, self.find) {
            (Begin::Index(word), Find::Range { .. }) if !self.flags.contains(&INCOMPLETE) => Some(word),
            _ => None,
        }
    }

    /// Whether that is its only one.
    pub(super) fn is_only(&self) -> bool {
        matches!(self.find, Find::Range { last: 0, .. })
    }

    /// The places of the keys in a request; `None` when the request is wrong or only the command knows.
    pub(super) fn places(&self, args: &[&[u8]]) -> Option<std::iter::StepBy<std::ops::RangeInclusive<usize>>> {
        if self.flags.contains(&INCOMPLETE) {
            return None;
        }
        let begin = self.begin_in(args)?;
        let (first, last, step) = match self.find {
            Find::Range { last, step, limit } => (begin, last_of_range(args.len(), begin, last, limit)?, step),
            Find::KeyNum { at, first, step } => {
                let count = parse_integer(args.get(begin + at)?)?;
                let count = usize::try_from(count).ok()?;
                let first = begin + first;
                (first, count.checked_sub(1)?.checked_mul(step)?.checked_add(first)?, step)
            }
            Find::Unknown => return None,
        };
        (first <= last && last < args.len()).then(|| (first..=last).step_by(step))
    }

    fn begin_in(&self, args: &[&[u8]]) -> Option<usize> {
        match self.begin {
            Begin::Index(word) => Some(word),
            Begin::Keyword { word, from } => {
                let is_it = |place: &usize| args[*place].eq_ignore_ascii_case(word.as_bytes());
                let back = from.unsigned_abs() as usize;
                let found = if from < 0 {
                    (2..=args.len().checked_sub(back)?).rev().find(is_it)
                } else {
                    (back..args.len().saturating_sub(1)).find(is_it)
                };
                found.map(|place| place + 1)
            }
            Begin::Unknown => None,
        }
    }
}

fn last_of_range(words: usize, first: usize, last: i32, limit: usize) -> Option<usize> {
    let back = last.unsigned_abs() as usize;
    match (last < 0, limit) {
        (false, _) => Some(first + back),
        (true, 0) => words.checked_sub(back),
        (true, limit) => (first + words.checked_sub(first)? / limit).checked_sub(back),
    }
}

/// First, last and step of the keys as COMMAND INFO told them before there were specifications: where they are but one,
/// that; where several stand one behind the other, from the first to the last.
#[must_use]
pub fn legacy_range(specs: &[KeySpec]) -> (i64, i64, i64) {
    let ranges: Vec<(i64, i64, i64)> = specs
        .iter()
        .filter_map(|spec| match (spec.begin, spec.find) {
            (Begin::Index(first), Find::Range { last, step, limit: 0 }) => {
                let first = first as i64;
                Some((first, if last < 0 { i64::from(last) } else { first + i64::from(last) }, step as i64))
            }
            _ => None,
        })
        .collect();
    match (ranges.as_slice(), specs.len()) {
        ([], _) => (0, 0, 0),
        ([one], 1) => *one,
        _ => {
            let mut whole: Option<(i64, i64)> = None;
            for (first, last, _) in ranges.into_iter().filter(|(_, _, step)| *step == 1) {
                match &mut whole {
                    None => whole = Some((first, last)),
                    // An end that is counted from the end of the request is the last there is.
                    Some((_, end)) if *end >= 0 && *end == first - 1 => *end = last,
                    Some(_) => {}
                }
            }
            whole.map_or((0, 0, 0), |(first, last)| (first, last, 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(spec: KeySpec, request: &str) -> Option<Vec<usize>> {
        let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        spec.places(&words).map(Iterator::collect)
    }

    #[test]
    fn ranges_are_counted_from_either_end() {
        assert_eq!(places(KeySpec::at(1, &[]), "get k"), Some(vec![1]));
        assert_eq!(places(KeySpec::range(1, -1, 2, &[]), "mset a 1 b 2"), Some(vec![1, 3]));
        assert_eq!(places(KeySpec::range(1, -2, 1, &[]), "blpop a b 0"), Some(vec![1, 2]));
        assert_eq!(places(KeySpec::at(2, &[]), "object help"), None);
    }

    #[test]
    fn a_number_of_keys_must_be_true() {
        let spec = KeySpec::counted(1, 1, &[]);
        assert_eq!(places(spec, "zunion 2 a b weights 1 2"), Some(vec![2, 3]));
        for wrong in ["zunion 3 a b", "zunion 0 a", "zunion -1 a", "zunion x a", "zunion 9223372036854775807 a"] {
            assert_eq!(places(spec, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn words_are_looked_for_from_either_end() {
        let half = Find::Range { last: -1, step: 1, limit: 2 };
        let streams = KeySpec::after("STREAMS", 1, half, &[]);
        assert_eq!(places(streams, "xread count 2 streams a b 0 0"), Some(vec![4, 5]));
        assert_eq!(places(streams, "xread count 2"), None);
        let last = Find::Range { last: -1, step: 1, limit: 0 };
        assert_eq!(places(KeySpec::after("KEYS", -2, last, &[]), "migrate h 1 keys 0 9 keys a b"), Some(vec![7, 8]));
        assert_eq!(places(KeySpec::after("KEYS", -2, last, &["incomplete"]), "migrate h 1 k 0 9 keys a"), None);
    }

    #[test]
    fn old_ranges_span_what_stands_together() {
        assert_eq!(legacy_range(&[]), (0, 0, 0));
        assert_eq!(legacy_range(&[KeySpec::range(1, -1, 2, &[])]), (1, -1, 2));
        assert_eq!(legacy_range(&[KeySpec::at(1, &[]), KeySpec::at(2, &[])]), (1, 2, 1));
        assert_eq!(legacy_range(&[KeySpec::at(1, &[]), KeySpec::range(2, -1, 1, &[])]), (1, -1, 1));
        assert_eq!(legacy_range(&[KeySpec::at(1, &[]), KeySpec::counted(2, 1, &[])]), (1, 1, 1));
        assert_eq!(legacy_range(&[KeySpec::counted(1, 1, &[])]), (0, 0, 0));
    }
}
