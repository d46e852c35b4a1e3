//! What is written for a client is sent.

use std::io::{self, IoSlice};

use super::{Connection, KEPT_BYTES, ROUNDS};

/// Replies are sent when so many bytes have come together, even if more requests wait: whoever does not read is not
/// served on, and what waits for him stays small.
pub(super) const REPLY_BYTES: usize = 64 * 1024;

/// From so many bytes on it is checked before they are sent whether so many may wait.
const CHECKED_BYTES: usize = 16 * 1024;

/// Pieces of replies that are handed to the system in one go.
const PIECES: usize = 16;

impl Connection {
    /// Sends the replies, then what nobody asked for, unless the reply is not at its end. Somebody may publish as fast
    /// as this client reads, so it goes on only after others had their turn, and what the client says itself is looked
    /// at first.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.shared.server.settle(&mut self.session);
        for _ in 0..ROUNDS {
            self.send().await?;
            self.out.clear(KEPT_BYTES);
            self.session.client().set_buffered(0);
            if self.session.is_executing() {
                return Ok(());
            }
            self.session.client().take_pushes(&mut self.out, REPLY_BYTES);
            if self.out.is_empty() {
                return Ok(());
            }
        }
        self.signals.more();
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn send(&self) -> io::Result<()> {
        let (server, client, length) = (&self.shared.server, self.session.client(), self.out.len());
        client.set_buffered(length);
        let is_too_much =
            || length >= CHECKED_BYTES && client.check_limits(server.pubsub.limits(), self.shared.clock.now().mono);
        if client.is_over_limit() || is_too_much() {
            // The connection has been told to end.
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut sent = 0;
        while sent < length {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let used = self.out.pieces(sent, &mut pieces);
            let count = self.stream.write(&pieces[..used]).await?;
            sent += count;
            server.note_output(&self.session, count as u64, self.now);
        }
        Ok(())
    }
}
