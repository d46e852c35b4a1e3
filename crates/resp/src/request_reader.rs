//! Requests of clients, read as they arrive.

use std::ops::{Index, Range};

use smallvec::SmallVec;

use crate::inline::split_words;
use crate::integer::parse_integer;
use crate::limits::Limits;
use crate::protocol_error::ProtocolError;

/// Reads the requests of one connection: arrays of bulk strings, or lines typed by a human.
///
/// What has been read of an unfinished request is remembered, so that a long one is not read again from its start with
/// every packet that arrives.
#[derive(Debug)]
pub struct RequestReader {
    limits: Limits,
    /// Arguments found so far, as positions from the start of their request: of those read ahead, or of the one that is not
    /// finished.
    found: Vec<Range<usize>>,
    /// Where in `found` the next request begins.
    first: usize,
    /// Requests that were read ahead and not given out yet, the next one last. Mostly one is.
    ahead: SmallVec<[Whole; 1]>,
    /// Arguments still to come; `None` between requests.
    missing: Option<i64>,
    /// How far the request has been read.
    position: usize,
    /// Arguments of an inline request, whose quotes are resolved.
    words: Vec<Vec<u8>>,
}

/// A request that was read to its end.
#[derive(Clone, Copy, Debug)]
struct Whole {
    args: usize,
    size: usize,
}

/// What the bytes at hand hold.
#[derive(Debug)]
pub enum Next<'a> {
    /// The start of a request. Call again with the same bytes and more.
    Incomplete {
        /// At least so many further bytes are needed; 0 when that is not known.
        needed: usize,
    },
    /// A request without arguments: drop its bytes and go on. No answer is due.
    Empty {
        /// Its size.
        consumed: usize,
    },
    /// A request.
    Request {
        /// Its arguments; the first is the command's name.
        args: Args<'a>,
        /// Its size: drop as many bytes when it has been executed.
        consumed: usize,
    },
}

/// The arguments of a request, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(Source<'a>);

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Bulks { input: &'a [u8], found: &'a [Range<usize>] },
    Words(&'a [Vec<u8>]),
}

/// Room for arguments that a reader keeps between requests.
const KEPT_ARGUMENTS: usize = 64;

impl RequestReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            found: Vec::new(),
            first: 0,
            ahead: SmallVec::new(),
            missing: None,
            position: 0,
            words: Vec::new(),
        }
    }

    /// Gives back what the last request needed much of; for when there is no further one for now.
    pub fn rest(&mut self) {
        if self.missing.is_none() {
            self.forget_ahead();
            self.found.shrink_to(KEPT_ARGUMENTS);
            self.ahead = SmallVec::new();
            self.words = Vec::new();
        }
    }

    /// Changes the bounds, for the next length or count on. What was read ahead within others is read again.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        if self.missing.is_none() {
            self.forget_ahead();
        }
    }

    /// Reads the requests at the start of `input`, at most `max`, and gives their arguments: for who wants to have something
    /// ready for them. [`next`](Self::next) gives the same ones, without reading them again; until then they must stay at the
    /// start. Only arrays of bulk strings are read, up to the first that is not whole, or wrong: what is wrong with it `next`
    /// will tell.
    pub fn read_ahead<'a>(&'a mut self, input: &'a [u8], max: usize) -> impl Iterator<Item = Args<'a>> {
        if self.missing.is_none() {
            self.forget_ahead();
            let mut rest = input;
            while self.ahead.len() < max && rest.first() == Some(&b'*') {
                let from = self.found.len();
                let Ok(Next::Request { consumed: size, .. }) = self.start(rest) else {
                    self.found.truncate(from);
                    self.missing = None;
                    break;
                };
                self.ahead.push(Whole { args: self.found.len() - from, size });
                rest = &rest[size..];
            }
            self.ahead.reverse();
        }
        let (mut found, mut rest) = (&self.found[..], input);
        self.ahead.iter().rev().map(move |whole| {
            let (own, others) = found.split_at(whole.args);
            let args = Args(Source::Bulks { input: rest, found: own });
            (found, rest) = (others, &rest[whole.size..]);
            args
        })
    }

    /// What was read ahead is read again: for when the request that [`next`](Self::next) gave last stays at the start.
    pub fn forget_ahead(&mut self) {
        self.ahead.clear();
        self.found.clear();
        self.first = 0;
    }

    /// Looks for a request at the start of `input`: all bytes that have arrived and were not consumed.
    ///
    /// # Errors
    /// When they can't be a request; see [`ProtocolError`].
    pub fn next<'a>(&'a mut self, input: &'a [u8]) -> Result<Next<'a>, ProtocolError> {
        if let Some(Whole { args, size }) = self.ahead.pop() {
            let found = &self.found[self.first..self.first + args];
            self.first += args;
            return Ok(Next::Request { args: Args(Source::Bulks { input, found }), consumed: size });
        }
        match (self.missing, input.first()) {
            (None, None) => Ok(Next::Incomplete { needed: 1 }),
            (None, Some(b'*')) => {
                self.found.clear();
                self.first = 0;
                self.start(input)
            }
            (None, Some(_)) => self.read_line(input),
            (Some(_), _) => self.read_bulks(input),
        }
    }

    fn start<'a>(&'a mut self, input: &'a [u8]) -> Result<Next<'a>, ProtocolError> {
        let Some(line) = self.line(input, 0, ProtocolError::CountTooBig)? else {
            return Ok(Next::Incomplete { needed: 0 });
        };
        let count = parse_integer(&input[1..line]).filter(|count| *count <= self.limits.arguments_max);
        let count = count.ok_or(ProtocolError::Count)?;
        if self.limits.unauthenticated && count > Limits::UNAUTHENTICATED_ARGUMENTS {
            return Err(ProtocolError::UnauthenticatedCount);
        }
        if count <= 0 {
            return Ok(Next::Empty { consumed: line + 2 });
        }
        self.missing = Some(count);
        self.position = line + 2;
        self.read_bulks(input)
    }

    fn read_bulks<'a>(&'a mut self, input: &'a [u8]) -> Result<Next<'a>, ProtocolError> {
        while let Some(missing @ 1..) = self.missing {
            let Some((length, start)) = self.bulk_head(input)? else {
                return Ok(Next::Incomplete { needed: 0 });
            };
            let end = start + length;
            match input.get(end..end + 2) {
                Some(b"\r\n") => {}
                Some(_) => return Err(ProtocolError::LineEnd),
                None => return Ok(Next::Incomplete { needed: end + 2 - input.len() }),
            }
            self.found.push(start..end);
            self.position = end + 2;
            self.missing = Some(missing - 1);
        }
        self.missing = None;
        let args = Args(Source::Bulks { input, found: &self.found[self.first..] });
        Ok(Next::Request { args, consumed: self.position })
    }

    /// Length and start of the bulk string whose head is next, `None` when that has not arrived.
    fn bulk_head(&self, input: &[u8]) -> Result<Option<(usize, usize)>, ProtocolError> {
        // Nearly all are so short, and then this says all that is said below.
        let digit = |byte: u8| usize::from(byte - b'0');
        let short = match input.get(self.position..) {
            Some([b'$', a @ b'0'..=b'9', b'\r', b'\n', ..]) => Some((digit(*a), 4)),
            Some([b'$', a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', b'\n', ..]) => Some((digit(*a) * 10 + digit(*b), 5)),
            _ => None,
        };
        if let Some((length, size)) = short
            && length as i64 <= self.limits.bulk_bytes_max
        {
            return Ok(Some((length, self.position + size)));
        }
        let Some(line) = self.line(input, self.position, ProtocolError::LengthTooBig)? else { return Ok(None) };
        Ok(Some((self.bulk_length(&input[self.position..line])?, line + 2)))
    }

    fn bulk_length(&self, line: &[u8]) -> Result<usize, ProtocolError> {
        let text = match line {
            [b'$', text @ ..] => text,
            [other, ..] => return Err(ProtocolError::NotABulk(*other)),
            [] => return Err(ProtocolError::NotABulk(b'\r')),
        };
        let length = parse_integer(text).filter(|length| (0..=self.limits.bulk_bytes_max).contains(length));
        let length = length.ok_or(ProtocolError::Length)?;
        if self.limits.unauthenticated && length > Limits::UNAUTHENTICATED_BULK_BYTES {
            return Err(ProtocolError::UnauthenticatedLength);
        }
        usize::try_from(length).map_err(|_| ProtocolError::Length)
    }

    /// Where the line that starts at `from` ends (its CR), `None` when its end has not arrived. `too_big` is the error when it
    /// is too long to be one.
    fn line(&self, input: &[u8], from: usize, too_big: ProtocolError) -> Result<Option<usize>, ProtocolError> {
        let text = &input[from.min(input.len())..];
        match text.iter().position(|byte| *byte == b'\r') {
            Some(end) => match text.get(end + 1) {
                None => Ok(None),
                Some(b'\n') => Ok(Some(from + end)),
                Some(_) => Err(ProtocolError::LineEnd),
            },
            None if text.len() <= self.limits.line_bytes_max => Ok(None),
            None => Err(too_big),
        }
    }

    fn read_line<'a>(&'a mut self, input: &'a [u8]) -> Result<Next<'a>, ProtocolError> {
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
            let too_long = input.len() > self.limits.line_bytes_max;
            return if too_long { Err(ProtocolError::InlineTooBig) } else { Ok(Next::Incomplete { needed: 0 }) };
        };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        self.words = split_words(line).ok_or(ProtocolError::UnbalancedQuotes)?;
        let consumed = end + 1;
        if self.words.is_empty() {
            return Ok(Next::Empty { consumed });
        }
        Ok(Next::Request { args: Args(Source::Words(&self.words)), consumed })
    }
}

impl<'a> Args<'a> {
    /// How many arguments there are, the command's name included; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Bulks { found, .. } => found.len(),
            Source::Words(words) => words.len(),
        }
    }

    /// Never: a request has at least its name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The argument at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        match self.0 {
            Source::Bulks { input, found } => found.get(index).map(|range| &input[range.clone()]),
            Source::Words(words) => words.get(index).map(Vec::as_slice),
        }
    }

    /// Calls `each` with the arguments in order: faster than to ask for one after the other.
    pub fn for_each(self, mut each: impl FnMut(&'a [u8])) {
        match self.0 {
            Source::Bulks { input, found } => found.iter().for_each(|range| each(&input[range.clone()])),
            Source::Words(words) => words.iter().for_each(|word| each(word)),
        }
    }

    /// The arguments in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let args = *self;
        (0..args.len()).filter_map(move |index| args.get(index))
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    fn index(&self, index: usize) -> &[u8] {
        self.get(index).expect("an argument that was counted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_at_rest_keeps_little() {
        let mut reader = RequestReader::new(Limits::default());
        let input = [&b"*1000\r\n"[..], &b"$0\r\n\r\n".repeat(1000)].concat();
        assert!(matches!(reader.next(&input[..5000]), Ok(Next::Incomplete { .. })));
        reader.rest();
        assert!(matches!(reader.next(&input), Ok(Next::Request { args, .. }) if args.len() == 1000), "it goes on");
        assert!(matches!(reader.next(&[&b"a ".repeat(1000)[..], b"\n"].concat()), Ok(Next::Request { .. })));
        reader.rest();
        assert!(reader.found.capacity() <= KEPT_ARGUMENTS && reader.words.capacity() == 0);
    }
}
