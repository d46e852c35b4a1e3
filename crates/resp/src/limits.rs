//! Bounds on what a client may send.

/// Bounds on what a client may send. The defaults are those of real servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest inline request and longest count or length line, in bytes.
    pub line_bytes_max: usize,
    /// Most arguments of a request.
    pub arguments_max: i64,
    /// Longest argument in bytes (`proto-max-bulk-len`).
    pub bulk_bytes_max: i64,
    /// The client has not authenticated and has to: at most 10 arguments of 16 KiB.
    pub unauthenticated: bool,
}

impl Limits {
    pub(crate) const UNAUTHENTICATED_ARGUMENTS: i64 = 10;
    pub(crate) const UNAUTHENTICATED_BULK_BYTES: i64 = 16_384;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes_max: 64 * 1024,
            arguments_max: i64::from(i32::MAX),
            bulk_bytes_max: 512 * 1024 * 1024,
            unauthenticated: false,
        }
    }
}
