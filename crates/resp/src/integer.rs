//! Integers as clients write them.

/// The integer that `text` spells: an optional minus, digits without leading zeros, within 64 bits, nothing else.
///
/// ```
/// use slotmesh_resp::parse_integer;
/// assert_eq!(parse_integer(b"-12"), Some(-12));
/// for bad in ["", "+1", "01", "-0", "1 ", "9223372036854775808"] {
///     assert_eq!(parse_integer(bad.as_bytes()), None);
/// }
/// ```
#[must_use]
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if *digits.first()? == b'0' {
        return (text == b"0").then_some(0);
    }
    // Built downwards, since the least number has no positive counterpart.
    let mut number = 0_i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(number) } else { number.checked_neg() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_are_in_it() {
        for number in [i64::MIN, i64::MIN + 1, -10, -1, 0, 1, 10, i64::MAX - 1, i64::MAX] {
            assert_eq!(parse_integer(number.to_string().as_bytes()), Some(number));
        }
        for beyond in ["-9223372036854775809", "9223372036854775808", "99999999999999999999", "-", "--1", "1-", "00"] {
            assert_eq!(parse_integer(beyond.as_bytes()), None, "{beyond}");
        }
    }
}
