//! Replies on their way to a client.

use std::io::IoSlice;

use bytes::Bytes;

/// From so many bytes on, what is shared is not copied: below, copying costs less than one more piece to send.
const SHARED_BYTES_MIN: usize = 16 * 1024;

/// What waits to be sent to one client, in order: bytes written for it alone, and between them long ones that others
/// are sent as well.
///
/// ```
/// use std::io::IoSlice;
/// use slotmesh_command::{ErrorReply, Output};
///
/// let mut out = Output::default();
/// ErrorReply::err("no").write(out.own());
/// let mut pieces = [IoSlice::new(&[]); 4];
/// assert_eq!(out.pieces(1, &mut pieces), 1);
/// assert_eq!(&*pieces[0], b"ERR no\r\n", "its first byte has been sent");
/// ```
#[derive(Debug, Default)]
pub struct Output {
    own: Vec<u8>,
    shared: Vec<Shared>,
    shared_bytes: usize,
}

/// Bytes that are not copied.
#[derive(Debug)]
struct Shared {
    /// How many own bytes go before.
    at: usize,
    bytes: Bytes,
}

/// A place in an [`Output`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    own: usize,
    shared: usize,
}

impl Output {
    /// Where to write what this client alone is sent: at the end.
    pub fn own(&mut self) -> &mut Vec<u8> {
        &mut self.own
    }

    /// Adds what others are sent as well.
    pub(crate) fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARED_BYTES_MIN {
            self.own.extend_from_slice(bytes);
        } else {
            self.shared_bytes += bytes.len();
            self.shared.push(Shared { at: self.own.len(), bytes: bytes.clone() });
        }
    }

    /// The place where the next byte will stand.
    pub(crate) fn mark(&self) -> Mark {
        Mark { own: self.own.len(), shared: self.shared.len() }
    }

    /// Takes back what was added since.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.own.truncate(mark.own);
        let gone: usize = self.shared.drain(mark.shared..).map(|shared| shared.bytes.len()).sum();
        self.shared_bytes -= gone;
    }

    /// Empties it, and gives room beyond so many bytes back.
    pub fn clear(&mut self, kept: usize) {
        self.own.clear();
        self.own.shrink_to(kept);
        self.shared = Vec::new();
        self.shared_bytes = 0;
    }

    /// Bytes that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.len() + self.shared_bytes
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `pieces` with what comes after the first `skip` bytes, as far as they reach; gives how many are used.
    pub fn pieces<'a>(&'a self, mut skip: usize, pieces: &mut [IoSlice<'a>]) -> usize {
        let mut start = 0;
        let own_end = (self.own.len(), &[][..]);
        let all = self.shared.iter().map(|shared| (shared.at, &shared.bytes[..])).chain([own_end]);
        let all = all.flat_map(|(end, shared)| [&self.own[std::mem::replace(&mut start, end)..end], shared]);
        let mut used = 0;
        for bytes in all {
            let rest = &bytes[skip.min(bytes.len())..];
            skip -= bytes.len() - rest.len();
            if rest.is_empty() {
                continue;
            }
            let Some(piece) = pieces.get_mut(used) else { break };
            *piece = IoSlice::new(rest);
            used += 1;
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(byte: u8) -> Bytes {
        Bytes::from(vec![byte; SHARED_BYTES_MIN])
    }

    /// Everything after so many bytes, taken in pieces of at most `at_once`.
    fn sent(out: &Output, mut skip: usize, at_once: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut pieces = vec![IoSlice::new(&[]); at_once];
            let used = out.pieces(skip, &mut pieces);
            let taken: Vec<u8> = pieces[..used].iter().flat_map(|piece| piece.to_vec()).collect();
            skip += taken.len();
            all.extend_from_slice(&taken);
            if used == 0 {
                return all;
            }
        }
    }

    #[test]
    fn own_and_shared_bytes_leave_in_the_order_in_which_they_came() {
        let mut out = Output::default();
        assert_eq!((out.len(), sent(&out, 0, 1).len()), (0, 0));
        out.share(&long(b'1'));
        out.own().extend_from_slice(b"two");
        out.share(&long(b'3'));
        out.share(&Bytes::from_static(b"short"));
        out.share(&long(b'5'));
        let wanted = [&long(b'1')[..], b"two", &long(b'3'), b"short", &long(b'5')].concat();
        assert_eq!(out.len(), wanted.len());
        for (skip, at_once) in [(0, 1), (0, 9), (5, 2), (SHARED_BYTES_MIN + 1, 1), (wanted.len(), 3)] {
            assert!(sent(&out, skip, at_once) == wanted[skip..], "from {skip} on, {at_once} at once");
        }
        out.clear(0);
        assert!(out.is_empty());
    }

    #[test]
    fn what_is_taken_back_is_not_sent() {
        let mut out = Output::default();
        out.own().extend_from_slice(b"kept");
        let mark = out.mark();
        out.share(&long(b'x'));
        out.own().extend_from_slice(b"gone");
        out.rewind(mark);
        assert_eq!((out.len(), sent(&out, 0, 4)), (4, b"kept".to_vec()));
    }
}
