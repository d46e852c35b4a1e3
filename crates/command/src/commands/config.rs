//! CONFIG.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::outcome::{Outcome, Question};

/// A name is shown as it was typed, what a pattern finds as it is written here. Works on a copy: however many patterns
/// there are, nobody who wants the configuration waits for them.
pub(crate) fn get(call: &mut Call<'_>) -> Handled {
    let config = call.server.config().clone();
    let mut found: BTreeMap<&'static str, (String, String)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for pattern in &call.args[2..] {
        if !seen.insert(*pattern) {
            continue;
        }
        let pattern = String::from_utf8_lossy(pattern);
        let is_name = !pattern.contains(['[', '*', '?']);
        for (name, value) in config.get(&pattern) {
            let shown = if is_name { &*pattern } else { name };
            found.entry(name).or_insert_with(|| (shown.to_owned(), value.to_owned()));
        }
    }
    let mut reply = call.reply();
    reply.map(found.len());
    for (name, value) in found.values() {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
    Ok(Outcome::Continue)
}

/// Values are texts: one that is none is refused, since another one than was said would hold, of which nobody knows.
pub(crate) fn set(call: &mut Call<'_>) -> Handled {
    let (words, []) = call.args[2..].as_chunks::<2>() else { return Err(ErrorReply::syntax()) };
    let mut pairs = Vec::new();
    for [name, value] in words {
        let value = str::from_utf8(value).map_err(|_| {
            let reason = b"' - the value has to be text in UTF-8";
            ErrorReply::echo(&[b"CONFIG SET failed (possibly related to argument '", name, reason])
        })?;
        pairs.push((String::from_utf8_lossy(name), value));
    }
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, *value)).collect();
    // Whoever sets them looks again: another change may come between.
    call.server.config().clone().set(&pairs).map_err(|error| ErrorReply::err(error.to_string()))?;
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Outcome::Ask(Question::SetConfig(pairs.collect())))
}

pub(crate) fn resetstat(call: &mut Call<'_>) -> Handled {
    call.server.stats.clear();
    call.server.disposal.reset();
    call.server.keyspace.reset_usage();
    call.ok()
}

pub(crate) fn rewrite(call: &mut Call<'_>) -> Handled {
    if call.server.process.config_file.is_empty() {
        return Err(ErrorReply::err("The server is running without a config file"));
    }
    Ok(Outcome::Ask(Question::RewriteConfig))
}
