use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

impl Listpack {
    /// Numbers are kept as texts, as nobody should.
    pub(crate) fn of_texts(texts: &[&str]) -> Self {
        let mut pack = Self::default();
        for text in texts {
            let end = pack.end();
            pack.insert_all(end, [Encoded::of_text(text.as_bytes())]);
        }
        Self::from_bytes(pack.bytes).expect("it is well formed")
    }
}

fn texts(pack: &Listpack) -> Vec<Vec<u8>> {
    pack.iter().map(Packed::to_vec).collect()
}

/// What Valkey 9.1.2 puts behind the type of a hash in `DUMP`, after `HSET h a 1 bb -5000`.
#[test]
fn it_is_what_real_servers_have() {
    let pack: Listpack = ["a", "1", "bb", "-5000"].into_iter().collect();
    let real = [20, 0, 0, 0, 4, 0, 0x81, b'a', 2, 1, 1, 0x82, b'b', b'b', 3, 0xf1, 0x78, 0xec, 3, 255];
    assert_eq!(pack.as_bytes(), real);
}

#[test]
fn numbers_of_every_size_come_back() {
    let numbers =
        [0, 127, 128, -1, 4095, 4096, -4096, -4097, 32_767, -32_769, 8_388_607, 8_388_608, i64::MAX, i64::MIN];
    let pack: Listpack = numbers.iter().map(ToString::to_string).collect();
    assert!(pack.iter().eq(numbers.map(Packed::Number)));
    assert!(pack.iter().rev().eq(numbers.into_iter().rev().map(Packed::Number)));
}

#[test]
fn only_what_is_written_as_a_number_is_one() {
    for text in ["", "-", "+1", "01", "-0", " 1", "1 ", "9223372036854775808", "1.0"] {
        assert_eq!(canonical_number(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(canonical_number(b"-9223372036854775808"), Some(i64::MIN));
}

#[test]
fn more_values_than_are_counted_are_still_there() {
    let mut pack: Listpack = (0..65_536).map(|number| number.to_string()).collect();
    assert_eq!(pack.len(), 65_536);
    pack.remove(pack.place(7).expect("it is there"), 2);
    assert_eq!(pack.len(), 65_534);
    assert_eq!(pack.as_bytes()[4..6], 65_534_u16.to_le_bytes());
}

#[test]
fn what_is_added_at_once_is_the_same_as_one_by_one() {
    let texts = ["", "7", "-5000", "text", "0123"];
    let mut pack = Listpack::default();
    pack.append(texts.iter().map(|text| Packed::Text(text.as_bytes())));
    pack.append([Packed::Number(200)]);
    let mut one_by_one: Listpack = texts.iter().collect();
    one_by_one.push_back(b"200");
    assert_eq!(pack, one_by_one);
    let last = pack.previous(pack.end()).expect("there are some");
    pack.replace_number(last, 201);
    pack.replace_number(last, 1);
    assert_eq!(pack.get(last), Some(Packed::Number(1)));
    assert_eq!((pack.previous(HEAD), Listpack::from_bytes(pack.bytes.clone())), (None, Ok(pack)));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let text = || {
        prop_oneof![
            vec(any::<u8>(), 0..90),
            any::<i64>().prop_map(|n| n.to_string().into_bytes()),
            vec(any::<u8>(), 4090..4100)
        ]
    };
    prop_oneof![
        3 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Insert(at, text)),
        1 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Replace(at, text)),
        1 => (any::<usize>(), 0_usize..4).prop_map(|(at, count)| Step::Remove(at, count)),
    ]
}

proptest! {
    /// Against a vector of the standard library.
    #[test]
    fn it_does_what_a_vector_does(steps in vec(step(), 0..60)) {
        let (mut pack, mut model) = (Listpack::default(), Vec::<Vec<u8>>::new());
        for step in steps {
            match step {
                Step::Insert(at, text) => {
                    let at = at % (model.len() + 1);
                    pack.insert(pack.place(at).unwrap_or(pack.end()), &text);
                    model.insert(at, text);
                }
                Step::Replace(at, text) if !model.is_empty() => {
                    let at = at % model.len();
                    pack.replace(pack.place(at).expect("it is there"), &text);
                    model[at] = text;
                }
                Step::Remove(at, count) if !model.is_empty() => {
                    let at = at % model.len();
                    pack.remove(pack.place(at).expect("it is there"), count);
                    model.drain(at..(at + count).min(model.len()));
                }
                _ => {}
            }
            prop_assert_eq!(texts(&pack), model.clone());
            prop_assert_eq!(pack.len(), model.len());
        }
        let again = Listpack::from_bytes(pack.as_bytes().to_vec());
        prop_assert_eq!(again, Ok(pack));
    }

    #[test]
    fn any_bytes_are_a_listpack_or_an_error(bytes in vec(any::<u8>(), 0..64), flips in vec((0_usize..64, any::<u8>()), 0..3)) {
        let mut pack: Listpack = bytes.chunks(5).collect();
        for (at, with) in flips {
            let length = pack.bytes.len();
            pack.bytes[at % length] ^= with;
        }
        if let Ok(pack) = Listpack::from_bytes(pack.bytes) {
            let forward = texts(&pack);
            let mut backward: Vec<_> = pack.iter().rev().map(Packed::to_vec).collect();
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }
    }
}
