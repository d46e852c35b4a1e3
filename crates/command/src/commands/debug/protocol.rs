//! DEBUG PROTOCOL: a reply of each type, for those who write clients.

use slotmesh_resp::Protocol;

use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(super) fn protocol(call: &mut Call<'_>) -> Handled {
    let name = call.args[2].to_ascii_lowercase();
    let protocol = call.session.protocol();
    let mut reply = call.reply();
    match name.as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.integer(12_345),
        b"double" => reply.double_text("3.141"),
        b"bignum" if protocol == Protocol::Resp3 => reply.raw(b"(1234567999999999999999999999999999999\r\n"),
        b"bignum" => reply.bulk(b"1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if protocol == Protocol::Resp3 {
                reply.raw(b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");
            }
            // What it is an attribute of.
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if protocol == Protocol::Resp2 => {
            return Err(ErrorReply::err("RESP2 is not supported by this command"));
        }
        b"push" => {
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.integer(42);
            // What is pushed is no reply.
            reply.bulk(b"Some real reply following the push reply");
        }
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => {
            return Err(ErrorReply::err(
                "Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(Outcome::Continue)
}
