//! How the process ends when it fails.

use std::process::ExitCode;

/// Why the process ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The configuration is wrong: starting again without a change is pointless.
    Configuration(anyhow::Error),
    /// Something went wrong that may be different next time.
    Runtime(anyhow::Error),
}

impl Failure {
    /// Tells on standard error, and gives the exit code: 2 for the configuration, 1 for anything else.
    pub(crate) fn report(self) -> ExitCode {
        let (what, error, code) = match self {
            Self::Configuration(error) => ("configuration error", error, 2),
            Self::Runtime(error) => ("error", error, 1),
        };
        if code == 2 {
            // What tools of real servers look for.
            eprintln!("*** FATAL CONFIG FILE ERROR ***");
        }
        eprintln!("slotmesh-server: {what}: {error:#}");
        ExitCode::from(code)
    }
}
