//! Publish and subscribe.

use slotmesh_resp::{Protocol, ReplyWriter};

use crate::call::{Call, Handled};
use crate::error_reply::{ErrorReply, wrong_shape};
use crate::outcome::Outcome;
use crate::pubsub::Kind;
use crate::routing;
use crate::session::Session;
use crate::table::{Flag, Known};

/// Commands that a client may send while it listens, where RESP2 leaves no other way to tell replies from messages.
const WHILE_LISTENING: [&str; 9] =
    ["ping", "subscribe", "ssubscribe", "sunsubscribe", "unsubscribe", "psubscribe", "punsubscribe", "quit", "reset"];

/// Whether what the client receives are messages, so that a reply has to look like one.
pub(crate) fn is_listening(session: &Session) -> bool {
    session.protocol() == Protocol::Resp2 && session.client().is_subscribed()
}

/// Refuses commands that make no sense while a client listens, or is shown the requests of others.
pub(crate) fn check_listening(session: &Session, command: &Known) -> Result<(), ErrorReply> {
    let uses_keys = || [Flag::Readonly, Flag::Write].iter().any(|flag| command.spec.flags.contains(flag));
    if session.monitors && uses_keys() {
        return Err(ErrorReply::err("Replica can't interact with the keyspace"));
    }
    if !is_listening(session) || WHILE_LISTENING.contains(&command.full_name.as_str()) {
        return Ok(());
    }
    Err(ErrorReply::err(format!(
        "Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        command.full_name
    )))
}

/// Writes the message about a subscription that has begun or ended; the number is of those that are left.
pub(crate) fn write_confirmation(reply: &mut ReplyWriter<'_>, word: &str, name: Option<&[u8]>, told: usize) {
    reply.push(3);
    reply.bulk(word.as_bytes());
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.integer(i64::try_from(told).unwrap_or(i64::MAX));
}

pub(crate) fn subscribe(call: &mut Call<'_>) -> Handled {
    join(call, Kind::Channel)
}

pub(crate) fn psubscribe(call: &mut Call<'_>) -> Handled {
    join(call, Kind::Pattern)
}

pub(crate) fn ssubscribe(call: &mut Call<'_>) -> Handled {
    call.session.replied_by_push = true;
    for name in &call.args[1..] {
        let owner = |slot| routing::shard_owner(&call.server.view(), slot);
        let (told, owner) = call.server.pubsub.join_shard(call.now.mono, name, owner, call.session.client());
        write_confirmation(&mut call.reply(), Kind::Shard.joined(), Some(name), told);
        // The slot may have left since the request was let in, and whoever looked for its subscribers saw none.
        if owner.is_none() {
            call.server.pubsub.keep_slots(call.now.mono, |slot| routing::shard_owner(&call.server.view(), slot));
        }
    }
    Ok(Outcome::Continue)
}

fn join(call: &mut Call<'_>, kind: Kind) -> Handled {
    call.session.replied_by_push = true;
    for name in &call.args[1..] {
        let told = call.server.pubsub.join(kind, name, call.session.client());
        write_confirmation(&mut call.reply(), kind.joined(), Some(name), told);
    }
    Ok(Outcome::Continue)
}

pub(crate) fn unsubscribe(call: &mut Call<'_>) -> Handled {
    leave(call, Kind::Channel)
}

pub(crate) fn punsubscribe(call: &mut Call<'_>) -> Handled {
    leave(call, Kind::Pattern)
}

pub(crate) fn sunsubscribe(call: &mut Call<'_>) -> Handled {
    leave(call, Kind::Shard)
}

fn leave(call: &mut Call<'_>, kind: Kind) -> Handled {
    call.session.replied_by_push = true;
    if let [_, names @ ..] = call.args
        && !names.is_empty()
    {
        names.iter().for_each(|name| leave_one(call, kind, name));
        return Ok(Outcome::Continue);
    }
    let names = call.session.client().subscriptions.all(kind);
    names.iter().for_each(|name| leave_one(call, kind, name));
    if names.is_empty() {
        let told = call.session.client().subscriptions.told(kind);
        write_confirmation(&mut call.reply(), kind.left(), None, told);
    }
    Ok(Outcome::Continue)
}

fn leave_one(call: &mut Call<'_>, kind: Kind, name: &[u8]) {
    let told = call.server.pubsub.leave(kind, name, call.session.client());
    // What was published before goes before the word that nothing more will come.
    call.take_messages();
    write_confirmation(&mut call.reply(), kind.left(), Some(name), told);
}

pub(crate) fn publish(call: &mut Call<'_>) -> Handled {
    let (channel, message) = (call.args[1], call.args[2]);
    let receivers = call.server.pubsub.publish(call.now.mono, channel, message);
    published(call, false, receivers)
}

pub(crate) fn spublish(call: &mut Call<'_>) -> Handled {
    let (channel, message) = (call.args[1], call.args[2]);
    let receivers = call.server.pubsub.publish_shard(call.now.mono, channel, message);
    published(call, true, receivers)
}

fn published(call: &mut Call<'_>, shard: bool, receivers: usize) -> Handled {
    call.server.surroundings.publish(shard, call.args[1], call.args[2]);
    reply_count(call, receivers)?;
    Ok(Outcome::Published)
}

pub(crate) fn numpat(call: &mut Call<'_>) -> Handled {
    let count = call.server.pubsub.count(Kind::Pattern);
    reply_count(call, count)
}

fn reply_count(call: &mut Call<'_>, count: usize) -> Handled {
    call.reply().integer(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(Outcome::Continue)
}

pub(crate) fn channels(call: &mut Call<'_>) -> Handled {
    names(call, Kind::Channel)
}

pub(crate) fn shardchannels(call: &mut Call<'_>) -> Handled {
    names(call, Kind::Shard)
}

fn names(call: &mut Call<'_>, kind: Kind) -> Handled {
    let pattern = match call.args[2..] {
        [] => None,
        [pattern] => Some(pattern),
        _ => return Err(wrong_shape(call)),
    };
    let names = call.server.pubsub.names(kind, pattern);
    let mut reply = call.reply();
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(Outcome::Continue)
}

pub(crate) fn numsub(call: &mut Call<'_>) -> Handled {
    numbers(call, Kind::Channel)
}

pub(crate) fn shardnumsub(call: &mut Call<'_>) -> Handled {
    numbers(call, Kind::Shard)
}

fn numbers(call: &mut Call<'_>, kind: Kind) -> Handled {
    let names = &call.args[2..];
    call.reply().array(names.len() * 2);
    for name in names {
        let count = call.server.pubsub.listeners(kind, name);
        call.reply().bulk(name);
        reply_count(call, count)?;
    }
    Ok(Outcome::Continue)
}
