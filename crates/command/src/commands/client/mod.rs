//! CLIENT.

mod filter;

use std::sync::Arc;
use std::time::Duration;

use slotmesh_resp::parse_integer;

use filter::Filter;

use super::connection::client_attribute;
use crate::call::{Call, Handled, is_word};
use crate::client::{Client, Settings};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::pause::{Held, PauseReason};
use crate::session::Replies;
use crate::turn::Turn;

pub(crate) fn id(call: &mut Call<'_>) -> Handled {
    let id = call.session.client().id;
    call.reply().integer(i64::try_from(id).unwrap_or(i64::MAX));
    Ok(Outcome::Continue)
}

pub(crate) fn getname(call: &mut Call<'_>) -> Handled {
    let name = call.session.client().settings().name.clone();
    let mut reply = call.reply();
    if name.is_empty() {
        reply.null();
    } else {
        reply.bulk(&name);
    }
    Ok(Outcome::Continue)
}

pub(crate) fn setname(call: &mut Call<'_>) -> Handled {
    let name = client_attribute("Client names", call.args[2])?;
    call.session.change(|settings| settings.name = name.to_vec());
    call.ok()
}

pub(crate) fn setinfo(call: &mut Call<'_>) -> Handled {
    let (option, value) = (call.args[2], call.args[3]);
    let field: fn(&mut Settings) -> &mut Vec<u8> = if is_word(option, "lib-name") {
        |settings| &mut settings.lib_name
    } else if is_word(option, "lib-ver") {
        |settings| &mut settings.lib_ver
    } else {
        return Err(ErrorReply::echo(&[b"Unrecognized option '", option, b"'"]));
    };
    let value = client_attribute(&String::from_utf8_lossy(option), value)?;
    call.session.change(|settings| *field(settings) = value.to_vec());
    call.ok()
}

pub(crate) fn info(call: &mut Call<'_>) -> Handled {
    let mut text = Vec::new();
    call.session.client().write_line(call.now, &mut text);
    call.reply().verbatim("txt", &text);
    Ok(Outcome::Continue)
}

pub(crate) fn list(call: &mut Call<'_>) -> Handled {
    let filter = Filter::parse(&call.args[2..])?;
    let mut text = Vec::new();
    for client in chosen(call, &filter, false) {
        client.write_line(call.now, &mut text);
    }
    call.reply().verbatim("txt", &text);
    Ok(Outcome::Continue)
}

fn chosen(call: &Call<'_>, filter: &Filter, skip_me: bool) -> Vec<Arc<Client>> {
    let me = call.session.client().id;
    let skip_me = filter.skip_me.unwrap_or(skip_me);
    let mut clients = call.server.clients.all();
    clients.retain(|client| !(skip_me && client.id == me) && filter.matches(client, call.now));
    clients
}

pub(crate) fn kill(call: &mut Call<'_>) -> Handled {
    let me = call.session.client().id;
    let old_form = call.args.len() == 3;
    let doomed = if old_form {
        let filter = Filter::of_address(call.args[2]);
        let mut doomed = chosen(call, &filter, false);
        doomed.truncate(1);
        doomed
    } else {
        chosen(call, &Filter::parse(&call.args[2..])?, true)
    };
    for client in doomed.iter().filter(|client| client.id != me) {
        client.kill();
    }
    match (old_form, doomed.len()) {
        (true, 0) => return Err(ErrorReply::err("No such client")),
        (true, _) => call.reply().simple("OK"),
        (false, count) => call.reply().integer(i64::try_from(count).unwrap_or(i64::MAX)),
    }
    let suicide = doomed.iter().any(|client| client.id == me);
    Ok(if suicide { Outcome::Close } else { Outcome::Continue })
}

pub(crate) fn reply(call: &mut Call<'_>) -> Handled {
    let mode = call.args[2];
    if is_word(mode, "on") {
        call.session.replies = Replies::On;
        return call.ok();
    }
    if is_word(mode, "off") {
        call.session.replies = Replies::Off;
    } else if !is_word(mode, "skip") {
        return Err(ErrorReply::syntax());
    } else if call.session.replies != Replies::Off {
        call.session.replies = Replies::SkipNext;
    }
    Ok(Outcome::Continue)
}

pub(crate) fn unblock(call: &mut Call<'_>) -> Handled {
    let is_error = match call.args[3..] {
        [] => false,
        [word] if is_word(word, "timeout") => false,
        [word] if is_word(word, "error") => true,
        _ => return Err(ErrorReply::err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    let id = numbers::integer(call.args[2])?;
    let client = u64::try_from(id).ok().and_then(|id| call.server.clients.get(id));
    let waiter = client.and_then(|client| client.waiter().clone());
    let ended = waiter.is_some_and(|waiter| {
        let error = is_error.then(|| ErrorReply::new("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
        Turn::new(call.server, waiter.slot, call.now).end_wait(&waiter, error.as_ref())
    });
    call.reply().integer(i64::from(ended));
    Ok(Outcome::Continue)
}

pub(crate) fn no_evict(call: &mut Call<'_>) -> Handled {
    let on = on_or_off(call.args[2])?;
    call.session.change(|settings| settings.no_evict = on);
    call.ok()
}

/// What a client says that it can do. Others than these are no error, so that clients need not ask first.
pub(crate) fn capa(call: &mut Call<'_>) -> Handled {
    if call.args[2..].iter().any(|word| is_word(word, "redirect")) {
        call.session.change(|settings| settings.capa_redirect = true);
    }
    call.ok()
}

/// There is no import mode (the directive `import-mode` says so at start).
pub(crate) fn import_source(_: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err("Server is not in import mode"))
}

pub(crate) fn no_touch(call: &mut Call<'_>) -> Handled {
    let on = on_or_off(call.args[2])?;
    call.session.change(|settings| settings.no_touch = on);
    call.ok()
}

pub(crate) fn pause(call: &mut Call<'_>) -> Handled {
    let held = match call.args[3..] {
        [word] if is_word(word, "write") => Held::Writes,
        [word] if !is_word(word, "all") => return Err(ErrorReply::err("CLIENT PAUSE mode must be WRITE or ALL")),
        // Real servers do not look at a mode that has more words behind it.
        _ => Held::All,
    };
    let millis = parse_integer(call.args[2])
        .ok_or_else(|| ErrorReply::err("timeout is not an integer or out of range"))
        .and_then(|millis| u64::try_from(millis).map_err(|_| ErrorReply::err("timeout is negative")))?;
    if i64::try_from(call.now.unix.0.saturating_add(millis)).is_err() {
        return Err(ErrorReply::err("timeout is out of range"));
    }
    let until = call.now.mono.after(Duration::from_millis(millis));
    call.server.begin_pause(PauseReason::Operator, held, until, call.now);
    call.ok()
}

pub(crate) fn unpause(call: &mut Call<'_>) -> Handled {
    call.server.end_pause(PauseReason::Operator, call.now);
    call.ok()
}

fn on_or_off(word: &[u8]) -> Result<bool, ErrorReply> {
    match (is_word(word, "on"), is_word(word, "off")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(ErrorReply::syntax()),
    }
}
