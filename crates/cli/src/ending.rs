//! How the program ends.

use std::io;
use std::process::ExitCode;

use anyhow::{Error, Result};

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

/// Tells on standard error what went wrong, and gives the exit code.
pub(crate) fn report(result: Result<Ending>) -> ExitCode {
    match result {
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Bad) => ExitCode::from(1),
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slotmesh: {error:#}");
            let unwished = error.chain().any(<dyn std::error::Error>::is::<Unwished>);
            ExitCode::from(if unwished { 1 } else { 2 })
        }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
