//! A glance at requests that wait to be read.

/// What are likely keys of the requests at the start of `input`: the word behind the name of each that is whole and an array
/// of bulk strings, up to the first that is not. Nothing is checked that reading them will check: this is a hint, for who wants
/// to have something ready.
pub fn keys_ahead(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let (key, behind) = first_key(rest)?;
        rest = behind;
        Some(key)
    })
}

/// The second word of the request at the start, and what follows the request.
fn first_key(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (words, mut rest) = number(input, b'*')?;
    let mut key = None;
    for place in 0..words {
        let (word, behind) = bulk(rest)?;
        if place == 1 {
            key = Some(word);
        }
        rest = behind;
    }
    Some((key.unwrap_or_default(), rest))
}

fn bulk(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(input, b'$')?;
    let (word, end) = rest.split_at_checked(length)?;
    Some((word, end.get(2..)?))
}

/// A line with a number of at most eight digits behind a sign, and what follows the line.
fn number(input: &[u8], sign: u8) -> Option<(usize, &[u8])> {
    let digit = |byte: u8| usize::from(byte - b'0');
    // Nearly all are so short.
    match input {
        [first, a @ b'0'..=b'9', b'\r', b'\n', rest @ ..] if *first == sign => return Some((digit(*a), rest)),
        [first, a @ b'0'..=b'9', b @ b'0'..=b'9', b'\r', b'\n', rest @ ..] if *first == sign => {
            return Some((digit(*a) * 10 + digit(*b), rest));
        }
        _ => {}
    }
    let (first, digits) = input.split_first()?;
    let count = digits.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
    if *first != sign || count == 0 {
        return None;
    }
    let value = digits[..count].iter().fold(0, |value, next| value * 10 + digit(*next));
    Some((value, digits[count..].strip_prefix(b"\r\n")?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode_command;

    #[test]
    fn the_word_behind_the_name_is_the_key() {
        let mut input = Vec::new();
        for words in [&[&b"SET"[..], b"key", b"value"][..], &[b"PING"], &[b"GET", b"other"]] {
            encode_command(words, &mut input);
        }
        assert!(keys_ahead(&input).eq([&b"key"[..], b"", b"other"]));
        assert!(keys_ahead(&input[..input.len() - 1]).eq([&b"key"[..], b""]), "the last one is not whole");
    }

    #[test]
    fn nothing_is_said_behind_what_is_no_array_of_bulk_strings() {
        for input in
            [&b"PING\r\n"[..], b"*-1\r\n", b"*1\r\n+OK\r\n", b"*1\r\n$-1\r\n", b"*999999999\r\n", b"*1\n", b"*\r\n"]
        {
            assert_eq!(keys_ahead(input).count(), 0, "{}", input.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(input in proptest::collection::vec(prop::sample::select(b"*$12\r\n09a".to_vec()), 0..60)) {
            prop_assert!(keys_ahead(&input).count() <= input.len());
        }
    }
}
