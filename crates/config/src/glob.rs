//! Patterns of texts, as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them.
//!
//! | in a pattern | matches |
//! |---|---|
//! | `*` | any bytes, also none |
//! | `?` | one byte |
//! | `[abc]`, `[a-z]`, `[^a]` | one byte of these, or none of these |
//! | `\` and a byte | that byte |
//!
//! The rules are those of Valkey down to its oddities: an empty text is matched by the empty pattern alone, a class may lack its
//! end, and the ends of a range are signed bytes. One differs: Valkey gives up at a thousand stars, here they are followed.

/// Whether a text matches a pattern. It takes at worst the product of both lengths, however many stars there are.
///
/// ```
/// use slotmesh_config::glob;
/// assert!(glob::matches(b"h[ae]llo*", b"hello world"));
/// assert!(!glob::matches(b"h[^e]llo", b"hello"));
/// assert!(!glob::matches(b"HELLO", b"hello"));
/// ```
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_by(pattern, text, |byte| byte)
}

/// The same with letters of ASCII being equal whatever their case; those that are escaped within a class are not.
#[must_use]
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    matches_by(pattern, text, |byte| byte.to_ascii_lowercase())
}

fn matches_by(pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8 + Copy) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut rest, mut place) = (pattern, 0);
    // What follows the last star, and where in the text it is tried. Stars before need not be looked at again: what stood
    // between them has been found as early as it can be.
    let mut last_star: Option<(&[u8], usize)> = None;
    while let Some(byte) = text.get(place) {
        if let [b'*', after @ ..] = rest {
            rest = skip_stars(after);
            if rest.is_empty() {
                return true;
            }
            last_star = Some((rest, place));
        } else if let Some(after) = step(rest, *byte, fold) {
            rest = after;
            place += 1;
        } else {
            let Some((after_star, tried)) = last_star else { return false };
            (rest, place) = (after_star, tried + 1);
            last_star = Some((rest, place));
        }
    }
    skip_stars(rest).is_empty()
}

fn skip_stars(pattern: &[u8]) -> &[u8] {
    &pattern[pattern.iter().take_while(|byte| **byte == b'*').count()..]
}

/// What is left of a pattern after the part that a byte matches; `None` when it does not, or nothing is left.
fn step(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<&[u8]> {
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', class @ ..] => step_class(class, byte, fold),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (fold(*literal) == fold(byte)).then_some(rest),
        [] => None,
    }
}

/// The same for a class, behind its bracket.
fn step_class(class: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<&[u8]> {
    let (negated, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    loop {
        (found, rest) = match rest {
            [b'\\', literal, rest @ ..] => (found || *literal == byte, rest),
            [b']', after @ ..] => return (found != negated).then_some(after),
            [] => return (found != negated).then_some(rest),
            [one, b'-', other, rest @ ..] => (found || is_between(*one, *other, byte, &fold), rest),
            [literal, rest @ ..] => (found || fold(*literal) == fold(byte), rest),
        };
    }
}

/// Whether a byte is in a range, whose ends may stand in either order. They are folded only then.
fn is_between(one: u8, other: u8, byte: u8, fold: impl Fn(u8) -> u8) -> bool {
    let signed = |byte: u8| fold(byte).cast_signed();
    let (low, high) = if one.cast_signed() <= other.cast_signed() { (one, other) } else { (other, one) };
    (signed(low)..=signed(high)).contains(&signed(byte))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The rules by the letter, for what needs no long time.
    fn model(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], []) => model(rest, text),
            ([b'*', rest @ ..], [_, shorter @ ..]) => model(rest, text) || model(pattern, shorter),
            (_, []) => false,
            (_, [byte, shorter @ ..]) => step(pattern, *byte, |byte| byte).is_some_and(|rest| model(rest, shorter)),
        }
    }

    #[test]
    fn stars_and_marks_stand_for_what_they_say() {
        for (pattern, text) in [("*", "a"), ("a*", "a"), ("*a*", "bab"), ("a*c?e", "abbcde"), ("*****", "ab"), ("", "")]
        {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in [("a?", "a"), ("*a", "ab"), ("a*b", "acbc"), ("", "a"), ("?", "")] {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn an_empty_text_is_not_even_matched_by_stars() {
        assert!(!matches(b"*", b"") && !matches(b"**", b"") && matches(b"", b""));
    }

    #[test]
    fn classes_may_lack_their_end_and_begin_with_it() {
        assert!(matches(b"[a", b"a") && matches(b"[^", b"a") && !matches(b"[", b"a"));
        assert!(!matches(b"[]a]", b"a") && matches(b"[^]", b"a") && !matches(b"[^]a]", b"a"));
        assert!(matches(b"[\\", b"\\") && matches(b"[\\]]", b"]") && matches(b"[a-]", b"b") == (b'b' <= b']'));
    }

    #[test]
    fn ranges_are_of_signed_bytes_in_either_order() {
        assert!(matches(b"[c-a]", b"b") && !matches(b"[c-a]", b"d"));
        assert!(matches(b"[\x01-\xff]", b"\x00") && !matches(b"[\x01-\xff]", b"\x05"));
        assert!(!matches(b"[\x01-\xff]", b"\x80"));
    }

    #[test]
    fn case_is_ignored_but_behind_an_escape_in_a_class() {
        assert!(matches_ignoring_case(b"He[L]*", b"hELlo") && matches_ignoring_case(b"[a-c]\\D", b"Bd"));
        assert!(!matches_ignoring_case(b"[\\a]", b"A"));
        // Z to a has no letters once it is folded.
        assert!(!matches_ignoring_case(b"[Z-a]", b"z"));
    }

    #[test]
    fn many_stars_take_no_longer_than_few() {
        let (pattern, text) = (b"*a".repeat(2_000), b"a".repeat(4_000));
        assert!(matches(&pattern, &text));
        assert!(!matches(&[&pattern[..], b"b"].concat(), &text));
    }

    proptest! {
        #[test]
        fn it_matches_as_the_rules_say(
            pattern in "[ab*?\\[\\]^\\\\-]{0,9}",
            text in "[ab\\-\\]]{1,9}",
        ) {
            prop_assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), model(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn no_bytes_make_it_panic(pattern in vec(any::<u8>(), 0..20), text in vec(any::<u8>(), 0..20)) {
            let _ = (matches(&pattern, &text), matches_ignoring_case(&pattern, &text));
        }
    }
}
