//! What has arrived from a client and was not executed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::task::Poll;

use super::KEPT_BYTES;
use crate::clients::stream::Stream;

/// Bytes read in one go.
pub(super) const READ_BYTES: usize = 16 * 1024;

/// What is no longer than that can be set aside.
pub(super) const SHORT_BYTES: usize = 1024;

/// Buffers for what is set aside that a thread keeps.
const SPARE_MAX: usize = 128;

thread_local! {
    /// Where what arrives is put first. It belongs to the thread, so that an idle connection holds none; who has it while
    /// requests are executed leaves an empty one.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Buffers for what is set aside, each of [`SHORT_BYTES`]: many at a time, and again with the next requests.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// What has arrived from a client and was not executed.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether they stand in the buffer of the thread.
    is_lent: bool,
}

impl Input {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// The first ones are executed.
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Waits for more, at most [`READ_BYTES`], and tells how many came; 0 at the end of the connection. Nothing is lost when
    /// it is given up.
    pub(super) async fn read(&mut self, stream: &Stream) -> io::Result<usize> {
        poll_fn(|_| {
            let mut buffer = BUFFER.take();
            buffer.resize(READ_BYTES, 0);
            let result = stream.poll_read(&mut buffer);
            if let Poll::Ready(Ok(count @ 1..)) = result {
                buffer = self.add(buffer, count);
            }
            if !buffer.is_empty() {
                BUFFER.set(buffer);
            }
            result
        })
        .await
    }

    /// Adds so many bytes from the start of a buffer; gives the buffer back, or an empty one if the bytes stay there.
    fn add(&mut self, buffer: Vec<u8>, count: usize) -> Vec<u8> {
        if self.bytes.is_empty() {
            *self = Self { bytes: buffer, start: 0, end: count, is_lent: true };
            return Vec::new();
        }
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(&buffer[..count]);
        self.end = self.bytes.len();
        self.is_lent = false;
        buffer
    }

    /// Gives the buffer of the thread back: to be called before the connection waits for anything.
    pub(super) fn give_back(&mut self) {
        if self.is_lent {
            let left = self.bytes().to_vec();
            BUFFER.set(mem::replace(&mut self.bytes, left));
            (self.start, self.end, self.is_lent) = (0, self.bytes.len(), false);
        }
    }

    /// The same for what is short and is looked at again soon.
    pub(super) fn set_aside(&mut self) {
        if self.is_lent && self.len() <= SHORT_BYTES {
            let mut short = SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(SHORT_BYTES));
            short.extend_from_slice(self.bytes());
            let end = short.len();
            BUFFER.set(mem::replace(self, Self { bytes: short, start: 0, end, is_lent: false }).bytes);
        }
        self.give_back();
    }

    /// Keeps what is left, the start of a request, until more comes.
    pub(super) fn rest(&mut self) {
        self.give_back();
        self.bytes.drain(..self.start);
        if self.bytes.is_empty() {
            let buffer = mem::take(&mut self.bytes);
            if buffer.capacity() == SHORT_BYTES {
                SPARE.with_borrow_mut(|spare| (spare.len() < SPARE_MAX).then(|| spare.push(buffer)));
            }
        } else if self.start > 0 && self.bytes.len() <= KEPT_BYTES {
            // Not while a long request arrives: it would move with every piece of it.
            self.bytes.shrink_to(KEPT_BYTES);
        }
        (self.start, self.end) = (0, self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(text: &[u8]) -> (Vec<u8>, usize) {
        let mut buffer = text.to_vec();
        buffer.resize(READ_BYTES, 0);
        (buffer, text.len())
    }

    fn add(input: &mut Input, text: &[u8]) -> bool {
        let (buffer, count) = buffer(text);
        input.add(buffer, count).is_empty()
    }

    #[test]
    fn what_is_whole_stays_in_the_buffer_and_what_is_left_leaves_it() {
        let mut input = Input::default();
        assert!(add(&mut input, b"onetwoth"), "it stays where it is");
        input.consume(6);
        input.rest();
        assert_eq!((input.bytes(), input.is_lent), (&b"th"[..], false));
        assert_eq!(BUFFER.take().len(), READ_BYTES, "the thread has its buffer again");
        assert!(!add(&mut input, b"reefour"));
        assert_eq!(input.bytes(), b"threefour");
        input.consume(9);
        input.rest();
        assert_eq!((input.len(), input.bytes.capacity()), (0, 0));
    }

    #[test]
    fn what_is_set_aside_gives_its_buffer_back() {
        let mut input = Input::default();
        for _ in 0..2 {
            add(&mut input, b"one");
            input.set_aside();
            assert_eq!((input.bytes(), input.bytes.capacity()), (&b"one"[..], SHORT_BYTES));
            assert_eq!((BUFFER.take().len(), SPARE.with_borrow(Vec::len)), (READ_BYTES, 0));
            input.consume(3);
            input.rest();
            assert_eq!((input.bytes.capacity(), SPARE.with_borrow(Vec::len)), (0, 1));
        }
        add(&mut input, &[b'x'; SHORT_BYTES + 1]);
        input.set_aside();
        assert_eq!((input.len(), input.is_lent, SPARE.with_borrow(Vec::len)), (SHORT_BYTES + 1, false, 1));
    }

    #[test]
    fn what_arrives_while_a_request_waits_goes_behind_it() {
        let mut input = Input::default();
        add(&mut input, b"one");
        input.consume(1);
        input.give_back();
        assert_eq!((input.bytes(), input.bytes.capacity(), BUFFER.take().len()), (&b"ne"[..], 2, READ_BYTES));
        input.consume(1);
        assert!(!add(&mut input, b"two"));
        assert_eq!(input.bytes(), b"etwo");
        input.rest();
        assert_eq!((input.bytes(), input.start), (&b"etwo"[..], 0));
    }
}
