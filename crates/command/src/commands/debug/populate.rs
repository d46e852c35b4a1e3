//! DEBUG POPULATE: many keys at once.

use slotmesh_store::Expiry;
use slotmesh_types::key_slot;

use crate::call::{Call, Handled};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::turn::Turn;

/// Makes texts of the keys `<prefix>:<number>`, in whatever slots these are; those that are there stay as they are.
pub(super) fn populate(call: &mut Call<'_>) -> Handled {
    let count = numbers::count(call.args[2])?;
    let prefix = call.args.get(3).copied().unwrap_or(b"key");
    let bytes = call.args.get(4).map_or(Ok(0), |word| numbers::count(word))?;
    if bytes > call.server.settings.load().text_bytes {
        return Err(ErrorReply::err("string exceeds maximum allowed size (proto-max-bulk-len)"));
    }
    for number in 0..count {
        let key = [prefix, format!(":{number}").as_bytes()].concat();
        let mut text = format!("value:{number}").into_bytes();
        if bytes > 0 {
            text.resize(bytes, 0);
        }
        Turn::new(call.server, key_slot(&key), call.now).with_keys(|db| {
            if !db.is_there(&key) {
                db.set_text(&key, &text, Expiry::Never);
            }
        });
    }
    call.ok()
}
