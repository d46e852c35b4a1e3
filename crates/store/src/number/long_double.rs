//! Numbers as INCRBYFLOAT counts with them: 64 bits of mantissa and 15 of exponent, as the `long double` of x86 has.
//!
//! Real servers count so, and what they write has digits that an `f64` does not have: 0.1 and 0.2 make 0.3.

use std::fmt;

/// A number of 64 bits and a binary exponent, or infinite; never "not a number".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    is_negative: bool,
    size: Size,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// The mantissa times 2 to the power of the exponent. The highest bit of the mantissa is set, except at the lowest exponent.
    Finite(u64, i32),
    Infinite,
}

/// Of the lowest bit of the mantissa.
const EXPONENT_MIN: i32 = -16_445;
const EXPONENT_MAX: i32 = 16_320;
/// Longer texts are no numbers.
const TEXT_MAX: usize = 5 * 1024 - 1;
/// Digits behind the point that are shown.
const PLACES: usize = 17;
const PLACES_POWER: u64 = 10_u64.pow(PLACES as u32);

impl LongDouble {
    /// Takes a number as clients write it: decimal or, behind `0x`, hexadecimal, with a point and an exponent if wanted (in
    /// hexadecimal `p` with a power of 2), or `inf` or `infinity` in any case, each with a sign if wanted. `None` for anything
    /// else, and for numbers that are too large, or not 0 but too small, to be kept.
    ///
    /// Rounds exactly; a text has at most 5119 bytes and takes some milliseconds at worst.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let (is_negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if digits.eq_ignore_ascii_case(b"inf") || digits.eq_ignore_ascii_case(b"infinity") {
            return Some(Self { is_negative, size: Size::Infinite });
        }
        let size = match digits {
            [b'0', b'x' | b'X', rest @ ..] => parse_hexadecimal(rest)?,
            _ => parse_decimal(digits)?,
        };
        (size != Size::Infinite).then_some(Self { is_negative, size })
    }

    /// The sum, rounded to the nearest, of two as near to the even one. `None` if it is infinite or not a number.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (Size::Finite(a, a_exponent), Size::Finite(b, b_exponent)) = (self.size, other.size) else { return None };
        if a_exponent < b_exponent {
            return other.checked_add(self);
        }
        // The larger one has 63 bits of room below; of the smaller one it is enough to know whether there is something lower.
        let (a, b) = (u128::from(a) << 63, u128::from(b) << 63);
        let shift = (a_exponent - b_exponent).cast_unsigned();
        let shifted = b.checked_shr(shift).unwrap_or(0);
        let b = shifted | u128::from(shifted.checked_shl(shift).unwrap_or(0) != b);
        let (is_negative, sum) = if self.is_negative == other.is_negative {
            (self.is_negative, a + b)
        } else if a >= b {
            (self.is_negative && a > b, a - b)
        } else {
            (other.is_negative, b - a)
        };
        match rounded(sum, a_exponent - 63, false) {
            Size::Infinite => None,
            size => Some(Self { is_negative, size }),
        }
    }

    /// A thousand times the number, up to the next whole one: seconds as milliseconds. Rounded to the nearest before that, so
    /// that 0.1 makes 100. `None` above 64 bits; what is below comes out as the lowest.
    #[must_use]
    pub fn thousandfold(self) -> Option<i64> {
        let thousandfold = match self.size {
            Size::Finite(mantissa, exponent) => rounded(u128::from(mantissa) * 1000, exponent, false),
            Size::Infinite => Size::Infinite,
        };
        let limits = |whole: Option<i64>| if self.is_negative { whole.or(Some(i64::MIN)) } else { whole };
        let Size::Finite(mantissa, exponent) = thousandfold else { return limits(None) };
        let shift = exponent.unsigned_abs();
        let whole = if exponent >= 0 {
            let fits = mantissa == 0 || shift <= mantissa.leading_zeros();
            fits.then(|| i128::from(mantissa) << shift)
        } else {
            let whole = mantissa.checked_shr(shift).unwrap_or(0);
            let has_more = mantissa != 0 && mantissa.trailing_zeros() < shift;
            Some(i128::from(whole) + i128::from(has_more && !self.is_negative))
        };
        let signed = whole.map(|whole| if self.is_negative { -whole } else { whole });
        limits(signed.and_then(|whole| i64::try_from(whole).ok()))
    }
}

impl From<i64> for LongDouble {
    fn from(number: i64) -> Self {
        Self { is_negative: number < 0, size: rounded(u128::from(number.unsigned_abs()), 0, false) }
    }
}

/// Without exponent, with at most 17 digits behind the point, of which those that are 0 at the end are left out.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.size {
            Size::Infinite => "inf".to_owned(),
            Size::Finite(mantissa, exponent @ 1..) => write_whole(mantissa, exponent),
            Size::Finite(mantissa, exponent) => write_fraction(mantissa, exponent.unsigned_abs()),
        };
        let sign = if self.is_negative && text != "0" { "-" } else { "" };
        write!(f, "{sign}{text}")
    }
}

/// The nearest to `bits` times 2 to the power of `exponent`, and a little more if `is_more`; `bits` are 65 at least then.
fn rounded(bits: u128, exponent: i32, is_more: bool) -> Size {
    if bits == 0 {
        return Size::Finite(0, EXPONENT_MIN);
    }
    let length = 128 - bits.leading_zeros().cast_signed();
    let lowest = (exponent.saturating_add(length - 64)).max(EXPONENT_MIN);
    let shift = lowest.saturating_sub(exponent);
    if shift <= 0 {
        return in_range((bits << shift.unsigned_abs()) as u64, lowest);
    }
    let mantissa = round_shift(bits, shift.unsigned_abs(), is_more);
    match u64::try_from(mantissa) {
        Ok(mantissa) => in_range(mantissa, lowest),
        Err(_) => in_range((mantissa >> 1) as u64, lowest + 1),
    }
}

fn in_range(mantissa: u64, exponent: i32) -> Size {
    if exponent > EXPONENT_MAX { Size::Infinite } else { Size::Finite(mantissa, exponent) }
}

/// Leaves out so many bits at the end: to the nearest, of two as near to the even one.
fn round_shift(bits: u128, shift: u32, is_more: bool) -> u128 {
    let kept = bits.checked_shr(shift).unwrap_or(0);
    let rest = bits - kept.checked_shl(shift).unwrap_or(0);
    let Some(half) = 1_u128.checked_shl(shift - 1) else { return kept };
    let is_up = rest > half || rest == half && (is_more || kept & 1 == 1);
    kept + u128::from(is_up)
}

fn parse_hexadecimal(text: &[u8]) -> Option<Size> {
    let (digits, power) = split_exponent(text, b'p')?;
    let (digits, behind_point) = split_point(digits)?;
    let (mut bits, mut exponent, mut is_more) = (0_u128, power - 4 * behind_point, false);
    for digit in digits {
        let digit = char::from(digit).to_digit(16)?;
        if bits >> 120 == 0 {
            bits = bits << 4 | u128::from(digit);
        } else {
            exponent += 4;
            is_more |= digit != 0;
        }
    }
    kept(bits == 0, rounded(bits, i32::try_from(exponent).ok()?, is_more))
}

fn parse_decimal(text: &[u8]) -> Option<Size> {
    let (digits, power) = split_exponent(text, b'e')?;
    let (digits, behind_point) = split_point(digits)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = &digits[zeros..];
    let power = power - behind_point;
    // Far out of range there is nothing to be calculated.
    match digits.len() as i64 + power {
        _ if digits.is_empty() => Some(Size::Finite(0, EXPONENT_MIN)),
        4940.. => None,
        ..-4960 => None,
        _ => kept(false, nearest(digits, power as i32)),
    }
}

/// Refuses what is not 0 but has become it.
fn kept(is_zero: bool, size: Size) -> Option<Size> {
    (is_zero || !matches!(size, Size::Finite(0, _))).then_some(size)
}

/// Digits with what is behind them: `e` or `p` and a whole number, far from overflow.
fn split_exponent(text: &[u8], letter: u8) -> Option<(&[u8], i64)> {
    let Some(at) = text.iter().position(|byte| byte.eq_ignore_ascii_case(&letter)) else { return Some((text, 0)) };
    let (is_negative, digits) = match &text[at + 1..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: i64, digit: &u8| (sum * 10 + i64::from(digit - b'0')).min(1_000_000);
    let exponent = digits.iter().fold(0, add);
    Some((&text[..at], if is_negative { -exponent } else { exponent }))
}

/// The digits without the point, and how many were behind it.
fn split_point(text: &[u8]) -> Option<(Vec<u8>, i64)> {
    let mut digits = text.to_vec();
    let Some(at) = text.iter().position(|byte| *byte == b'.') else {
        return (!digits.is_empty()).then_some((digits, 0));
    };
    digits.remove(at);
    (!digits.is_empty()).then(|| (digits, (text.len() - at - 1) as i64))
}

/// The nearest to decimal digits times a power of 10.
fn nearest(digits: &[u8], power: i32) -> Size {
    let mut number = Vec::new();
    for chunk in digits.chunks(19) {
        let value = chunk.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        multiply(&mut number, 10_u64.pow(chunk.len() as u32), value);
    }
    if power >= 0 {
        each_power(10, 19, power.unsigned_abs(), |by| multiply(&mut number, by, 0));
        return of_large(&number, 0, false);
    }
    // Divided by 5 that often, and by 2 by way of the exponent. Enough bits are put below for 66 to be left.
    let power = power.unsigned_abs();
    let words = (power as usize * 7 / 3 + 66) / 64 + 1;
    number.splice(0..0, std::iter::repeat_n(0, words));
    let mut is_more = false;
    each_power(5, 27, power, |by| is_more |= divide(&mut number, by) != 0);
    of_large(&number, -(words as i32) * 64 - power.cast_signed(), is_more)
}

/// Gives the factors of a power, each of at most so many times the base.
fn each_power(base: u64, times: u32, power: u32, mut give: impl FnMut(u64)) {
    (0..power / times).for_each(|_| give(base.pow(times)));
    give(base.pow(power % times));
}

/// The nearest to a whole number, lowest word first, times a power of 2.
fn of_large(number: &[u64], exponent: i32, is_more: bool) -> Size {
    let length = number.len() - number.iter().rev().take_while(|word| **word == 0).count();
    let low = length.saturating_sub(2);
    let bits = number[low..length].iter().rev().fold(0_u128, |bits, word| bits << 64 | u128::from(*word));
    let is_more = is_more || number[..low].iter().any(|word| *word != 0);
    rounded(bits, exponent + 64 * low as i32, is_more)
}

fn multiply(number: &mut Vec<u64>, by: u64, plus: u64) {
    let mut carry = u128::from(plus);
    for word in number.iter_mut() {
        carry += u128::from(*word) * u128::from(by);
        *word = carry as u64;
        carry >>= 64;
    }
    if carry != 0 {
        number.push(carry as u64);
    }
}

/// Divides and gives what is left over.
fn divide(number: &mut Vec<u64>, by: u64) -> u64 {
    let mut rest = 0_u128;
    for word in number.iter_mut().rev() {
        rest = rest << 64 | u128::from(*word);
        *word = (rest / u128::from(by)) as u64;
        rest %= u128::from(by);
    }
    while number.last() == Some(&0) {
        number.pop();
    }
    rest as u64
}

fn write_whole(mantissa: u64, exponent: i32) -> String {
    let (words, bits) = (exponent as usize / 64, exponent as u32 % 64);
    let shifted = u128::from(mantissa) << bits;
    let mut number = vec![0; words];
    number.extend([shifted as u64, (shifted >> 64) as u64]);
    let mut groups = Vec::new();
    while !number.is_empty() {
        groups.push(divide(&mut number, 10_u64.pow(19)));
    }
    let mut text = groups.pop().unwrap_or(0).to_string();
    groups.iter().rev().for_each(|group| text.push_str(&format!("{group:019}")));
    text
}

/// The mantissa, shifted by so many bits to the right.
fn write_fraction(mantissa: u64, shift: u32) -> String {
    let scaled = u128::from(mantissa) * u128::from(PLACES_POWER);
    let scaled = if shift == 0 { scaled } else { round_shift(scaled, shift, false) };
    let (whole, fraction) = (scaled / u128::from(PLACES_POWER), scaled % u128::from(PLACES_POWER));
    let text = format!("{whole}.{fraction:0PLACES$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
