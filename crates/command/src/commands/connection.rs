//! The group `connection`, CLIENT aside; ASKING, READONLY and READWRITE.

use slotmesh_resp::{Protocol, parse_integer};

use super::pubsub::is_listening;
use crate::call::{Call, Handled, is_word};
use crate::commands::numbers;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::outcome::Outcome;
use crate::server::VALKEY_VERSION;

/// The one user there is. While no password is set, any password is his.
pub(super) const DEFAULT_USER: &[u8] = b"default";

pub(crate) fn ping(call: &mut Call<'_>) -> Handled {
    match *call.args {
        [_] | [_, _] if is_listening(call.session) => {
            let message = call.args.get(1).copied().unwrap_or_default();
            let mut reply = call.reply();
            reply.array(2);
            reply.bulk(b"pong");
            reply.bulk(message);
        }
        [_] => call.reply().simple("PONG"),
        [_, message] => call.reply().bulk(message),
        _ => return Err(wrong_number(call.command)),
    }
    Ok(Outcome::Continue)
}

pub(crate) fn echo(call: &mut Call<'_>) -> Handled {
    let message = call.args[1];
    call.reply().bulk(message);
    Ok(Outcome::Continue)
}

pub(crate) fn quit(call: &mut Call<'_>) -> Handled {
    call.reply().simple("OK");
    Ok(Outcome::Close)
}

pub(crate) fn reset(call: &mut Call<'_>) -> Handled {
    call.session.unwatch(call.server, call.now);
    call.session.reset(call.server);
    // What was published before goes before the reply: a client does not expect it after that.
    call.take_messages();
    call.reply().simple("RESET");
    Ok(Outcome::Continue)
}

pub(crate) fn select(call: &mut Call<'_>) -> Handled {
    let index = numbers::integer(call.args[1])?;
    if i32::try_from(index).is_err() {
        return Err(ErrorReply::err("value is out of range, value must between -2147483648 and 2147483647"));
    }
    if index != 0 {
        return Err(ErrorReply::err("DB index is out of range"));
    }
    call.ok()
}

pub(crate) fn auth(call: &mut Call<'_>) -> Handled {
    match *call.args {
        [_, _] if !call.server.has_password() => Err(ErrorReply::err(
            "AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?",
        )),
        [_, password] => authenticate(call, DEFAULT_USER, password),
        [_, user, password] => authenticate(call, user, password),
        _ => Err(ErrorReply::syntax()),
    }?;
    call.ok()
}

/// Who fails stays who he was.
fn authenticate(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> Result<(), ErrorReply> {
    let server = call.server;
    if user == DEFAULT_USER && (!server.has_password() || server.accepts_password(password)) {
        call.session.authenticated = true;
        return Ok(());
    }
    server.stats.auth_failures.add(1);
    Err(ErrorReply::new("WRONGPASS invalid username-password pair or user is disabled."))
}

pub(crate) fn hello(call: &mut Call<'_>) -> Handled {
    let (mut user, mut name) = (None, None);
    let protocol = match call.args.get(1) {
        None => call.session.protocol(),
        Some(version) => protocol_of(version)?,
    };
    let mut rest = call.args.get(2..).unwrap_or_default();
    while let [option, values @ ..] = rest {
        rest = if is_word(option, "auth") && values.len() >= 2 {
            user = Some((values[0], values[1]));
            &values[2..]
        } else if is_word(option, "setname") && !values.is_empty() {
            name = Some(client_attribute("Client names", values[0])?);
            &values[1..]
        } else {
            return Err(ErrorReply::echo(&[b"Syntax error in HELLO option '", option, b"'"]));
        };
    }
    if let Some((user, password)) = user {
        authenticate(call, user, password)?;
    }
    if call.session.is_locked_out(call.server) {
        return Err(ErrorReply::new(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> \
             <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    call.session.change(|settings| {
        settings.protocol = protocol;
        if let Some(name) = name {
            settings.name = name.to_vec();
        }
    });
    // What was published before is written for the protocol before.
    call.take_messages();
    greet(call);
    Ok(Outcome::Continue)
}

fn protocol_of(version: &[u8]) -> Result<Protocol, ErrorReply> {
    match parse_integer(version) {
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(ErrorReply::new("NOPROTO unsupported protocol version")),
        None => Err(ErrorReply::err("Protocol version is not an integer or out of range")),
    }
}

fn greet(call: &mut Call<'_>) {
    let id = call.session.client().id;
    let role = if call.server.view().me().facts.is_primary() { "master" } else { "replica" };
    let zone = call.server.config().text("availability-zone").to_owned();
    let mut reply = call.reply();
    let protocol = if reply.protocol() == Protocol::Resp3 { 3 } else { 2 };
    reply.map(7 + usize::from(!zone.is_empty()));
    for (name, value) in [("server", "valkey"), ("version", VALKEY_VERSION)] {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"proto");
    reply.integer(protocol);
    reply.bulk(b"id");
    reply.integer(i64::try_from(id).unwrap_or(i64::MAX));
    for (name, value) in [("mode", "cluster"), ("role", role)] {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"modules");
    reply.array(0);
    if !zone.is_empty() {
        reply.bulk(b"availability_zone");
        reply.bulk(zone.as_bytes());
    }
}

/// A name that CLIENT LIST can show: nothing, or printable characters without spaces.
pub(crate) fn client_attribute<'a>(what: &str, value: &'a [u8]) -> Result<&'a [u8], ErrorReply> {
    if value.iter().all(u8::is_ascii_graphic) {
        Ok(value)
    } else {
        Err(ErrorReply::echo(&[what.as_bytes(), b" cannot contain spaces, newlines or special characters."]))
    }
}

pub(crate) fn asking(call: &mut Call<'_>) -> Handled {
    call.session.set_asking(true);
    call.ok()
}

pub(crate) fn readonly(call: &mut Call<'_>) -> Handled {
    call.session.change(|settings| settings.readonly = true);
    call.ok()
}

pub(crate) fn readwrite(call: &mut Call<'_>) -> Handled {
    call.session.change(|settings| settings.readonly = false);
    call.ok()
}
