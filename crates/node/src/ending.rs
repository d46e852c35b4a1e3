//! Why a node ends.

use slotmesh_command::Shutdown;

/// Why a node ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A client sent SHUTDOWN.
    Shutdown(Shutdown),
    /// It can't go on, for this reason.
    Fatal(String),
}
