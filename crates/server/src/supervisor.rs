//! Telling systemd how far the server is (`supervised`).

use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Whoever started the server and waits for a word of it, if anybody does.
#[derive(Debug)]
pub(crate) struct Supervisor(Option<OsString>);

impl Supervisor {
    /// As the directive `supervised` says. A unit of `Type=notify` is ended when it stays silent.
    pub(crate) fn find(supervised: &str) -> Self {
        let socket = std::env::var_os("NOTIFY_SOCKET").filter(|_| ["systemd", "auto"].contains(&supervised));
        if socket.is_none() && supervised == "systemd" {
            tracing::warn!("systemd supervision requested but NOTIFY_SOCKET not found!");
        }
        Self(socket)
    }

    /// Tells it. Source: sd_notify(3).
    pub(crate) fn tell(&self, state: &str) {
        let Some(socket) = &self.0 else { return };
        let address = match socket.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path)),
        };
        let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
        if let Err(error) = sent {
            tracing::warn!("Can't send notification to systemd: {error}");
        }
    }
}
