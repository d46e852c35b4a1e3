use super::*;

fn unescaped(text: &str) -> Vec<u8> {
    text.replace("\\t", "\t").into_bytes()
}

fn shown(number: f64) -> String {
    let mut out = String::new();
    write_double(&mut out, number);
    out
}

#[test]
fn doubles_are_taken_and_shown_as_real_servers_do() {
    for line in include_str!("../../testdata/doubles.tsv").lines().skip(1) {
        let (text, real) = line.split_once('\t').expect("two columns");
        let own = parse_double(&unescaped(text)).map_or_else(|| "!".to_owned(), shown);
        assert_eq!(own, real, "{text:?}");
    }
}

#[test]
fn long_doubles_are_added_as_real_servers_do() {
    for line in include_str!("../../testdata/long_doubles.tsv").lines().skip(1) {
        let [held, added, real] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("three columns: {line:?}") };
        let own = match (LongDouble::parse(&unescaped(held)), LongDouble::parse(&unescaped(added))) {
            (Some(a), Some(b)) => a.checked_add(b).map_or_else(|| "out of range".to_owned(), |sum| sum.to_string()),
            _ => "!".to_owned(),
        };
        assert_eq!(own, real, "{held:?} + {added:?}");
    }
}

#[test]
fn texts_of_any_length_are_taken_or_refused_in_time() {
    let longest = format!("0.{}", "7".repeat(5117));
    assert!(LongDouble::parse(longest.as_bytes()).is_some());
    assert!(LongDouble::parse(format!("{longest}7").as_bytes()).is_none());
    assert!(LongDouble::parse(format!("{}e-4950", "7".repeat(5000)).as_bytes()).is_some());
    assert!(LongDouble::parse(format!("0x{}", "f".repeat(4000)).as_bytes()).is_some());
    assert!(LongDouble::parse(format!("0x{}", "f".repeat(5000)).as_bytes()).is_none());
    assert_eq!(LongDouble::from(i64::MIN).to_string(), i64::MIN.to_string());
}

#[test]
fn what_is_not_a_number_never_comes_in() {
    for text in ["nan", "NaN", "-nan", "+nan", "nan(7)"] {
        assert_eq!((parse_double(text.as_bytes()), parse_score_bound(text.as_bytes())), (None, None));
        assert_eq!(LongDouble::parse(text.as_bytes()), None);
    }
}

#[test]
fn bounds_of_ranges_may_be_out_of_range() {
    let cases = [("", 0.0), ("1e400", f64::INFINITY), ("-1e400", f64::NEG_INFINITY), ("1e-400", 0.0), ("1\0x", 1.0)];
    for (text, number) in cases {
        assert_eq!(parse_score_bound(text.as_bytes()), Some(number));
    }
    assert!([" 1", "1 ", "0x1", "((1"].iter().all(|text| parse_score_bound(text.as_bytes()).is_none()));
}

#[test]
fn seconds_become_milliseconds_upwards() {
    let cases = [
        ("0", Some(0)),
        ("0.1", Some(100)),
        ("0.0001", Some(1)),
        ("-0.0001", Some(0)),
        ("-1.5", Some(-1500)),
        ("1.0001", Some(1001)),
        ("9223372036854775.807", Some(i64::MAX)),
        ("9223372036854775.808", None),
        ("1e300", None),
        ("-1e300", Some(i64::MIN)),
        ("inf", None),
        ("-inf", Some(i64::MIN)),
    ];
    for (text, millis) in cases {
        let number = LongDouble::parse(text.as_bytes()).expect("a number");
        assert_eq!(number.thousandfold(), millis, "{text}");
    }
}
