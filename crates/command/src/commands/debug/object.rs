//! DEBUG OBJECT: how a key's value is kept.

use slotmesh_store::{ListRef, NodeRef, ValueRef};
use slotmesh_types::key_slot;

use crate::call::{Call, Handled, is_word};
use crate::commands::keys::encoding;
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::turn::Turn;

/// Bytes of a payload of DUMP besides the value itself: its type before, version and checksum behind it.
const BYTES_AROUND_VALUE: usize = 1 + 2 + 8;

/// Bits of the clock, in seconds, that real servers keep with each key.
const CLOCK_MASK: u64 = 0xff_ffff;

pub(super) fn object(call: &mut Call<'_>) -> Handled {
    let (server, key) = (call.server, call.args[2]);
    let is_fast = call.args.get(3).is_some_and(|word| is_word(word, "fast"));
    let (limit, depth) = {
        let config = server.config();
        (config.number("list-max-listpack-size"), config.number("list-compress-depth"))
    };
    let counts_uses = server.settings.load().counts_uses();
    let line = Turn::new(server, key_slot(key), call.now).with_keys(|db| {
        let (idle, frequency, expires) = (db.idle_seconds(key)?, db.frequency(key)?, db.expires(key));
        let clock = (db.now() / 1000).saturating_sub(idle) & CLOCK_MASK;
        let value = db.get(key)?;
        // Where in memory is told to nobody.
        let mut line = format!("Value at:0x0 refcount:1 encoding:{}", encoding(key, value, expires));
        if !is_fast {
            let bytes = slotmesh_rdb::dump(value).len() - BYTES_AROUND_VALUE;
            line += &format!(" serializedlength:{bytes}");
        }
        if counts_uses {
            line += &format!(" lfu_freq:{frequency}");
        } else {
            line += &format!(" lru:{clock} lru_seconds_idle:{idle}");
        }
        if let ValueRef::List(list) = value
            && list.encoding() == "quicklist"
        {
            line += &nodes(list, limit, depth, is_fast);
        }
        Some(line)
    });
    let line = line.ok_or_else(ErrorReply::no_such_key)?;
    call.reply().simple(&line);
    Ok(Outcome::Continue)
}

/// Of what a list consists.
fn nodes(list: ListRef<'_>, limit: i64, depth: i64, is_fast: bool) -> String {
    let count = list.nodes().len();
    let average = list.len() as f64 / count as f64;
    let is_compressed = u8::from(depth != 0);
    let mut text =
        format!(" ql_nodes:{count} ql_avg_node:{average:.2} ql_listpack_max:{limit} ql_compressed:{is_compressed}");
    if !is_fast {
        let bytes = |node| match node {
            NodeRef::Packed(pack) => pack.as_bytes().len(),
            NodeRef::Plain(text) => text.len(),
        };
        text += &format!(" ql_uncompressed_size:{}", list.nodes().map(bytes).sum::<usize>());
    }
    text
}
