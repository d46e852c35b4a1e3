//! Why a node could not be asked.

use std::time::Duration;

use super::Target;

/// A node that gave no answer that can be used. Nothing was changed by asking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{target}: {kind}")]
pub(crate) struct AskError {
    /// Who was asked.
    pub(crate) target: Target,
    /// What came of it.
    pub(crate) kind: AskErrorKind,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AskErrorKind {
    /// The name has no address, or nobody listens.
    #[error("can't connect: {0}")]
    Connect(String),
    /// The time is up.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection ended before the reply.
    #[error("it closed the connection without an answer; is this the client port of a node, and without TLS (--tls)?")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// TLS is spoken there.
    #[error("it speaks TLS: give --tls and --tls-ca-file")]
    Tls,
    /// TLS is not spoken there, or not with us.
    #[error("no TLS with it: {0}")]
    Handshake(String),
    /// Something else than RESP.
    #[error("it does not speak RESP, so it is no Valkey, Redis or slotmesh node ({0})")]
    NotResp(String),
    /// A password is wanted.
    #[error("it wants a password: put it into a file and give --password-file, with --user for a named user")]
    WantsPassword,
    /// The password is wrong, or the user may not.
    #[error("it does not let us in: {0}")]
    Denied(String),
    /// It is a single server.
    #[error("it is no cluster node: start it with cluster-enabled yes")]
    NoCluster,
    /// An error reply.
    #[error("it refused {command}: {text}")]
    Refused {
        /// The command, without what is secret.
        command: String,
        /// The reply.
        text: String,
    },
    /// A reply of another form than the command has.
    #[error("its reply to {command} makes no sense: {reason}")]
    Nonsense {
        /// The command.
        command: String,
        /// Why not.
        reason: String,
    },
    /// A call of the admin API failed.
    #[error("{text}")]
    Admin {
        /// What kind of failure it is.
        code: tonic::Code,
        /// In words.
        text: String,
    },
}

impl AskErrorKind {
    /// Whether the node understood what it was to do, and would not.
    pub(crate) fn is_refusal(&self) -> bool {
        use tonic::Code::{Aborted, FailedPrecondition, NotFound};
        match self {
            Self::Refused { .. } => true,
            Self::Admin { code, .. } => matches!(code, FailedPrecondition | NotFound | Aborted),
            _ => false,
        }
    }
}
