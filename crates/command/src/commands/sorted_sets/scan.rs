//! ZSCAN.

use slotmesh_store::SortedSet;

use crate::commands::element_scan::{Options, Position, write_found};
use crate::commands::shown::score_text;
use crate::keyed::{Done, Keyed};

pub(crate) fn zscan(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let cursor = Position::parse(args[2])?;
    let Some(set) = db.view::<SortedSet>(args[1])? else {
        // The options are not looked at then.
        write_found(reply, 0, &[]);
        return Ok(());
    };
    let options = Options::parse(&args[3..], Some("noscores"))?;
    let mut found = Vec::new();
    let position = options.walk(cursor, |position| {
        let mut seen = 0;
        let next = set.scan(position, |member, score| {
            seen += 1;
            if options.wants(member) {
                found.push((member.to_vec(), score));
            }
        });
        (next, seen)
    });
    reply.array(2);
    reply.bulk(position.to_string().as_bytes());
    reply.array(if options.names_only { found.len() } else { found.len() * 2 });
    let is_small = set.as_listpack().is_some();
    for (member, score) in found {
        reply.bulk(&member);
        if !options.names_only {
            // Those of a large set are told with the digits of C's `%.17g`.
            let text = if is_small { score_text(score) } else { general_text(score) };
            reply.bulk(text.as_bytes());
        }
    }
    Ok(())
}

/// A number with 17 digits that count, of which those that are 0 at the end are left out.
fn general_text(score: f64) -> String {
    const DIGITS: i32 = 17;
    if score.is_infinite() || score == 0.0 {
        return score.to_string();
    }
    let scientific = format!("{score:.16e}");
    let (digits, exponent) = scientific.split_once('e').expect("it is written with an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    let short = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", short(digits), exponent.abs());
    }
    let places = usize::try_from(DIGITS - 1 - exponent).unwrap_or_default();
    let text = format!("{score:.places$}");
    if places == 0 { text } else { short(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventeen_digits_count() {
        let texts = [
            (0.1, "0.10000000000000001"),
            (3.5, "3.5"),
            (-0.0, "-0"),
            (100.0, "100"),
            (1e-4, "0.0001"),
            (1e-5, "1.0000000000000001e-05"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123_456_789_012_345_680_000.0, "1.2345678901234568e+20"),
            (f64::NEG_INFINITY, "-inf"),
            (-1e300, "-1.0000000000000001e+300"),
        ];
        for (number, text) in texts {
            assert_eq!(general_text(number), text);
        }
    }
}
