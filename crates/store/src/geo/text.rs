//! How distances and places are written.

/// A number with four digits behind the point, as distances are told. What is half way goes to the even digit.
#[must_use]
pub fn distance_text(distance: f64) -> String {
    let units = (distance * 10_000.0).round_ties_even() as i64;
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
    format!("{sign}{whole}.{part:04}")
}

/// A number with at most 17 digits behind the point, as coordinates are told.
#[must_use]
pub fn coordinate_text(degrees: f64) -> String {
    let text = format!("{degrees:.17}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        short => short.to_owned(),
    }
}

/// 52 bits in characters of five each; for the last one there are too few, so it is 0.
pub(super) fn geohash(bits: u64) -> [u8; 11] {
    const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let mut text = [b'0'; 11];
    for (index, digit) in text[..10].iter_mut().enumerate() {
        *digit = DIGITS[(bits >> (47 - 5 * index)) as usize & 0x1f];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_four_digits() {
        let texts = [(0.0, "0.0000"), (0.775, "0.7750"), (0.00001, "0.0000"), (-1.5, "-1.5000"), (0.00005, "0.0000")];
        for (distance, text) in texts {
            assert_eq!(distance_text(distance), text);
        }
        assert_eq!(distance_text(20_020_741.951_2), "20020741.9512");
    }

    #[test]
    fn coordinates_have_no_more_digits_than_they_need() {
        let texts = [(180.0, "180"), (-0.0, "0"), (0.5, "0.5"), (85.051_128_78, "85.0511287799999991"), (100.0, "100")];
        for (degrees, text) in texts {
            assert_eq!(coordinate_text(degrees), text);
        }
    }
}
