//! Ports for client and bus that nobody uses.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// Client ports come from here. Their bus ports, 10000 above, stay below the range that Linux takes the local ports of
/// outgoing connections from.
const RANGE: std::ops::Range<u16> = 12_000..22_000;

/// The bus port of a client port.
pub(crate) const BUS_OFFSET: u16 = 10_000;

/// Moves on with every port given, so that a port is not soon given again: old peers may still be calling it.
static NEXT: AtomicU32 = AtomicU32::new(u32::MAX);

/// A client port that is free together with its bus port.
pub(crate) fn free() -> Result<u16> {
    let count = u32::from(RANGE.end - RANGE.start);
    // Processes that run side by side begin at different places.
    let _ = NEXT.compare_exchange(u32::MAX, std::process::id() * 131, Ordering::Relaxed, Ordering::Relaxed);
    (0..count)
        .map(|_| NEXT.fetch_add(1, Ordering::Relaxed) % count)
        .filter_map(|offset| Some(RANGE.start + u16::try_from(offset).ok()?))
        .find(|port| is_free(*port) && is_free(port + BUS_OFFSET))
        .context("no free port is left")
}

/// Whether somebody could listen at `port` now.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
