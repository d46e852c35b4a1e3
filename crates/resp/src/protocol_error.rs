//! What is wrong with a request.

/// The client does not speak the protocol. Reply with `-ERR ` and this text, then close: the next request can't be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// An inline request without an end.
    #[error("Protocol error: too big inline request")]
    InlineTooBig,
    /// An inline request with an open quote.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// A count of arguments without an end.
    #[error("Protocol error: too big mbulk count string")]
    CountTooBig,
    /// A count of arguments that is no number, or too high.
    #[error("Protocol error: invalid multibulk length")]
    Count,
    /// More arguments than a client may send before it has authenticated.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedCount,
    /// The length of an argument without an end.
    #[error("Protocol error: too big bulk count string")]
    LengthTooBig,
    /// Something else where a line or an argument has to end: its length is wrong, and what follows would be taken for a
    /// request.
    #[error("Protocol error: invalid CRLF in request")]
    LineEnd,
    /// Something else where an argument belongs.
    #[error("Protocol error: expected '$', got '{}'", char::from(*.0))]
    NotABulk(u8),
    /// The length of an argument is no number, negative, or too high.
    #[error("Protocol error: invalid bulk length")]
    Length,
    /// A longer argument than a client may send before it has authenticated.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedLength,
}
