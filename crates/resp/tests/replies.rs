//! Replies: what a writer writes, a client reads.

use proptest::prelude::*;
use slotmesh_resp::{Protocol, ReplyWriter, Value, ValueError};

fn written(protocol: Protocol, write: impl FnOnce(&mut ReplyWriter<'_>)) -> String {
    let mut out = Vec::new();
    write(&mut ReplyWriter::new(&mut out, protocol));
    String::from_utf8(out).expect("replies of this test are text")
}

#[test]
fn each_protocol_has_its_own_forms() {
    let (two, three) = (Protocol::Resp2, Protocol::Resp3);
    assert_eq!(written(two, |w| w.map(1)), "*2\r\n");
    assert_eq!(written(three, |w| w.map(1)), "%1\r\n");
    assert_eq!(
        written(two, |w| {
            w.null();
        }),
        "$-1\r\n"
    );
    assert_eq!(
        written(three, |w| {
            w.null();
        }),
        "_\r\n"
    );
    assert_eq!(written(two, |w| w.verbatim("txt", b"a")), "$1\r\na\r\n");
    assert_eq!(written(three, |w| w.verbatim("txt", b"a")), "=5\r\ntxt:a\r\n");
    assert_eq!(written(two, |w| w.double(1.5)), "$3\r\n1.5\r\n");
    assert_eq!(written(three, |w| w.double(f64::NEG_INFINITY)), ",-inf\r\n");
    assert_eq!(written(two, |w| w.error("ERR a\r\nb")), "-ERR a  b\r\n");
}

#[test]
fn nesting_has_an_end() {
    assert_eq!(Value::parse(&b"*1\r\n".repeat(200)), Err(ValueError::Depth));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bulk),
        any::<bool>().prop_map(Value::Boolean),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((inner.clone(), inner), 0..4).prop_map(Value::Map),
        ]
    })
}

fn write(value: &Value, writer: &mut ReplyWriter<'_>) {
    match value {
        Value::Integer(value) => writer.integer(*value),
        Value::Bulk(bytes) => writer.bulk(bytes),
        Value::Boolean(value) => writer.boolean(*value),
        Value::Array(items) => {
            writer.array(items.len());
            items.iter().for_each(|item| write(item, writer));
        }
        Value::Map(pairs) => {
            writer.map(pairs.len());
            for (key, value) in pairs {
                write(key, writer);
                write(value, writer);
            }
        }
        _ => writer.null(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in values()) {
        let mut out = Vec::new();
        write(&value, &mut ReplyWriter::new(&mut out, Protocol::Resp3));
        prop_assert_eq!(Value::parse(&out), Ok(Some((value, out.len()))));
        for cut in 0..out.len() {
            prop_assert_eq!(Value::parse(&out[..cut]), Ok(None));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(input in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Value::parse(&input);
    }
}
