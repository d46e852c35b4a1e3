//! Replies, written to a buffer of the caller's.

use std::io::Write;

/// Version of the protocol that a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The old one, which every connection starts with.
    #[default]
    Resp2,
    /// The one with maps, sets and pushes; asked for with HELLO 3.
    Resp3,
}

/// Appends replies to a buffer. What RESP2 has no type for is written as real servers write it there.
#[derive(Debug)]
pub struct ReplyWriter<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

impl<'a> ReplyWriter<'a> {
    /// Writes to the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Self { out, protocol }
    }

    /// Version of the protocol it writes.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// A short status such as `OK`. Must not hold CR or LF.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error; `text` starts with its code. CR and LF become spaces.
    pub fn error(&mut self, text: &str) {
        self.out.push(b'-');
        let clean = text.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte });
        self.out.extend(clean);
        self.out.extend_from_slice(b"\r\n");
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.number(b':', value);
    }

    /// A string of bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.head(b'$', bytes.len());
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Nothing, where a string belongs.
    pub fn null(&mut self) {
        let text: &[u8] = if self.protocol == Protocol::Resp3 { b"_\r\n" } else { b"$-1\r\n" };
        self.out.extend_from_slice(text);
    }

    /// Nothing, where an array belongs.
    pub fn null_array(&mut self) {
        let text: &[u8] = if self.protocol == Protocol::Resp3 { b"_\r\n" } else { b"*-1\r\n" };
        self.out.extend_from_slice(text);
    }

    /// The start of an array of `len` replies, which follow.
    pub fn array(&mut self, len: usize) {
        self.head(b'*', len);
    }

    /// The start of a map of `len` pairs, which follow; an array of `2 * len` in RESP2.
    pub fn map(&mut self, len: usize) {
        if self.protocol == Protocol::Resp3 { self.head(b'%', len) } else { self.head(b'*', len * 2) }
    }

    /// The start of a set of `len` replies, which follow; an array in RESP2.
    pub fn set(&mut self, len: usize) {
        self.head(if self.protocol == Protocol::Resp3 { b'~' } else { b'*' }, len);
    }

    /// The start of a message of `len` replies that nobody asked for; an array in RESP2.
    pub fn push(&mut self, len: usize) {
        self.head(if self.protocol == Protocol::Resp3 { b'>' } else { b'*' }, len);
    }

    /// True or false; 1 or 0 in RESP2.
    pub fn boolean(&mut self, value: bool) {
        match (self.protocol, value) {
            (Protocol::Resp3, true) => self.out.extend_from_slice(b"#t\r\n"),
            (Protocol::Resp3, false) => self.out.extend_from_slice(b"#f\r\n"),
            (Protocol::Resp2, value) => self.integer(i64::from(value)),
        }
    }

    /// A floating point number in its shortest form; a string in RESP2.
    pub fn double(&mut self, value: f64) {
        let text = if value.is_nan() {
            "nan".to_owned()
        } else if value.is_infinite() {
            if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() }
        } else {
            value.to_string()
        };
        self.double_text(&text);
    }

    /// A floating point number that is written already; a string in RESP2.
    pub fn double_text(&mut self, text: &str) {
        if self.protocol == Protocol::Resp3 { self.line(b',', text.as_bytes()) } else { self.bulk(text.as_bytes()) }
    }

    /// Text for humans in `format` (three characters, `txt`); a plain string in RESP2.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        debug_assert_eq!(format.len(), 3, "a format has three characters");
        if self.protocol == Protocol::Resp2 {
            return self.bulk(text);
        }
        self.head(b'=', text.len() + 4);
        self.out.extend_from_slice(format.as_bytes());
        self.out.push(b':');
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(b"\r\n");
    }

    /// A reply that has been written before.
    pub fn raw(&mut self, reply: &[u8]) {
        self.out.extend_from_slice(reply);
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.push(kind);
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(b"\r\n");
    }

    fn head(&mut self, kind: u8, len: usize) {
        self.number(kind, i64::try_from(len).expect("a length fits 63 bits"));
    }

    fn number(&mut self, kind: u8, value: i64) {
        self.out.push(kind);
        write!(self.out, "{value}\r\n").expect("writing to a vector does not fail");
    }
}
