//! Requests: whole, in pieces, wrong.

use proptest::prelude::*;
use slotmesh_resp::{Limits, Next, ProtocolError, RequestReader, encode_command};

fn all(input: &[u8], piece: usize) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let mut reader = RequestReader::new(Limits::default());
    let (mut requests, mut buffer) = (Vec::new(), Vec::new());
    for chunk in input.chunks(piece.max(1)) {
        buffer.extend_from_slice(chunk);
        loop {
            let consumed = match reader.next(&buffer)? {
                Next::Incomplete { .. } => break,
                Next::Empty { consumed } => consumed,
                Next::Request { args, consumed } => {
                    requests.push(args.iter().map(<[u8]>::to_vec).collect());
                    consumed
                }
            };
            buffer.drain(..consumed);
        }
    }
    Ok(requests)
}

fn error(input: &[u8], limits: Limits) -> String {
    RequestReader::new(limits).next(input).expect_err("a wrong request").to_string()
}

#[test]
fn requests_of_both_kinds_follow_each_other() {
    let requests = all(b"PING\r\n*1\r\n$4\r\nPING\r\n\r\n*0\r\necho \"a b\"\n", usize::MAX).unwrap();
    assert_eq!(requests, [vec![b"PING".to_vec()], vec![b"PING".to_vec()], vec![b"echo".to_vec(), b"a b".to_vec()]]);
}

#[test]
fn wrong_requests_get_the_words_of_real_servers() {
    let strict = Limits { unauthenticated: true, ..Limits::default() };
    let long = vec![b'a'; 70_000];
    let cases: [(&[u8], Limits, &str); 16] = [
        (b"*x\r\n", Limits::default(), "Protocol error: invalid multibulk length"),
        (b"*2147483648\r\n", Limits::default(), "Protocol error: invalid multibulk length"),
        (b"*11\r\n", strict, "Protocol error: unauthenticated multibulk length"),
        (b"*1\r\n:1\r\n", Limits::default(), "Protocol error: expected '$', got ':'"),
        (b"*1\r\n$-1\r\n", Limits::default(), "Protocol error: invalid bulk length"),
        (b"*1\r\n$536870913\r\n", Limits::default(), "Protocol error: invalid bulk length"),
        (b"*1\r\n$16385\r\n", strict, "Protocol error: unauthenticated bulk length"),
        (b"get \"a\r\n", Limits::default(), "Protocol error: unbalanced quotes in request"),
        (b"*1\r\n$4\r\nPINGxyPING\r\n", Limits::default(), "Protocol error: invalid CRLF in request"),
        (b"*1\rX$4\r\nPING\r\n", Limits::default(), "Protocol error: invalid CRLF in request"),
        (b"*1\r\n$4\rXPING\r\n", Limits::default(), "Protocol error: invalid CRLF in request"),
        (b"*1\r\n$4\r\nPING\rX", Limits::default(), "Protocol error: invalid CRLF in request"),
        (b"*1\r\n$4\r\nPINGX\n", Limits::default(), "Protocol error: invalid CRLF in request"),
        (&long, Limits::default(), "Protocol error: too big inline request"),
        (&[b"*", &long[..]].concat(), Limits::default(), "Protocol error: too big mbulk count string"),
        (&[b"*1\r\n$", &long[..]].concat(), Limits::default(), "Protocol error: too big bulk count string"),
    ];
    for (input, limits, expected) in cases {
        assert_eq!(error(input, limits), expected);
    }
}

#[test]
fn a_huge_count_reserves_nothing() {
    let mut reader = RequestReader::new(Limits::default());
    assert!(matches!(reader.next(b"*2147483647\r\n$536870912\r\n"), Ok(Next::Incomplete { needed: 536_870_914 })));
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        commands in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6), 0..6),
        piece in 1_usize..50,
    ) {
        let mut input = Vec::new();
        for command in &commands {
            encode_command(command, &mut input);
        }
        prop_assert_eq!(&all(&input, piece).unwrap(), &commands);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(input in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
        let _ = all(&input, piece);
    }
}
