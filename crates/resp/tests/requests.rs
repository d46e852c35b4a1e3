//! Requests: whole, in pieces, wrong.

use std::collections::VecDeque;

use proptest::prelude::*;
use slotmesh_resp::{Args, Limits, Next, ProtocolError, RequestReader, encode_command};

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

/// The same, reading ahead before each `every`-th request; what was seen ahead is what comes.
fn all_read_ahead(input: &[u8], piece: usize, every: usize) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let own = |args: Args<'_>| args.iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut reader = RequestReader::new(Limits::default());
    let (mut requests, mut buffer, mut seen) = (Vec::new(), Vec::new(), VecDeque::new());
    for chunk in input.chunks(piece.max(1)) {
        buffer.extend_from_slice(chunk);
        loop {
            if requests.len() % every == 0 && seen.is_empty() {
                seen = reader.read_ahead(&buffer, 3).map(own).collect();
                assert!(seen.len() <= 3);
            }
            let consumed = match reader.next(&buffer)? {
                Next::Incomplete { .. } => break,
                Next::Empty { consumed } => consumed,
                Next::Request { args, consumed } => {
                    let request = own(args);
                    assert!(seen.pop_front().is_none_or(|seen| seen == request));
                    requests.push(request);
                    consumed
                }
            };
            buffer.drain(..consumed);
            assert!(seen.is_empty() || consumed > 0);
        }
        assert!(seen.is_empty(), "what was read ahead is whole");
        reader.rest();
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

#[test]
fn what_was_read_ahead_is_read_again_when_it_has_to_be() {
    let mut input = Vec::new();
    for word in ["a", "b", "c"] {
        encode_command(&[b"GET", word.as_bytes()], &mut input);
    }
    let mut reader = RequestReader::new(Limits::default());
    let next = |reader: &mut RequestReader, from: usize| match reader.next(&input[from..]) {
        Ok(Next::Request { args, consumed }) => (args[1].to_vec(), from + consumed),
        other => panic!("{other:?}"),
    };
    assert_eq!(reader.read_ahead(&input, 16).count(), 3);
    let (_, behind) = next(&mut reader, 0);
    assert_eq!(next(&mut reader, behind).0, b"b");
    reader.forget_ahead();
    assert_eq!(next(&mut reader, behind).0, b"b", "it was not dropped");
    let (_, last) = next(&mut reader, behind);
    assert_eq!(reader.read_ahead(&input[last..], 16).count(), 1);
    reader.set_limits(Limits { bulk_bytes_max: 2, ..Limits::default() });
    assert_eq!(reader.next(&input[last..]).map(|_| ()), Err(ProtocolError::Length), "other limits hold at once");
}

/// Whole requests of both kinds, parts of some, and what is wrong.
const READ_AHEAD: [&[u8]; 9] = [
    b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
    b"*2\r\n$3\r\nGET\r\n$1\r\nb\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"*3\r\n$3\r\nSET\r\n$12\r\nabcdefghijkl\r\n$0\r\n\r\n",
    b"PING\r\n",
    b"\r\n",
    b"*0\r\n",
    b"*2\r\n$1",
    b"\r\nx\r\n$1\r\ny\r\n",
];

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
    fn reading_ahead_makes_no_difference(
        input in prop::collection::vec(prop::sample::select(READ_AHEAD.to_vec()), 0..20).prop_map(|parts| parts.concat()),
        piece in 1_usize..80,
        every in 1_usize..4,
    ) {
        prop_assert_eq!(all_read_ahead(&input, piece, every), all(&input, piece));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(input in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
        let _ = all(&input, piece);
    }
}
