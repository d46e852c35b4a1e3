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
    /// Where what arrives is put first, behind room for what is short. It belongs to the thread, so that an idle connection
    /// holds none; who has it while requests are executed leaves an empty one.
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
            buffer.resize(SHORT_BYTES + READ_BYTES, 0);
            let result = stream.poll_read(&mut buffer[SHORT_BYTES..]);
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

    /// Adds so many bytes that stand in a buffer behind room for what is short; gives the buffer back, or an empty one if the
    /// bytes stay there. Of many requests in a row the last is mostly cut: its start goes before the rest of it, not all that
    /// has come behind its start.
    fn add(&mut self, mut buffer: Vec<u8>, count: usize) -> Vec<u8> {
        if !self.is_lent && self.len() <= SHORT_BYTES {
            let (start, end) = (SHORT_BYTES - self.len(), SHORT_BYTES + count);
            buffer[start..SHORT_BYTES].copy_from_slice(self.bytes());
            keep(mem::replace(self, Self { bytes: buffer, start, end, is_lent: true }).bytes);
            return Vec::new();
        }
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(&buffer[SHORT_BYTES..][..count]);
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
            keep(mem::take(&mut self.bytes));
        } else if self.start > 0 && self.bytes.len() <= KEPT_BYTES {
            // Not while a long request arrives: it would move with every piece of it.
            self.bytes.shrink_to(KEPT_BYTES);
        }
        (self.start, self.end) = (0, self.bytes.len());
    }
}

/// Keeps a buffer for what is set aside, if it is one.
fn keep(mut buffer: Vec<u8>) {
    if buffer.capacity() == SHORT_BYTES {
        buffer.clear();
        SPARE.with_borrow_mut(|spare| (spare.len() < SPARE_MAX).then(|| spare.push(buffer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUFFER_BYTES: usize = SHORT_BYTES + READ_BYTES;

    fn buffer(text: &[u8]) -> (Vec<u8>, usize) {
        let mut buffer = vec![0; BUFFER_BYTES];
        buffer[SHORT_BYTES..][..text.len()].copy_from_slice(text);
        (buffer, text.len())
    }

    fn add(input: &mut Input, text: &[u8]) -> bool {
        let (buffer, count) = buffer(text);
        input.add(buffer, count).is_empty()
    }

    #[test]
    fn what_is_whole_stays_in_the_buffer_and_what_is_left_leaves_it() {
        let mut input = Input::default();
        for _ in 0..2 {
            assert!(add(&mut input, b"onetwoth"), "it stays where it is");
            input.consume(6);
            input.rest();
            assert_eq!((input.bytes(), input.bytes.capacity(), input.is_lent), (&b"th"[..], 2, false));
            assert_eq!(BUFFER.take().len(), BUFFER_BYTES, "the thread has its buffer again");
            assert!(add(&mut input, b"reefour"), "what was left goes there");
            assert_eq!(input.bytes(), b"threefour");
            input.consume(9);
            input.rest();
            assert_eq!((input.len(), input.bytes.capacity()), (0, 0));
        }
    }

    #[test]
    fn what_is_long_grows_in_a_buffer_of_its_own() {
        let (mut input, long) = (Input::default(), [b'x'; SHORT_BYTES + 1]);
        add(&mut input, &long);
        input.rest();
        assert!(!add(&mut input, b"yz"));
        assert_eq!((input.bytes(), input.is_lent), (&[&long[..], b"yz"].concat()[..], false));
        input.consume(SHORT_BYTES + 2);
        input.rest();
        assert_eq!(input.bytes(), b"z");
    }

    #[test]
    fn what_is_set_aside_gives_its_buffer_back() {
        let mut input = Input::default();
        for _ in 0..2 {
            add(&mut input, b"one");
            input.set_aside();
            assert_eq!((input.bytes(), input.bytes.capacity()), (&b"one"[..], SHORT_BYTES));
            assert_eq!((BUFFER.take().len(), SPARE.with_borrow(Vec::len)), (BUFFER_BYTES, 0));
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
        assert_eq!((input.bytes(), input.bytes.capacity(), BUFFER.take().len()), (&b"ne"[..], 2, BUFFER_BYTES));
        input.consume(1);
        add(&mut input, b"two");
        input.give_back();
        assert_eq!((input.bytes(), input.bytes.capacity(), BUFFER.take().len()), (&b"etwo"[..], 4, BUFFER_BYTES));
        add(&mut input, b"three");
        assert_eq!(input.bytes(), b"etwothree");
    }

    #[test]
    fn what_was_set_aside_and_gets_more_gives_its_buffer_back() {
        let mut input = Input::default();
        add(&mut input, b"one");
        input.set_aside();
        add(&mut input, b"two");
        assert_eq!((input.bytes(), SPARE.with_borrow(Vec::len)), (&b"onetwo"[..], 1));
        add(&mut Input::default(), b"four");
        assert!(SPARE.take().pop().expect("it was kept").is_empty());
    }
}
