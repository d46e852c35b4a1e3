//! Changes of the terms of keys and fields.

/// When the term of a key or a field may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermIf {
    /// In any case.
    Always,
    /// When it has none (NX).
    Unset,
    /// When it has one (XX).
    Set,
    /// When it has one that ends earlier (GT, also with XX): no term is the longest one.
    Later,
    /// When it has none, or one that ends later (LT).
    Earlier,
    /// When it has one that ends later (LT with XX).
    SetEarlier,
}

/// What became of a key or a field whose term was to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermChange {
    /// There is no such key or field.
    Missing,
    /// It has been left as it was.
    Refused,
    /// The term is as it was to be.
    Set,
    /// The term was over at once: the key or field is gone.
    Gone,
}

impl TermIf {
    pub(crate) fn allows(self, before: Option<u64>, after: u64) -> bool {
        match (self, before) {
            (Self::Always, _) | (Self::Unset | Self::Earlier, None) | (Self::Set, Some(_)) => true,
            (Self::Later, Some(before)) => after > before,
            (Self::Earlier | Self::SetEarlier, Some(before)) => after < before,
            (Self::Unset, Some(_)) | (Self::Set | Self::Later | Self::SetEarlier, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_term_is_the_longest_one() {
        let allowed = |before, after| {
            [TermIf::Always, TermIf::Unset, TermIf::Set, TermIf::Later, TermIf::Earlier, TermIf::SetEarlier]
                .map(|condition| condition.allows(before, after))
        };
        assert_eq!(allowed(None, 5), [true, true, false, false, true, false]);
        assert_eq!(allowed(Some(5), 5), [true, false, true, false, false, false]);
        assert_eq!(allowed(Some(5), 4), [true, false, true, false, true, true]);
        assert_eq!(allowed(Some(5), 6), [true, false, true, true, false, false]);
    }
}
