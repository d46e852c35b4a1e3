//! Where a command has its keys.

/// Where a command has its keys: at `first` and every `step` words from there to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Word of the first, counted from the command's name, which is 0.
    pub first: usize,
    /// Word of the last, counted from the first; negative from the end of the request.
    pub last: i32,
    /// Words from one to the next.
    pub step: usize,
    /// What the command does with them, in the words of COMMAND INFO.
    pub flags: &'static [&'static str],
}

/// Flag of what routes a command as a key does and is none.
pub(crate) const NOT_KEY: &str = "not_key";

impl KeySpec {
    /// Names of shard channels from the first word to the last.
    pub(super) const CHANNELS: Self = Self { first: 1, last: -1, step: 1, flags: &[NOT_KEY] };
    /// The name of one shard channel.
    pub(super) const CHANNEL: Self = Self { first: 1, last: 0, step: 1, flags: &[NOT_KEY] };

    /// A cursor, which is hashed as a key is.
    pub(super) const CURSOR: Self = Self::CHANNEL;

    /// The last word as COMMAND INFO tells it.
    #[must_use]
    pub fn last_word(&self) -> i64 {
        if self.last < 0 { i64::from(self.last) } else { self.first as i64 + i64::from(self.last) }
    }

    /// The keys of a request.
    pub fn keys<'a>(&self, args: &'a [&'a [u8]]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let back = self.last.unsigned_abs() as usize;
        let end = if self.last < 0 { (args.len() + 1).saturating_sub(back) } else { self.first + back + 1 };
        args.get(self.first..end.min(args.len())).unwrap_or_default().iter().step_by(self.step).copied()
    }
}
