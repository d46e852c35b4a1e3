//! Why a node ends.

/// Why a node ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A client sent SHUTDOWN.
    Shutdown,
    /// It can't go on, for this reason.
    Fatal(String),
}
