//! Patterns of CONFIG GET.

/// Whether `text` matches `pattern`: `*`, `?`, `[abc]`, `[^a-z]` and `\` before a character that shall mean itself. Case
/// does not matter. Takes time linear in the product of both lengths, whatever the pattern.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, t));
            p += 1;
        } else if let Some(next) = match_one(&pattern[p..], text[t]) {
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
fn match_one(pattern: &[u8], byte: u8) -> Option<usize> {
    let same = |wanted: u8| wanted.eq_ignore_ascii_case(&byte);
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', wanted, ..] => same(*wanted).then_some(2),
        [b'[', set @ ..] => {
            let (hit, length) = match_set(set, byte.to_ascii_lowercase());
            hit.then_some(length + 1)
        }
        [wanted, ..] => same(*wanted).then_some(1),
    }
}

/// Whether the set that starts here holds `byte`, and its length. A set without an end reaches to the end.
fn match_set(set: &[u8], byte: u8) -> (bool, usize) {
    let negated = set.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut hit = false;
    while at < set.len() && set[at] != b']' {
        match set[at..] {
            [b'\\', wanted, ..] => {
                hit |= wanted.eq_ignore_ascii_case(&byte);
                at += 2;
            }
            [first, b'-', last, ..] if last != b']' => {
                let (first, last) = (first.to_ascii_lowercase(), last.to_ascii_lowercase());
                hit |= (first.min(last)..=first.max(last)).contains(&byte);
                at += 3;
            }
            [wanted, ..] => {
                hit |= wanted.eq_ignore_ascii_case(&byte);
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
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
