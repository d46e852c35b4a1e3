//! Patterns as CONFIG GET, COMMAND LIST and PSUBSCRIBE take them.

/// Whether `text` matches `pattern`: `*`, `?`, `[abc]`, `[^a-z]` and `\` before a character that shall mean itself. Case
/// does not matter. Takes time linear in the product of both lengths, whatever the pattern.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_folded(pattern, text, |byte| byte.to_ascii_lowercase())
}

/// The same where case matters.
#[must_use]
pub fn matches_case(pattern: &[u8], text: &[u8]) -> bool {
    matches_folded(pattern, text, |byte| byte)
}

fn matches_folded(pattern: &[u8], text: &[u8], fold: fn(u8) -> u8) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, t));
            p += 1;
        } else if let Some(next) = match_one(&pattern[p..], text[t], fold) {
            p += next;
            t += 1;
        } else if let Some((after, from)) = retry {
            (p, t) = (after, from + 1);
            retry = Some((after, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Length of the pattern's first element if it matches `byte`.
fn match_one(pattern: &[u8], byte: u8, fold: fn(u8) -> u8) -> Option<usize> {
    let same = |wanted: u8| fold(wanted) == fold(byte);
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', wanted, ..] => same(*wanted).then_some(2),
        [b'[', set @ ..] => {
            let (hit, length) = match_set(set, byte, fold);
            hit.then_some(length + 1)
        }
        [wanted, ..] => same(*wanted).then_some(1),
    }
}

/// Whether the set that starts here holds `byte`, and its length. A set without an end reaches to the end.
fn match_set(set: &[u8], byte: u8, fold: fn(u8) -> u8) -> (bool, usize) {
    let same = |wanted: u8| fold(wanted) == fold(byte);
    let negated = set.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut hit = false;
    while at < set.len() && set[at] != b']' {
        match set[at..] {
            [b'\\', wanted, ..] => {
                hit |= same(wanted);
                at += 2;
            }
            [first, b'-', last, ..] => {
                let (first, last) = (fold(first), fold(last));
                hit |= (first.min(last)..=first.max(last)).contains(&fold(byte));
                at += 3;
            }
            [wanted, ..] => {
                hit |= same(wanted);
                at += 1;
            }
            [] => break,
        }
    }
    (hit != negated, (at + 1).min(set.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("cluster-*", "cluster-port", true),
            ("*port", "cluster-port", true),
            ("c?uster-port", "CLUSTER-PORT", true),
            ("[a-d]luster*", "cluster-port", true),
            ("[^c]luster*", "cluster-port", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("[", "a", false),
            ("[a-]x", "x", true),
            ("[a-]x", "b", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn case_matters_where_it_should() {
        for (pattern, text, expected) in
            [("News.*", "News.a", true), ("News.*", "news.a", false), ("[a-c]", "B", false), ("[B]", "B", true)]
        {
            assert_eq!(matches_case(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
