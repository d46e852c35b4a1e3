//! EXEC: what was kept is judged as one request, and executed under the lock of its slot.
//!
//! ```text
//! begin --refused, failed or broken--> no transaction
//!   |
//!   v
//! go_on --a question, a flush, something held--> whoever drives the connection --answer, resume--> go_on
//!   |
//!   v  nothing is left
//! no transaction
//! ```

use std::mem;

use slotmesh_types::Now;

use super::{Transaction, Watched};
use crate::admit::{Demand, Refusal, admit, admit_again};
use crate::call::Call;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::execute::{refuse, run, run_keyed};
use crate::outcome::Outcome;
use crate::output::Output;
use crate::server::Server;
use crate::session::Session;
use crate::table::Run;
use crate::turn::Turn;

/// From so many bytes of replies on, a transaction lets them leave before it goes on: whoever does not read is not
/// served on, and what waits for him stays small.
const EXEC_BYTES: usize = 64 * 1024;

/// EXEC where a transaction has begun.
pub(crate) fn begin(call: &mut Call<'_>) -> Outcome {
    let (server, now, command) = (call.server, call.now, call.command);
    if let Some(watched) = &call.session.watched {
        watched.look(server, now);
    }
    let demand = Demand { kept: call.session.kept(), ..Demand::of(call) };
    let mut turn = None;
    let outcome = match admit(server, call.session, now, &demand, &mut turn) {
        Ok(()) => {
            call.session.ran = Some(command);
            // Nothing changes from here on to the end, unless the turn is given up.
            let broken = call.session.watched.as_ref().is_some_and(Watched::is_broken);
            if let Some(transaction) = call.session.transaction() {
                transaction.broken = broken;
            }
            let outcome = run(call, super::exec);
            if call.session.is_executing() { go_on(server, call.session, now, turn.take(), call.out) } else { outcome }
        }
        Err(Refusal::Held(hold)) => return call.session.hold_back(hold),
        Err(Refusal::Error(error)) => {
            server.stats.add_rejected(command);
            call.session.set_transaction(None);
            refuse(server, &error, call.out);
            Outcome::Continue
        }
    };
    drop(turn);
    if call.session.kept().is_none() {
        call.session.unwatch(server, now);
    }
    outcome
}

/// Executes what was kept for EXEC, up to the next question, or until something has to leave first. On keys it works
/// under one lock, which is released only where a request has to wait for others, or looks at all keys itself.
pub(crate) fn go_on<'s>(
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
            drop(turn);
            return end(server, session, now);
        };
        let args: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
        let begun = server.surroundings.now().mono;
        let outcome =
            run_one(server, &mut Call { server, session, now, command, args: &args, slot: None, out }, &mut turn);
        if let Outcome::Held(_) = outcome {
            drop(args);
            if let Some(transaction) = session.transaction() {
                transaction.put_back(command, request);
            }
            return outcome;
        }
        let micros = server.surroundings.now().mono.micros_since(begun);
        session.tally.add_time(&server.stats, command, micros);
        match outcome {
            // What is published finds room at the end: nothing comes between the changes of one transaction.
            Outcome::Published if turn.is_some() => note_end(session, Outcome::Published),
            wait @ (Outcome::Ask(_) | Outcome::Published | Outcome::Flush | Outcome::Walk) => return wait,
            end @ (Outcome::Close | Outcome::Shutdown) => note_end(session, end),
            Outcome::Continue | Outcome::Wait(_) | Outcome::Held(_) => {}
        }
        if out.len() >= EXEC_BYTES && session.is_too_much(server, now, out) {
            return Outcome::Close;
        }
    }
    Outcome::Continue
}

/// Executes one of the requests.
fn run_one<'s>(server: &'s Server, call: &mut Call<'_>, turn: &mut Option<Turn<'s>>) -> Outcome {
    match call.command.spec.run {
        Some(Run::Keyed(handler)) => match turn_of(server, call, turn) {
            Ok(turn) => {
                if let Some(transaction) = call.session.transaction() {
                    transaction.uses_keys = true;
                }
                run_keyed(call, handler, turn, false)
            }
            Err(Refusal::Held(hold)) => call.session.hold_back(hold),
            Err(Refusal::Error(error)) => {
                refuse(server, &error, call.out);
                Outcome::Continue
            }
        },
        Some(Run::Wide(handler)) => {
            *turn = None;
            run(call, handler)
        }
        Some(Run::Plain(handler)) => run(call, handler),
        None => {
            refuse(server, &wrong_number(call.command), call.out);
            Outcome::Continue
        }
    }
}

/// The turn at the slot of a request: the one that lasts, or where that was given up in the middle of a transaction a
/// new one, if the slot is still served here, and if no key that is watched has changed before the transaction came to
/// the first of its own.
fn turn_of<'s, 't>(
    server: &'s Server,
    call: &Call<'_>,
    turn: &'t mut Option<Turn<'s>>,
) -> Result<&'t mut Turn<'s>, Refusal> {
    if turn.is_none() {
        admit_again(server, call.session, call.now, &Demand::of(call), turn)?;
        let untouched = call.session.kept().is_some_and(|transaction| !transaction.uses_keys);
        if untouched && call.session.watched.as_ref().is_some_and(Watched::is_broken) {
            *turn = None;
            return Err(ErrorReply::new("EXECABORT A watched key has changed while the transaction waited").into());
        }
    }
    Ok(turn.as_mut().expect("what works on keys is given a turn"))
}

/// The first word about the end holds: a connection that has to close does.
fn note_end(session: &mut Session, end: Outcome) {
    if let Some(transaction) = session.transaction()
        && matches!(transaction.end, Outcome::Continue | Outcome::Published)
    {
        transaction.end = end;
    }
}

/// All requests are executed. No lock of keys may be held.
fn end(server: &Server, session: &mut Session, now: Now) -> Outcome {
    let end = |transaction: &mut Transaction| mem::replace(&mut transaction.end, Outcome::Continue);
    let outcome = session.transaction().map_or(Outcome::Continue, end);
    session.end_transaction(server, now);
    if let Some(exec) = session.ran {
        // What it has executed is part of it: others see EXEC as the last command.
        session.client().note_command(exec);
        if server.monitors.any() {
            server.monitors.show(server.pubsub.limits(), now, session.client(), exec, &[b"EXEC"]);
        }
    }
    outcome
}
