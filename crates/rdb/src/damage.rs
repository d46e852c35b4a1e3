//! What is wrong with bytes that should be a value.

/// What is wrong with bytes that should be a value. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The bytes end in the middle of it.
    #[error("the bytes end too early")]
    Ended,
    /// There is no such type of values, or none that can be read here: modules are none.
    #[error("{0} is no type of values")]
    Kind(u8),
    /// A length is written in no known way, or stands where none may.
    #[error("a length is none")]
    Length,
    /// A text or a row of values is longer than any may be.
    #[error("a text is too long")]
    TooLong,
    /// A compressed text is not what it is said to be.
    #[error("a compressed text is damaged")]
    Compressed,
    /// Values that lie together are none.
    #[error("a {0} is damaged")]
    Packed(&'static str),
    /// A member or a field is there twice, or one is missing to a pair.
    #[error("members are there twice or in part")]
    Members,
    /// Members are not in the order of their scores.
    #[error("members are not in their order")]
    Order,
    /// A score is not a number.
    #[error("a score is not a number")]
    Score,
    /// A field has a term that is none.
    #[error("a term is none")]
    Term,
    /// There is nothing in it: no key holds nothing.
    #[error("it is empty")]
    Empty,
    /// Entries of a stream, or what is remembered of them, do not go together.
    #[error("entries of a stream do not go together")]
    Entries,
    /// What is said of groups of consumers does not go together.
    #[error("groups of a stream do not go together")]
    Groups,
}
