//! Splitting a line of a configuration file into words, with quotes.

use std::iter::Peekable;

/// The words of a line, or `None` when a quote is left open, text follows a closing one, or a word is no text.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.bytes().peekable();
    loop {
        while rest.next_if(u8::is_ascii_whitespace).is_some() {}
        if rest.peek().is_none() {
            return Some(words);
        }
        words.push(String::from_utf8(word(&mut rest)?).ok()?);
    }
}

type Bytes<'a> = Peekable<std::str::Bytes<'a>>;

/// A quote may begin within a word, and ends it.
fn word(rest: &mut Bytes<'_>) -> Option<Vec<u8>> {
    let mut word = Vec::new();
    while let Some(byte) = rest.next_if(|byte| !byte.is_ascii_whitespace()) {
        if byte != b'"' && byte != b'\'' {
            word.push(byte);
            continue;
        }
        loop {
            match rest.next()? {
                end if end == byte => break,
                b'\\' if byte == b'"' => word.push(unescape(rest)?),
                b'\\' if rest.peek() == Some(&b'\'') => word.extend(rest.next()),
                other => word.push(other),
            }
        }
        return rest.peek().is_none_or(u8::is_ascii_whitespace).then_some(word);
    }
    Some(word)
}

/// A word as [`split`] reads it back: as it is, or in quotes when it must be.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !"\"'\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut quoted = String::from('"');
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // A line of a file ends at none of these, but words do.
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// `\xHH` is a byte, not a character: this is how real servers write every byte beyond ASCII.
fn unescape(rest: &mut Bytes<'_>) -> Option<u8> {
    Some(match rest.next()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        b'x' => {
            let mut ahead = rest.clone();
            let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
            match (digit(), digit()) {
                (Some(high), Some(low)) => {
                    *rest = ahead;
                    u8::try_from(high * 16 + low).ok()?
                }
                _ => b'x',
            }
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_those_of_real_servers() {
        assert_eq!(split(r#"dir "/data/\xc3\xa9""#), Some(vec!["dir".into(), "/data/é".into()]));
        assert_eq!(split(r#"foo"bar baz" 'é\'x'"#), Some(vec!["foobar baz".into(), "é'x".into()]));
        assert_eq!(split(r#"a "\x4g" """#), Some(vec!["a".into(), "x4g".into(), String::new()]));
        for bad in [r#"a "b"c"#, r#"a "b"#, r#"a "\xff""#] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
