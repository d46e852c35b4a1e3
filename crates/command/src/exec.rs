//! Transactions: requests are kept from MULTI on, and executed together by EXEC.

use slotmesh_resp::ReplyWriter;
use slotmesh_types::Now;

use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::execute::{admit, admit_keyed, check_writable, refuse, run, run_keyed};
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
        Err(ErrorReply::err(format!("Command '{name}' not allowed inside a transaction")))
    } else {
        admit(server, session, now, command, args)
    };
    session.client().note_command(command);
    let max = usize::try_from(server.config().number("client-query-buffer-limit")).unwrap_or(usize::MAX);
    let protocol = session.protocol();
    let Some(transaction) = session.transaction() else { return Outcome::Continue };
    let kept = allowed.and_then(|()| {
        let fits = transaction.push(command, args, max);
        if fits { Ok(()) } else { Err(ErrorReply::err("the transaction is too long (client-query-buffer-limit)")) }
    });
    match kept {
        Ok(()) => ReplyWriter::new(out.own(), protocol).simple("QUEUED"),
        Err(error) => {
            transaction.failed = true;
            server.stats.of(command).rejected.add(1);
            refuse(server, &error, out);
        }
    }
    session.show_transaction();
    Outcome::Continue
}

/// A request that names nothing spoils a transaction; an EXEC with arguments ends it.
pub(crate) fn spoil(session: &mut Session, args: &[&[u8]], error: ErrorReply) -> ErrorReply {
    if is_word(args[0], "exec") {
        session.set_transaction(None);
        return aborted(&error);
    }
    if let Some(transaction) = session.transaction() {
        transaction.failed = true;
    }
    error
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
    let watched = session.watched.take().unwrap_or_default();
    watched.look(server, now);
    let admitted = admit(server, session, now, command, args).map_err(|error| aborted(&error));
    let outcome = match admitted.and_then(|()| admit_queued(server, session, now, &watched)) {
        Ok(turn) => {
            session.ran = Some(command);
            let outcome = run(server, session, now, command, args, out);
            if session.is_executing() { run_queued(server, session, now, turn, out) } else { outcome }
        }
        Err(error) => {
            server.stats.of(command).rejected.add(1);
            session.set_transaction(None);
            refuse(server, &error, out);
            Outcome::Continue
        }
    };
    watched.give_up(server, now);
    session.show_transaction();
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
            let end = std::mem::replace(&mut transaction.end, Outcome::Continue);
            session.set_transaction(None);
            // What it has executed is part of it: others see EXEC as the last command.
            if let Some(exec) = session.ran {
                session.client().note_command(exec);
            }
            return end;
        };
        let args: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
        let outcome = match command.spec.run {
            Some(Run::Keyed(handler)) => match turn_of(server, session, now, turn.take(), (command, &args)) {
                Ok(same) => run_keyed(turn.insert(same), session, (command, handler), &args, false, out),
                Err(error) => {
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
        match outcome {
            // What is published finds room at the end: nothing comes between the changes of one transaction.
            Outcome::Published if turn.is_some() => note_end(session, Outcome::Published),
            wait @ (Outcome::Ask(_) | Outcome::Published | Outcome::Flush) => return wait,
            end @ (Outcome::Close | Outcome::Shutdown) => note_end(session, end),
            Outcome::Continue | Outcome::Wait(_) => {}
        }
        if out.len() >= EXEC_BYTES && is_too_much(server, session, now, out) {
            return Outcome::Close;
        }
    }
    Outcome::Continue
}

/// The turn at the slot of a request: the one that lasts, or where that was given up in the middle of a transaction a new one, if
/// the slot is still served here.
fn turn_of<'s>(
    server: &'s Server,
    session: &Session,
    now: Now,
    turn: Option<Turn<'s>>,
    (command, args): (&'static Known, &[&[u8]]),
) -> Result<Turn<'s>, ErrorReply> {
    turn.map_or_else(|| admit_keyed(server, session, now, command, args), Ok)
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
fn is_too_much(server: &Server, session: &Session, now: Now, out: &Output) -> bool {
    let client = session.client();
    client.set_buffered(out.len());
    client.check_limits(server.pubsub.limits(), now.mono)
}

/// Whether what was kept for EXEC may still run here and now, judged as one request, and the turn at the slot of its keys. What
/// is wrong with the transaction itself is told by EXEC.
fn admit_queued<'s>(
    server: &'s Server,
    session: &mut Session,
    now: Now,
    watched: &Watched,
) -> Result<Option<Turn<'s>>, ErrorReply> {
    let (audience, asker, mut turn) = (server.audience(session), session.asker(), None);
    let Some(transaction) = session.transaction().filter(|transaction| !transaction.failed) else { return Ok(None) };
    if let Some(slot) = transaction.one_slot().map_err(|error| error.reply(audience))? {
        let held = turn.insert(Turn::new(server, slot, now));
        held.admit(asker, audience, transaction.access(), |db| transaction.presence(db))?;
    }
    if transaction.has(Flag::Write) {
        check_writable(server).map_err(|error| aborted(&error))?;
    }
    transaction.broken = watched.is_broken();
    Ok(turn)
}
