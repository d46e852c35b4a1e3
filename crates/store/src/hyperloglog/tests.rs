use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Whether a text has these registers.
fn values(text: &[u8]) -> Vec<u8> {
    let mut registers = Registers::default();
    registers.unite(HyperLogLog::of(text).expect("one")).expect("registers");
    registers.iter().collect()
}

fn of_elements(elements: std::ops::Range<u64>, sparse_max: usize) -> Vec<u8> {
    let mut text = empty();
    for element in elements {
        add(&mut text, [&element.to_le_bytes()[..]], sparse_max).expect("one");
    }
    text
}

fn view(text: &[u8]) -> HyperLogLog<'_> {
    HyperLogLog::of(text).expect("one")
}

#[test]
fn an_empty_one_has_eighteen_bytes_and_counts_nothing() {
    let text = empty();
    assert_eq!(text, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!(
        (view(&text).cached(), view(&text).estimate(), view(&text).decode()),
        (Some(0), Ok(0), Some("Z:16384".into()))
    );
}

#[test]
fn its_bytes_are_those_of_valkey() {
    // PFADD h a b c d e f; GET h; with Valkey 9.1.2
    let golden = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80Fm\x80V\x0c\x80Dv\x80P\xb1\x84I\x8c\x80Bm\x80BZ";
    let mut text = empty();
    assert_eq!(add(&mut text, [&b"a"[..], b"b", b"c", b"d", b"e", b"f"], 3000), Ok(6));
    assert_eq!(text, golden);
}

#[test]
fn an_estimate_is_kept_until_something_is_added() {
    let mut text = of_elements(0..100, 3000);
    assert_eq!(view(&text).cached(), None);
    let estimate = view(&text).estimate().expect("registers");
    keep_estimate(&mut text, estimate);
    assert_eq!(view(&text).cached(), Some(estimate));
    assert_eq!(add(&mut text, [&5_u64.to_le_bytes()[..]], 3000), Ok(0));
    assert_eq!(view(&text).cached(), Some(estimate));
    forget_estimate(&mut text);
    assert_eq!(view(&text).cached(), None);
}

#[test]
fn registers_are_kept_where_they_are_set() {
    let mut bytes = vec![0; dense::BYTES];
    let mut model = [0; REGISTERS];
    let mut random = 1_u64;
    for round in 0..4 {
        for register in (0..REGISTERS).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
            model[register] = (random >> 58) as u8;
            dense::set(&mut bytes, register, model[register]);
        }
        assert!((0..REGISTERS).all(|register| dense::get(&bytes, register) == model[register]));
        assert_eq!(dense::unpack(&bytes), model);
        let mut packed = vec![0; dense::BYTES];
        dense::pack(&model, &mut packed);
        assert_eq!(packed, bytes);
    }
}

#[test]
fn dense_and_sparse_ones_agree_and_err_by_little() {
    const RELATIVE: f64 = 1.04 / 128.0;
    let (mut sparse, mut dense) = (empty(), empty());
    to_dense(&mut dense).expect("registers");
    let mut checkpoint = 1;
    for element in 1..=100_000_u64 {
        let bytes = (element ^ 0x5bd1_e995_9d2c_5680).to_le_bytes();
        add(&mut sparse, [&bytes[..]], 3000).expect("one");
        add(&mut dense, [&bytes[..]], 3000).expect("one");
        if element == checkpoint {
            checkpoint *= 10;
            assert_eq!(view(&sparse).encoding() == Encoding::Sparse, element <= 1000);
            let estimate = view(&dense).estimate().expect("registers");
            assert_eq!(view(&sparse).estimate(), Ok(estimate));
            assert!(
                estimate.abs_diff(element) as f64 <= (RELATIVE * 6.0 * element as f64).ceil(),
                "{element} {estimate}"
            );
        }
    }
}

#[test]
fn it_becomes_dense_just_when_it_would_be_too_long() {
    for limit in [0, 20, 100, 3000] {
        let mut text = empty();
        for element in 0..5_000_u64 {
            let before = text.clone();
            add(&mut text, [&element.to_le_bytes()[..]], limit).expect("one");
            if view(&text).encoding() == Encoding::Dense {
                assert!(before.len() + 4 > limit, "{limit}");
                assert_eq!(values(&of_elements(0..element + 1, usize::MAX)), values(&text));
                break;
            }
            assert!(text.len() <= limit.max(18) && text.capacity() <= (2 * text.len()).max(limit));
        }
        assert_eq!(view(&text).encoding(), Encoding::Dense);
    }
}

#[test]
fn a_union_is_as_if_all_had_been_added_to_one() {
    for sparse_max in [3000, 18, 1000] {
        let (few, many) = (of_elements(0..300, 3000), of_elements(200..1_000, sparse_max));
        let mut registers = Registers::default();
        registers.unite(view(&few)).expect("registers");
        registers.unite(view(&many)).expect("registers");
        let all = of_elements(0..1_000, sparse_max);
        assert_eq!(Ok(registers.estimate()), view(&all).estimate());
        for target in [few, many, empty()] {
            let mut target = target;
            registers.write_to(&mut target, sparse_max).expect("registers");
            assert_eq!(values(&target), values(&all));
            assert_eq!(view(&target).cached(), None);
            assert!(view(&target).encoding() == Encoding::Dense || sparse_max == 3000);
        }
    }
}

#[test]
fn what_is_none_is_refused() {
    let mut dense = empty();
    to_dense(&mut dense).expect("registers");
    assert_eq!(to_dense(&mut dense), Ok(false));
    dense.push(0);
    for text in [&b""[..], b"HYLL", b"hello, this is a text", b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", &dense] {
        assert_eq!(HyperLogLog::of(text).map(|_| ()), Err(NotHyperLogLog));
        assert_eq!(add(&mut text.to_vec(), [&b"a"[..]], 3000), Err(NotHyperLogLog.into()));
    }
}

#[test]
fn damage_shows_when_registers_are_read() {
    for runs in [&b""[..], b"\x7f", b"\x7f\xfe", b"\x7f\xff\x00", b"\xff\xff\x7f\xff", b"\x00\x00\x7f"] {
        let mut text = [&empty()[..HEADER], runs].concat();
        assert_eq!(view(&text).estimate(), Err(Damaged), "{runs:?}");
        assert_eq!(Registers::default().unite(view(&text)), Err(Damaged));
        let before = text.clone();
        assert_eq!(to_dense(&mut text), Err(Damaged));
        assert_eq!(text, before);
    }
}

#[test]
fn registers_that_nobody_can_make_are_not_counted() {
    let text = [&b"HYLL\0\0\0\0\0\0\0\0\0\0\0\x80"[..], &[0xff; dense::BYTES]].concat();
    assert_eq!(view(&text).estimate(), Ok(1 << 63));
}

#[test]
fn the_highest_values_are_not_sparse() {
    let mut text = empty();
    assert_eq!(raise(&mut text, Element { register: 16383, value: 32 }, 3000), Ok(true));
    assert_eq!(view(&text).decode().as_deref(), Some("Z:16383 v:32,1"));
    assert_eq!(raise(&mut text, Element { register: 0, value: 33 }, 3000), Ok(true));
    assert_eq!(view(&text).encoding(), Encoding::Dense);
    assert_eq!((values(&text)[0], values(&text)[16383]), (33, 32));
}

proptest! {
    #[test]
    fn sparse_registers_are_as_they_were_raised(raises in vec((0_usize..40, 1_u8..5), 0..200)) {
        let (mut text, mut model) = (empty(), vec![0; REGISTERS]);
        for (register, value) in raises {
            let raised = raise(&mut text, Element { register, value }, 3000).expect("registers");
            prop_assert_eq!(raised, model[register] < value);
            model[register] = model[register].max(value);
        }
        prop_assert_eq!(values(&text), model.clone());
        to_dense(&mut text).expect("registers");
        prop_assert_eq!(values(&text), model);
    }

    #[test]
    fn no_registers_make_it_panic(runs in vec(any::<u8>(), 0..400), element in any::<u64>()) {
        let mut text = [&empty()[..HEADER], &runs].concat();
        let _ = (view(&text).estimate(), view(&text).decode());
        let _ = Registers::default().write_to(&mut text, 3000);
        let _ = add(&mut text, [&element.to_le_bytes()[..], &(!element).to_le_bytes()], 300);
        let _ = (Registers::default().unite(view(&text)), to_dense(&mut text));
    }
}
