//! The file that holds the process id.

use std::fs;
use std::path::PathBuf;

/// The file that holds the process id, removed at the end.
#[derive(Debug)]
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes it. A server without one works, so a failure is only logged.
    pub(crate) fn write(path: PathBuf) -> Option<Self> {
        match fs::write(&path, format!("{}\n", std::process::id())) {
            Ok(()) => Some(Self(path)),
            Err(error) => {
                tracing::warn!("Failed to write PID file {}: {error}", path.display());
                None
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Somebody may have removed it; it is gone either way.
        let _ = fs::remove_file(&self.0);
    }
}
