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
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = digits.first()? != &b'0' || text == b"0";
    if !canonical || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
