//! Splitting a line of a configuration file into words, with quotes.

use slotmesh_resp::split_words;

/// The words of a line, parted as those of an inline request; `None` when a quote is left open, text follows a closing one, or
/// a word is no text. `\xHH` is a byte, not a character: this is how real servers write every byte beyond ASCII.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    split_words(line.as_bytes())?.into_iter().map(|word| String::from_utf8(word).ok()).collect()
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
