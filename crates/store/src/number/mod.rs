//! Numbers with a point as clients write them and as they are shown.

mod long_double;

pub use long_double::LongDouble;

use std::fmt::Write as _;

/// Takes a number as clients write scores, weights and the like: decimal digits with a point and an exponent if wanted, or
/// `inf` or `infinity` in any case, each with a sign if wanted. `None` for anything else, for numbers that are too large, or
/// not 0 but too small, to be kept, and for what is not a number.
#[must_use]
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let number = parse_any(text)?;
    let is_out_of_range = if number == 0.0 {
        let digits = text.split(|byte| byte.eq_ignore_ascii_case(&b'e')).next()?;
        digits.iter().any(|digit| matches!(digit, b'1'..=b'9'))
    } else {
        number.is_infinite() && text.iter().any(u8::is_ascii_digit)
    };
    (!is_out_of_range).then_some(number)
}

/// Takes a number as clients write the bounds of ranges of scores: what is out of range becomes infinite or 0, and nothing at
/// all, or what is behind a NUL, is not looked at.
pub(crate) fn parse_score_bound(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() { Some(0.0) } else { parse_any(text) }
}

/// Takes a number, also one that is out of range.
pub(crate) fn parse_any(text: &[u8]) -> Option<f64> {
    let number: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    (!number.is_nan()).then_some(number)
}

/// Writes a number as scores are shown: whole numbers with all their digits, others with as few digits as it takes to read
/// the same number again.
///
/// Between two such shortest forms real servers do not always take the nearest, and about one fraction in a thousand has a
/// digit more there; both read as the same number.
pub fn write_double(out: &mut String, number: f64) {
    // From here on they write as many digits as they need.
    const WHOLE_MAX: f64 = (1_u64 << 62) as f64;
    if number != 0.0 && number.trunc() == number && number.abs() < WHOLE_MAX {
        write!(out, "{}", number as i64).expect("a string takes everything");
    } else {
        write_shortest_double(out, number);
    }
}

/// Writes a number with as few digits as it takes to read the same number again, whole numbers too.
pub fn write_shortest_double(out: &mut String, number: f64) {
    if number.is_nan() {
        out.push_str("nan");
    } else if number == 0.0 || number.is_infinite() {
        write!(out, "{number}").expect("a string takes everything");
    } else {
        write_shortest(out, number);
    }
}

/// Numbers that end in more zeros are written with an exponent.
const ZEROS_MAX: i32 = 7;

fn write_shortest(out: &mut String, number: f64) {
    let scientific = format!("{:e}", number.abs());
    let (digits, exponent) = scientific.split_once('e').expect("it is written with an exponent");
    let digits: String = digits.chars().filter(|digit| *digit != '.').collect();
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    let count = digits.len() as i32;
    // The number is its digits as a whole number, shifted by so many places.
    let shift = exponent - (count - 1);
    if number < 0.0 {
        out.push('-');
    }
    if (0..=ZEROS_MAX).contains(&shift) {
        out.push_str(&digits);
        out.extend((0..shift).map(|_| '0'));
    } else if shift < 0 && (shift > -7 || exponent.abs() < 4) {
        let before_point = exponent + 1;
        if before_point <= 0 {
            out.push_str("0.");
            out.extend((before_point..0).map(|_| '0'));
            out.push_str(&digits);
        } else {
            let (whole, fraction) = digits.split_at(before_point as usize);
            out.extend([whole, ".", fraction]);
        }
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { "-" } else { "+" };
        out.extend([first, point, rest, "e", sign, &exponent.abs().to_string()]);
    }
}

#[cfg(test)]
mod tests;
