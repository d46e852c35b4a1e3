//! Those who are shown every request (MONITOR).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use slotmesh_config::OutputLimits;
use slotmesh_types::Now;

use crate::client::Client;
use crate::secrets::without_secrets;
use crate::table::{Flag, Known};

/// Those who are shown every request. All see one order.
#[derive(Debug, Default)]
pub(crate) struct Monitors {
    /// How many there are: what every request looks at.
    count: AtomicUsize,
    clients: Mutex<Vec<Arc<Client>>>,
}

impl Monitors {
    pub(crate) fn any(&self) -> bool {
        self.count.load(Relaxed) > 0
    }

    pub(crate) fn join(&self, client: &Arc<Client>) {
        let mut clients = self.clients();
        if !client.is_monitor() {
            client.set_monitor(true);
            clients.push(Arc::clone(client));
        }
        self.count.store(clients.len(), Relaxed);
    }

    pub(crate) fn leave(&self, client: &Client) {
        let mut clients = self.clients();
        client.set_monitor(false);
        clients.retain(|other| other.id != client.id);
        self.count.store(clients.len(), Relaxed);
    }

    /// Shows a request, unless it is an operator's.
    pub(crate) fn show(&self, limits: OutputLimits, now: Now, from: &Client, command: &Known, args: &[&[u8]]) {
        let hidden = [Flag::Admin, Flag::SkipMonitor];
        if hidden.iter().any(|flag| command.spec.flags.contains(flag)) {
            return;
        }
        let line = line(now, from, &without_secrets(command, args)).into();
        self.push(&line, limits, now);
    }

    fn push(&self, line: &Bytes, limits: OutputLimits, now: Now) {
        self.clients().iter().for_each(|client| client.push(line, limits, now.mono));
    }

    fn clients(&self) -> MutexGuard<'_, Vec<Arc<Client>>> {
        self.clients.lock()
    }
}

/// A request as it is shown.
fn line(now: Now, from: &Client, words: &[&[u8]]) -> Vec<u8> {
    let (seconds, millis) = (now.unix.0 / 1000, now.unix.0 % 1000);
    // The path stands without the number that takes the place of a port.
    let origin = if from.is_unix { format!("unix:{}", from.ip) } else { from.addr.clone() };
    let mut line = format!("+{seconds}.{millis:03}000 [0 {origin}]").into_bytes();
    for word in words {
        line.extend_from_slice(b" \"");
        word.iter().for_each(|byte| write_byte(*byte, &mut line));
        line.push(b'"');
    }
    line.extend_from_slice(b"\r\n");
    line
}

/// Writes a byte so that a line stays one and a word ends at its quote.
fn write_byte(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        7 => out.extend_from_slice(b"\\a"),
        8 => out.extend_from_slice(b"\\b"),
        b' '..=b'~' => out.push(byte),
        _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
    }
}
