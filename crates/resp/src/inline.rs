//! Splitting a line into arguments, with quotes.

/// The arguments of a line, or `None` when a quote is left open or is not followed by a space.
///
/// Words are separated by white space. `"…"` knows `\n \r \t \b \a \xHH` and takes any other escaped character as it is;
/// `'…'` knows only `\'`. Source: `sdssplitargs`.
///
/// ```
/// assert_eq!(slotmesh_resp::split_words(br#"set "a b""#), Some(vec![b"set".to_vec(), b"a b".to_vec()]));
/// ```
#[must_use]
pub fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = trim_start(line);
    // A NUL ends the line, as it ends a C string.
    while !matches!(rest, [] | [0, ..]) {
        let mut word = Vec::new();
        rest = read_word(rest, &mut word)?;
        words.push(word);
        rest = trim_start(rest);
    }
    Some(words)
}

fn trim_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
    &line[start..]
}

/// White space as C knows it.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn read_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] | [0, ..] => return Some(&[]),
            // Not at every white space: this is what real servers look for within a word.
            [b' ' | b'\n' | b'\r' | b'\t', ..] => return Some(rest),
            [b'"', quoted @ ..] => return after_quote(read_double(quoted, word)?),
            [b'\'', quoted @ ..] => return after_quote(read_single(quoted, word)?),
            [byte, tail @ ..] => {
                word.push(*byte);
                rest = tail;
            }
        }
    }
}

/// A closing quote ends its word.
fn after_quote(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|byte| is_space(*byte) || *byte == 0).then_some(rest)
}

fn read_double<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return None,
            [b'"', tail @ ..] => return Some(tail),
            [b'\\', b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
                word.push(digit(high) << 4 | digit(low));
                rest = tail;
            }
            [b'\\', escaped, tail @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                rest = tail;
            }
            [byte, tail @ ..] => {
                word.push(*byte);
                rest = tail;
            }
        }
    }
}

fn read_single<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return None,
            [b'\'', tail @ ..] => return Some(tail),
            [b'\\', b'\'', tail @ ..] => {
                word.push(b'\'');
                rest = tail;
            }
            [byte, tail @ ..] => {
                word.push(*byte);
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split_words(line.as_bytes())?;
        Some(words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect())
    }

    #[test]
    fn words_quotes_and_escapes() {
        assert_eq!(words("  set  a b "), Some(vec!["set".into(), "a".into(), "b".into()]));
        assert_eq!(words(r#"set "a b" 'c\'d'"#), Some(vec!["set".into(), "a b".into(), "c'd".into()]));
        assert_eq!(words(r#""\x41\n\q""#), Some(vec!["A\nq".into()]));
        assert_eq!(words(r#"''"#), Some(vec![String::new()]));
    }

    #[test]
    fn some_white_space_stands_between_words_but_ends_none() {
        assert_eq!(words("\u{b}a \u{b} b\u{b}\tc"), Some(vec!["a".into(), "b\u{b}".into(), "c".into()]));
    }

    #[test]
    fn a_nul_ends_the_line() {
        for end in ["a\0b", "a \0b", "\"a\"\0b"] {
            assert_eq!(words(end), Some(vec!["a".into()]), "{end:?}");
        }
    }

    #[test]
    fn open_quotes_and_text_behind_quotes_are_refused() {
        for bad in [r#"set "a"#, r#"set 'a"#, r#"set "a"b"#, r#"set 'a'b"#, r#""\"#] {
            assert_eq!(words(bad), None, "{bad}");
        }
    }
}
