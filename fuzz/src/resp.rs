//! Requests of clients, and replies as a client reads them.

use slotmesh_resp::{Limits, Next, Protocol, ProtocolError, ReplyWriter, RequestReader, Value, encode_command};

/// Longest input that is fed byte by byte: the work grows with its square.
const PIECEWISE_MAX: usize = 2048;

/// Any bytes as requests and as a reply: how they arrive makes no difference, and what is read is written so that it is
/// read as the same again.
///
/// # Panics
/// When that does not hold.
pub fn resp(data: &[u8]) {
    for unauthenticated in [false, true] {
        let limits = Limits { unauthenticated, ..Limits::default() };
        let whole = requests(data, data.len(), 0, limits);
        assert_eq!(whole, requests(data, data.len(), 5, limits), "read ahead");
        assert_eq!(whole, requests(data, 7, 0, limits), "in pieces of seven bytes");
        if data.len() <= PIECEWISE_MAX {
            assert_eq!(whole, requests(data, 1, 2, limits), "byte by byte, read ahead");
        }
        whole.requests.iter().for_each(|request| encodes(request));
    }
    reply(data);
}

/// What a connection has asked for, and why it was closed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    requests: Vec<Vec<Vec<u8>>>,
    error: Option<ProtocolError>,
}

/// Feeds `data` in pieces of `piece` bytes, and reads so many requests ahead when none is.
fn requests(data: &[u8], piece: usize, ahead: usize, limits: Limits) -> Heard {
    let mut reader = RequestReader::new(limits);
    let mut heard = Heard::default();
    let (mut start, mut promised, mut seen) = (0, 0, 0);
    for end in (1..=data.len()).filter(|end| end % piece.max(1) == 0 || *end == data.len()) {
        loop {
            if ahead > 0 && seen == 0 {
                seen = reader.read_ahead(&data[start..end], ahead).count();
            }
            match reader.next(&data[start..end]) {
                Err(error) => return Heard { error: Some(error), ..heard },
                Ok(Next::Incomplete { needed }) => {
                    promised = end + needed;
                    break;
                }
                Ok(Next::Empty { consumed }) => start += consumed,
                Ok(Next::Request { args, consumed }) => {
                    seen = seen.saturating_sub(1);
                    assert!(!args.is_empty(), "a request has a name");
                    assert!(end >= promised, "a request came before the bytes it was said to need");
                    let request: Vec<_> = args.iter().map(<[u8]>::to_vec).collect();
                    let line = &data[start..start + consumed];
                    let empty = request.iter().any(Vec::is_empty);
                    assert!(!empty || line[0] == b'*' || has_quote(line), "an empty word without quotes");
                    heard.requests.push(request);
                    start += consumed;
                }
            }
            assert!(start <= end, "no more is consumed than was there");
            promised = 0;
        }
    }
    heard
}

fn has_quote(line: &[u8]) -> bool {
    line.iter().any(|byte| matches!(byte, b'"' | b'\''))
}

/// A request that was read is read the same when it is sent as an array.
fn encodes(request: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    encode_command(request, &mut bytes);
    let back = requests(&bytes, bytes.len(), 0, Limits::default());
    assert_eq!(back, Heard { requests: vec![request.to_vec()], error: None });
}

fn reply(data: &[u8]) {
    let Ok(Some((value, size))) = Value::parse(data) else { return };
    assert!(size <= data.len());
    // An end that has not arrived is waited for, wherever the cut is.
    for cut in [0, size / 3, size / 2, size - 1] {
        assert_eq!(Value::parse(&data[..cut]), Ok(None), "cut at {cut} of {size}");
    }
    let once = written(&value);
    let (again, size) = Value::parse(&once).expect("a written reply is read").expect("it is complete");
    assert_eq!(size, once.len());
    // By their bytes: NaN is not equal to itself.
    assert_eq!(written(&again), once);
}

fn written(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    let mut writer = ReplyWriter::new(out, Protocol::Resp3);
    let mut line = |kind: &[u8], text: &[u8]| writer.raw(&[kind, text, b"\r\n"].concat());
    match value {
        Value::Simple(text) => line(b"+", text),
        Value::Error(text) => line(b"-", text),
        Value::BigNumber(text) => line(b"(", text),
        Value::Integer(number) => writer.integer(*number),
        Value::Bulk(bytes) => writer.bulk(bytes),
        Value::Null => writer.null(),
        Value::Boolean(value) => writer.boolean(*value),
        Value::Double(number) => writer.double(*number),
        Value::Verbatim(format, text) => {
            writer.verbatim(std::str::from_utf8(format).unwrap_or("txt"), text);
        }
        Value::Map(pairs) => {
            writer.map(pairs.len());
            for (key, value) in pairs {
                write(key, out);
                write(value, out);
            }
        }
        Value::Array(items) => {
            writer.array(items.len());
            items.iter().for_each(|item| write(item, out));
        }
        Value::Set(items) => {
            writer.set(items.len());
            items.iter().for_each(|item| write(item, out));
        }
        Value::Push(items) => {
            writer.push(items.len());
            items.iter().for_each(|item| write(item, out));
        }
    }
}
