//! Replies as a client reads them.

use crate::integer::parse_integer;

/// A reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `+`
    Simple(Vec<u8>),
    /// `-`
    Error(Vec<u8>),
    /// `:`
    Integer(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `_`, `$-1` or `*-1`
    Null,
    /// `*`
    Array(Vec<Self>),
    /// `%`
    Map(Vec<(Self, Self)>),
    /// `~`
    Set(Vec<Self>),
    /// `>`
    Push(Vec<Self>),
    /// `#`
    Boolean(bool),
    /// `,`
    Double(f64),
    /// `(`
    BigNumber(Vec<u8>),
    /// `=`, with its three-character format
    Verbatim(Vec<u8>, Vec<u8>),
}

/// The peer does not speak the protocol; close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// No reply starts with this byte.
    #[error("no reply starts with {:?}", char::from(*.0))]
    Kind(u8),
    /// A length, number or boolean is not one.
    #[error("not a valid length or number")]
    Number,
    /// Nested deeper than 128 levels.
    #[error("nested deeper than {} levels", Value::DEPTH_MAX)]
    Depth,
    /// A line of more than 64 KiB.
    #[error("a line of more than 64 KiB")]
    Line,
}

type Parsed<T> = Result<Option<T>, ValueError>;

impl Value {
    /// Deepest nesting that is read.
    pub const DEPTH_MAX: usize = 128;

    /// The reply at the start of `input` and its size, or `None` while it is not complete.
    ///
    /// # Errors
    /// See [`ValueError`].
    pub fn parse(input: &[u8]) -> Parsed<(Self, usize)> {
        let mut at = 0;
        Ok(Self::read(input, &mut at, 0)?.map(|value| (value, at)))
    }

    /// The bytes of a string or status.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(bytes)
            | Self::Error(bytes)
            | Self::Bulk(bytes)
            | Self::BigNumber(bytes)
            | Self::Verbatim(_, bytes) => Some(bytes),
            _ => None,
        }
    }

    fn read(input: &[u8], at: &mut usize, depth: usize) -> Parsed<Self> {
        if depth > Self::DEPTH_MAX {
            return Err(ValueError::Depth);
        }
        let Some(line) = line(input, at)? else { return Ok(None) };
        let Some((kind, text)) = line.split_first() else { return Err(ValueError::Kind(b'\r')) };
        let number = || parse_integer(text).ok_or(ValueError::Number);
        Ok(Some(match kind {
            b'+' => Self::Simple(text.to_vec()),
            b'-' => Self::Error(text.to_vec()),
            b':' => Self::Integer(number()?),
            b'(' => Self::BigNumber(text.to_vec()),
            b'_' => Self::Null,
            b'#' => Self::Boolean(text == b"t"),
            b',' => {
                let text = std::str::from_utf8(text).map_err(|_| ValueError::Number)?;
                Self::Double(text.parse().map_err(|_| ValueError::Number)?)
            }
            b'$' | b'=' => return bulk(input, at, *kind, number()?),
            b'*' | b'~' | b'>' | b'%' => return Self::aggregate(input, at, depth, *kind, number()?),
            other => return Err(ValueError::Kind(*other)),
        }))
    }

    /// The announced length bounds the loop, never an allocation.
    fn aggregate(input: &[u8], at: &mut usize, depth: usize, kind: u8, len: i64) -> Parsed<Self> {
        if len < 0 {
            return Ok(Some(Self::Null));
        }
        let mut items = Vec::new();
        for _ in 0..len {
            let Some(first) = Self::read(input, at, depth + 1)? else { return Ok(None) };
            if kind == b'%' {
                let Some(second) = Self::read(input, at, depth + 1)? else { return Ok(None) };
                items.push((first, second));
            } else {
                items.push((first, Self::Null));
            }
        }
        let single = |items: Vec<(Self, Self)>| items.into_iter().map(|(first, _)| first).collect();
        Ok(Some(match kind {
            b'%' => Self::Map(items),
            b'~' => Self::Set(single(items)),
            b'>' => Self::Push(single(items)),
            _ => Self::Array(single(items)),
        }))
    }
}

fn line<'a>(input: &'a [u8], at: &mut usize) -> Parsed<&'a [u8]> {
    let rest = &input[*at..];
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
        return if rest.len() > 64 * 1024 { Err(ValueError::Line) } else { Ok(None) };
    };
    *at += end + 2;
    Ok(Some(&rest[..end]))
}

fn bulk(input: &[u8], at: &mut usize, kind: u8, len: i64) -> Parsed<Value> {
    if len < 0 {
        return Ok(Some(Value::Null));
    }
    let len = usize::try_from(len).map_err(|_| ValueError::Number)?;
    let Some(text) = at.checked_add(len).and_then(|end| input.get(*at..end)) else { return Ok(None) };
    if input.len() < *at + len + 2 {
        return Ok(None);
    }
    *at += len + 2;
    Ok(Some(match (kind, text) {
        (b'=', [a, b, c, b':', rest @ ..]) => Value::Verbatim(vec![*a, *b, *c], rest.to_vec()),
        (b'=', _) => return Err(ValueError::Number),
        _ => Value::Bulk(text.to_vec()),
    }))
}

/// Appends a request with these arguments.
pub fn encode_command<A: AsRef<[u8]>>(args: &[A], out: &mut Vec<u8>) {
    let mut writer = crate::ReplyWriter::new(out, crate::Protocol::Resp2);
    writer.array(args.len());
    for arg in args {
        writer.bulk(arg.as_ref());
    }
}
