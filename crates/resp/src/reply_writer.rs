//! Replies, written to a buffer of the caller's.

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
    /// Once `out` is longer, nothing more is written.
    bytes_max: usize,
    is_cut: bool,
}

impl<'a> ReplyWriter<'a> {
    /// Writes to the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Self { out, protocol, bytes_max: usize::MAX, is_cut: false }
    }

    /// Writes nothing more once the buffer holds more than so many bytes: for one who will not be sent such a reply anyway.
    #[must_use]
    pub fn bounded(self, bytes_max: usize) -> Self {
        Self { bytes_max, ..self }
    }

    /// Whether something was not written because of that bound: then what stands in the buffer is no reply.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
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
        let clean = text.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte });
        self.line(b'-', &clean.collect::<Vec<_>>());
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.number(b':', value);
    }

    /// A string of bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.head(b'$', bytes.len());
        self.put(&[bytes, b"\r\n"]);
    }

    /// Nothing, where a string belongs.
    pub fn null(&mut self) {
        let text: &[u8] = if self.protocol == Protocol::Resp3 { b"_\r\n" } else { b"$-1\r\n" };
        self.put(&[text]);
    }

    /// Nothing, where an array belongs.
    pub fn null_array(&mut self) {
        let text: &[u8] = if self.protocol == Protocol::Resp3 { b"_\r\n" } else { b"*-1\r\n" };
        self.put(&[text]);
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
            (Protocol::Resp3, true) => self.put(&[b"#t\r\n"]),
            (Protocol::Resp3, false) => self.put(&[b"#f\r\n"]),
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
        self.put(&[format.as_bytes(), b":", text, b"\r\n"]);
    }

    /// A reply that has been written before.
    pub fn raw(&mut self, reply: &[u8]) {
        self.put(&[reply]);
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.put(&[&[kind], text, b"\r\n"]);
    }

    fn head(&mut self, kind: u8, len: usize) {
        self.number(kind, i64::try_from(len).expect("a length fits 63 bits"));
    }

    fn number(&mut self, kind: u8, value: i64) {
        match value {
            0..10 => return self.put(&[&[kind, b'0' + value as u8, b'\r', b'\n']]),
            10..100 => return self.put(&[&[kind, b'0' + (value / 10) as u8, b'0' + (value % 10) as u8, b'\r', b'\n']]),
            _ => {}
        }
        // From the last byte to the first, in a buffer that holds the longest number.
        let mut line = *b"                     \r\n";
        let (mut start, mut rest) = (line.len() - 2, value.unsigned_abs());
        loop {
            start -= 1;
            line[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            start -= 1;
            line[start] = b'-';
        }
        start -= 1;
        line[start] = kind;
        self.put(&[&line[start..]]);
    }

    fn put(&mut self, pieces: &[&[u8]]) {
        if self.out.len() <= self.bytes_max {
            pieces.iter().for_each(|piece| self.out.extend_from_slice(piece));
        } else {
            self.is_cut = true;
        }
    }
}
