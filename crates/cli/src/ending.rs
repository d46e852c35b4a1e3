//! How the program ends.

use std::io;
use std::process::ExitCode;

use anyhow::{Error, Result};

use crate::output;
use crate::talk::AskError;

/// How a command went that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything is as wished. Exit code 0.
    Good,
    /// The cluster is not as wished; what was printed says so. Exit code 1.
    Bad,
}

/// The cluster is not as wished: an error that ends with exit code 1. Every other error ends with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unwished(pub(crate) String);

/// What a change came to that was not made: a node that refuses it leaves the cluster not as wished.
pub(crate) fn of_change(error: Error) -> Error {
    let refused = error.chain().filter_map(<dyn std::error::Error>::downcast_ref::<AskError>);
    let refused = refused.into_iter().any(|error| error.kind.is_refusal());
    if refused { Unwished(format!("{error:#}")).into() } else { error }
}

/// Tells on standard error what went wrong, and gives the exit code.
pub(crate) fn report(result: Result<Ending>) -> ExitCode {
    match result {
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Bad) => ExitCode::from(1),
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            let unwished = error.chain().any(<dyn std::error::Error>::is::<Unwished>);
            ExitCode::from(if unwished { 1 } else { 2 })
        }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::{AskErrorKind, Target};

    #[test]
    fn a_refused_change_is_the_clusters_fault_and_silence_is_not() {
        let is_unwished = |kind| {
            let error = AskError { target: Target::new("10.0.0.1", 7000), kind };
            of_change(Error::from(error).context("half made")).is::<Unwished>()
        };
        let admin = |code| AskErrorKind::Admin { code, text: "no".into() };
        assert!(is_unwished(AskErrorKind::Refused { command: "CLUSTER MEET".into(), text: "no".into() }));
        assert!(is_unwished(admin(tonic::Code::FailedPrecondition)));
        assert!(!is_unwished(admin(tonic::Code::Unavailable)));
        assert!(!is_unwished(AskErrorKind::Closed));
    }
}
