//! Transactions: requests are kept from MULTI on, and executed together by EXEC.

use std::sync::Arc;

use slotmesh_resp::ReplyWriter;
use slotmesh_types::Now;

use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::eviction::check_room;
use crate::execute::{Refusal, admit, admit_keyed, check_writable, refuse, run, run_keyed};
use crate::outcome::Outcome;
use crate::output::Output;
use crate::server::Server;
use crate::session::Session;
use crate::table::{Flag, Known, Run};
use crate::turn::Turn;
use crate::watched::Watched;

/// From so many bytes of replies on, a transaction lets them leave before it goes on: whoever does not read is not served
/// on, and what waits for him stays small.
const EXEC_BYTES: usize = 64 * 1024;

/// Keeps a request for EXEC, unless it could not run now.
pub(crate) fn enqueue(
    server: &Server,
    session: &mut Session,
    now: Now,
    command: &'static Known,
    args: &[&[u8]],
    out: &mut Output,
) -> Outcome {
    let name = &command.full_name;
    let allowed = if command.spec.flags.contains(&Flag::NoMulti) {
        Err(ErrorReply::err(format!("Command '{name}' not allowed inside a transaction")).into())
    } else {
        let room = check_room(server, now, || command.spec.flags.contains(&Flag::Denyoom));
        admit(server, session, now, command, args).and(room.map_err(Refusal::Error))
    };
    if allowed.is_ok()
        && let Some(time) = server.pause.holds(session.client(), command, now.mono)
    {
        return session.postpone(time);
    }
    session.client().note_command(command);
    let max = server.query_bytes();
    let protocol = session.protocol();
    let Some(transaction) = session.transaction() else { return Outcome::Continue };
    let allowed = match allowed {
        Err(Refusal::Error(error)) => Err(error),
        // What is on its way now may have arrived when EXEC comes.
        Ok(()) | Err(Refusal::Held) => Ok(()),
    };
    let kept = allowed.and_then(|()| {
        // What EXEC will not execute needs no room.
        let fits = transaction.failed || transaction.push(command, args, max);
        if fits { Ok(()) } else { Err(ErrorReply::err("the transaction is too long (client-query-buffer-limit)")) }
    });
    match kept {
        Ok(()) => ReplyWriter::new(out.own(), protocol).simple("QUEUED"),
        Err(error) => {
            transaction.failed = true;
            server.stats.add_rejected(command);
            refuse(server, &error, out);
        }
    }
    session.show_transaction();
    Outcome::Continue
}

/// A request that names nothing spoils a transaction; an EXEC with arguments ends it.
pub(crate) fn spoil(server: &Server, session: &mut Session, now: Now, args: &[&[u8]], error: ErrorReply) -> ErrorReply {
    if is_word(args[0], "exec") {
        end(server, session, now);
        return aborted(&error);
    }
    if let Some(transaction) = session.transaction() {
        transaction.failed = true;
    }
    error
}

/// Ends the transaction, if there is one, and watches no key any more. No lock of keys may be held.
fn end(server: &Server, session: &mut Session, now: Now) {
    session.set_transaction(None);
    session.unwatch(server, now);
}

/// What EXEC replies when it is refused.
fn aborted(reason: &ErrorReply) -> ErrorReply {
    let text = reason.text();
    let text = text.strip_prefix(b"ERR ").unwrap_or(text);
    ErrorReply::new([b"EXECABORT Transaction discarded because of: ", text].concat())
}

/// EXEC: judges what was kept as one request, and executes it under the lock of its slot.
pub(crate) fn exec(
    server: &Server,
    session: &mut Session,
    now: Now,
    command: &'static Known,
    args: &[&[u8]],
    out: &mut Output,
) -> Outcome {
    if let Some(watched) = &session.watched {
        watched.look(server, now);
    }
    let room = check_room(server, now, || session.transaction().is_some_and(|kept| kept.has(Flag::Denyoom)));
    let admitted = admit(server, session, now, command, args).map_err(|refusal| match refusal {
        Refusal::Error(error) => Refusal::Error(aborted(&error)),
        Refusal::Held => Refusal::Held,
    });
    let admitted = admitted.and_then(|()| admit_queued(server, session, now));
    let outcome = match admitted.and_then(|turn| room.map(|()| turn).map_err(|error| aborted(&error).into())) {
        Ok(turn) => {
            let client = Arc::clone(session.client());
            let is_write = || session.transaction().is_some_and(|transaction| transaction.is_told_to_others());
            if let Some(time) = server.pause.holds_if(&client, is_write, now.mono) {
                return session.postpone(time);
            }
            session.ran = Some(command);
            let outcome = run(server, session, now, command, args, out);
            if session.is_executing() { run_queued(server, session, now, turn, out) } else { outcome }
        }
        Err(Refusal::Held) => return Outcome::Held,
        Err(Refusal::Error(error)) => {
            server.stats.add_rejected(command);
            session.set_transaction(None);
            refuse(server, &error, out);
            Outcome::Continue
        }
    };
    if session.transaction().is_none() {
        session.unwatch(server, now);
    }
    outcome
}

/// Executes what was kept for EXEC, up to the next question, or until something has to leave first. On keys it works under
/// one lock, which is released only where a request has to wait for others, or looks at all keys itself.
pub(crate) fn run_queued<'s>(
    server: &'s Server,
    session: &mut Session,
    now: Now,
    mut turn: Option<Turn<'s>>,
    out: &mut Output,
) -> Outcome {
    while let Some(transaction) = session.transaction() {
        if out.len() >= EXEC_BYTES && turn.is_none() {
            return Outcome::Flush;
        }
        let Some((command, request)) = transaction.pop() else {
            let outcome = std::mem::replace(&mut transaction.end, Outcome::Continue);
            drop(turn);
            end(server, session, now);
            if let Some(exec) = session.ran {
                // What it has executed is part of it: others see EXEC as the last command.
                session.client().note_command(exec);
                if server.monitors.any() {
                    server.monitors.show(server.pubsub.limits(), now, session.client(), exec, &[b"EXEC"]);
                }
            }
            return outcome;
        };
        let args: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
        let begun = server.surroundings.now().mono;
        let outcome = match command.spec.run {
            Some(Run::Keyed(handler)) => match turn_of(server, session, now, turn.take(), (command, &args)) {
                Ok(same) => {
                    note_keys_used(session);
                    run_keyed(turn.insert(same), session, (command, handler), &args, false, out)
                }
                Err(Refusal::Held) => {
                    drop(args);
                    if let Some(transaction) = session.transaction() {
                        transaction.put_back(command, request);
                    }
                    return Outcome::Held;
                }
                Err(Refusal::Error(error)) => {
                    refuse(server, &error, out);
                    Outcome::Continue
                }
            },
            Some(Run::Wide(_)) => {
                turn = None;
                run(server, session, now, command, &args, out)
            }
            Some(Run::Plain(_)) | None => run(server, session, now, command, &args, out),
        };
        server.stats.add_time(command, server.surroundings.now().mono.since(begun));
        match outcome {
            // What is published finds room at the end: nothing comes between the changes of one transaction.
            Outcome::Published if turn.is_some() => note_end(session, Outcome::Published),
            wait @ (Outcome::Ask(_) | Outcome::Published | Outcome::Flush) => return wait,
            end @ (Outcome::Close | Outcome::Shutdown) => note_end(session, end),
            Outcome::Continue | Outcome::Wait(_) | Outcome::Held | Outcome::Postponed(_) => {}
        }
        if out.len() >= EXEC_BYTES && is_too_much(server, session, now, out) {
            return Outcome::Close;
        }
    }
    Outcome::Continue
}

/// The turn at the slot of a request: the one that lasts, or where that was given up in the middle of a transaction a new one, if
/// the slot is still served here, and if no key that is watched has changed before the transaction came to the first of its own.
fn turn_of<'s>(
    server: &'s Server,
    session: &mut Session,
    now: Now,
    turn: Option<Turn<'s>>,
    (command, args): (&'static Known, &[&[u8]]),
) -> Result<Turn<'s>, Refusal> {
    if let Some(turn) = turn {
        return Ok(turn);
    }
    let turn = admit_keyed(server, session, now, command, args)?;
    let untouched = session.transaction().is_some_and(|transaction| !transaction.uses_keys);
    if untouched && session.watched.as_ref().is_some_and(Watched::is_broken) {
        return Err(ErrorReply::new("EXECABORT A watched key has changed while the transaction waited").into());
    }
    Ok(turn)
}

fn note_keys_used(session: &mut Session) {
    if let Some(transaction) = session.transaction() {
        transaction.uses_keys = true;
    }
}

/// The first word about the end holds: a connection that has to close does.
fn note_end(session: &mut Session, end: Outcome) {
    if let Some(transaction) = session.transaction()
        && matches!(transaction.end, Outcome::Continue | Outcome::Published)
    {
        transaction.end = end;
    }
}

/// Whether the reply grows beyond what the client may have waiting; then its connection is ending.
pub(crate) fn is_too_much(server: &Server, session: &Session, now: Now, out: &Output) -> bool {
    let client = session.client();
    client.set_buffered(out.len());
    client.check_limits(server.pubsub.limits(), now.mono)
}

/// Whether what was kept for EXEC may still run here and now, judged as one request, and the turn at the slot of its keys. What
/// is wrong with the transaction itself is told by EXEC.
fn admit_queued<'s>(server: &'s Server, session: &mut Session, now: Now) -> Result<Option<Turn<'s>>, Refusal> {
    let client = Arc::clone(session.client());
    let (family, asker, mut turn) = (session.family(), session.asker(), None);
    let Some(transaction) = session.transaction().filter(|transaction| !transaction.failed) else { return Ok(None) };
    if let Some(slot) = transaction.one_slot().map_err(|error| error.reply(server.audience(family)))? {
        let held = turn.insert(Turn::new(server, slot, now));
        held.admit(asker, family, transaction.access(), |is_here| transaction.presence(is_here))?;
        if held.has_transits() && transaction.has(Flag::Write) && held.hold(&client, transaction.keys().into_iter()) {
            return Err(Refusal::Held);
        }
    }
    if transaction.has(Flag::Write) {
        check_writable(server).map_err(|error| aborted(&error))?;
    }
    let broken = session.watched.as_ref().is_some_and(Watched::is_broken);
    if let Some(transaction) = session.transaction() {
        transaction.broken = broken;
    }
    Ok(turn)
}
