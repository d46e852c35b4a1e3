//! From a request to its reply.

use std::sync::Arc;

use slotmesh_resp::ReplyWriter;
use slotmesh_types::Now;

use crate::admit::{Demand, Refusal, admit};
use crate::call::{Call, Handler, is_word};
use crate::commands::cluster;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::find::find;
use crate::keyed::KeyedHandler;
use crate::outcome::{Answer, Outcome, Question};
use crate::output::{Mark, Output};
use crate::plan::Plan;
use crate::server::Server;
use crate::session::{Bill, Session};
use crate::table::{Flag, Run};
use crate::tracking::Mode;
use crate::transactions;
use crate::turn::{Ran, Request, Turn};
use crate::waiting::{Wait, Waiter};
use crate::walk::walk_on;

/// Executes one request and appends its reply to `out`. `args` holds at least the command's name; `plan` is what was found out about
/// it before, if anything was (see [`Server::foresee`]).
///
/// After [`Outcome::Ask`] the request is not over: give the answer to [`answer`] before the next one. After
/// [`Outcome::Published`], [`Outcome::Flush`] and [`Outcome::Walk`] call [`resume`]. After [`Outcome::Held`] it has
/// not begun, unless the session [is executing](Session::is_executing).
pub fn execute(
    server: &Server,
    session: &mut Session,
    now: Now,
    args: &[&[u8]],
    plan: Option<Plan>,
    out: &mut Output,
) -> Outcome {
    // What was published before this request goes before its reply.
    session.client().outbox.take_all(out);
    session.ran = None;
    session.bill = None;
    session.spent_micros = 0;
    session.bytes_out = 0;
    session.end_hold(server, now);
    let (start, before) = (out.mark(), out.len());
    let Plan { found, slot } = plan.unwrap_or_else(|| Plan::of(args));
    let outcome = match find(server, session, args, found) {
        Ok(Some(command)) => dispatch(&mut Call { server, session, now, command, args, slot, out }),
        Ok(None) => Outcome::Close,
        Err(error) => {
            refuse(server, &transactions::spoil(server, session, now, args, error), out);
            Outcome::Continue
        }
    };
    if session.is_held() && !session.is_executing() {
        return outcome;
    }
    // ASKING is for the one request that follows it, whatever becomes of that, or for the transaction that begins
    // there.
    if session.kept().is_none() && !is_word(args[0], "asking") {
        session.set_asking(false);
    }
    if session.tracks && session.kept().is_none() && !is_word(args[0], "client") {
        session.end_caching();
    }
    finish(session, start, out, &outcome);
    session.bytes_out = out.len().saturating_sub(before) as u64;
    outcome
}

/// Appends the reply to a request whose question has been answered. What the outcome says is done next; in a
/// transaction that may be another question.
pub fn answer(
    server: &Server,
    session: &mut Session,
    now: Now,
    question: &Question,
    answer: &Answer,
    out: &mut Output,
) -> Outcome {
    let start = out.mark();
    if matches!(question, Question::Change(_) | Question::Leave { .. }) {
        server.settle_slots();
    }
    if let Err(error) = write_answer(server, session, question, answer, out) {
        if let Some(command) = session.client().last_command() {
            server.stats.add_failed(command);
        }
        refuse(server, &error, out);
    }
    go_on(server, session, now, start, out)
}

/// Goes on with what was held up for want of room, or has let others go first: with the rest of a transaction or of a walk over
/// all keys, if there is one.
pub fn resume(server: &Server, session: &mut Session, now: Now, out: &mut Output) -> Outcome {
    session.end_hold(server, now);
    if session.is_executing() {
        go_on(server, session, now, out.mark(), out)
    } else {
        walk_on(server, session, now, out)
    }
}

/// Ends the wait of a request: with its reply if it was served meanwhile, else with what is replied to one that has
/// waited in vain.
pub fn end_wait(server: &Server, session: &mut Session, now: Now, waiter: &Waiter, out: &mut Output) -> Outcome {
    let (start, before) = (out.mark(), out.len());
    // Who serves it does so under the lock, and takes it out of its queues.
    Turn::new(server, waiter.slot, now).beside().remove_waiter(waiter);
    session.client().stop_waiting();
    match waiter.take_reply() {
        Some(reply) => out.own().extend_from_slice(&reply),
        None => waiter.wait.end.write(&mut ReplyWriter::new(out.own(), session.protocol())),
    }
    // Its reply was too long to be sent.
    let outcome = if session.client().is_over_limit() { Outcome::Close } else { Outcome::Continue };
    finish(session, start, out, &outcome);
    server.note_end_of_wait(session, out.len().saturating_sub(before) as u64);
    outcome
}

fn go_on(server: &Server, session: &mut Session, now: Now, start: Mark, out: &mut Output) -> Outcome {
    let outcome = if session.is_executing() {
        transactions::exec::go_on(server, session, now, None, out)
    } else {
        Outcome::Continue
    };
    if session.kept().is_none() {
        session.set_asking(false);
    }
    finish(session, start, out, &outcome);
    outcome
}

fn finish(session: &mut Session, start: Mark, out: &mut Output, outcome: &Outcome) {
    if !session.wants_reply() {
        out.rewind(start);
    }
    if !matches!(outcome, Outcome::Ask(_) | Outcome::Wait(_) | Outcome::Walk) && !session.is_executing() {
        session.end_request();
    }
}

fn write_answer(
    server: &Server,
    session: &Session,
    question: &Question,
    answer: &Answer,
    out: &mut Output,
) -> Result<(), ErrorReply> {
    let protocol = session.protocol();
    let mut reply = ReplyWriter::new(out.own(), protocol);
    match answer {
        Answer::Refused(error) => return Err(error.clone()),
        Answer::NoKeys => reply.simple("NOKEY"),
        Answer::Ok => match question {
            Question::Check(_, flaw) => return Err(flaw.clone()),
            _ => reply.simple("OK"),
        },
        Answer::Error(text) => return Err(ErrorReply::err(text)),
        Answer::Integer(value) => reply.integer(*value),
        Answer::Epoch { epoch, bumped } => {
            reply.simple(&format!("{} {epoch}", if *bumped { "BUMPED" } else { "STILL" }));
        }
        Answer::Explanation(explanation) => explanation.write(&mut reply),
        Answer::Links(links) => cluster::write_links(links, &mut reply),
        Answer::View(view) => {
            let Question::View(show) = question else {
                return Err(ErrorReply::err("a view is not what was asked for; please report this"));
            };
            return cluster::show(server, session, view, *show, out);
        }
    }
    Ok(())
}

pub(crate) fn refuse(server: &Server, error: &ErrorReply, out: &mut Output) {
    server.stats.add_error(error);
    error.write(out.own());
}

/// Executes a request, or keeps it for EXEC.
fn dispatch(call: &mut Call<'_>) -> Outcome {
    if call.session.kept().is_none() {
        return admit_and_run(call);
    }
    match call.command.full_name.as_str() {
        "exec" => transactions::exec::begin(call),
        "discard" | "quit" | "reset" => admit_and_run(call),
        _ => transactions::enqueue(call),
    }
}

fn admit_and_run(call: &mut Call<'_>) -> Outcome {
    let (server, command) = (call.server, call.command);
    let prepared = command.spec.prepare.map(|prepare| prepare(call.args, &server.settings.load()));
    let mut turn = None;
    match admit(server, call.session, call.now, &Demand::of(call), &mut turn) {
        Ok(()) => {}
        Err(Refusal::Held(hold)) => return call.session.hold_back(hold),
        Err(Refusal::Error(error)) => {
            server.stats.add_rejected(command);
            refuse(server, &error, call.out);
            return Outcome::Continue;
        }
    }
    call.session.ran = Some(command);
    match (command.spec.run, &mut turn) {
        (Some(Run::Keyed(handler)), Some(turn)) => {
            turn.prepare(prepared);
            run_keyed(call, handler, turn, true)
        }
        (Some(Run::Plain(handler) | Run::Wide(handler)), _) => run(call, handler),
        _ => {
            refuse(server, &wrong_number(command), call.out);
            Outcome::Continue
        }
    }
}

/// Runs what looks at no keys of a locked slot, and was admitted.
pub(crate) fn run(call: &mut Call<'_>, handler: Handler) -> Outcome {
    begin(call);
    let handled = handler(call);
    call.session.client().end_command();
    handled.unwrap_or_else(|error| fail(call, &error))
}

/// Runs what was admitted to its slot.
pub(crate) fn run_keyed(call: &mut Call<'_>, handler: KeyedHandler, turn: &mut Turn<'_>, may_wait: bool) -> Outcome {
    // It may have had to wait for the lock.
    call.now = turn.now();
    begin(call);
    let before = call.out.len();
    let (session, command, args) = (&*call.session, call.command, call.args);
    let client = session.client();
    let tracks = session.tracks
        && command.spec.flags.contains(&Flag::Readonly)
        && client.tracking().as_ref().is_some_and(Mode::remembers);
    let (protocol, touches) = (session.protocol(), session.touches());
    let reply_bytes = turn.reply_bytes(client);
    let request = Request { command, handler, args, protocol, may_wait, touches, client: client.id, reply_bytes };
    let ran = turn.run(&request, call.out.own());
    if tracks {
        turn.track(&request);
    }
    client.end_command();
    if turn.bills() {
        bill(call, turn, before);
    }
    match ran {
        Ok(Ran::TooLong) => {
            call.session.client().end_over_limit();
            Outcome::Close
        }
        Ok(Ran::Replied) if call.out.len() > reply_bytes && call.is_too_much() => Outcome::Close,
        Ok(Ran::Replied) => Outcome::Continue,
        Ok(Ran::Waits(wait)) => begin_to_wait(call, turn, wait, tracks),
        Err(error) => fail(call, &error),
    }
}

/// Notes what a request has cost its slot; its reply began at that length.
fn bill(call: &mut Call<'_>, turn: &Turn<'_>, before: usize) {
    let bill = call.session.bill.get_or_insert(Bill { slot: turn.slot(), bytes_in: 0, bytes_out: 0 });
    bill.bytes_in += request_bytes(call.args);
    bill.bytes_out += call.out.len().saturating_sub(before) as u64;
}

fn begin_to_wait(call: &Call<'_>, turn: &mut Turn<'_>, wait: Wait, tracks: bool) -> Outcome {
    let session = &*call.session;
    let waiter = Arc::new(Waiter::new(
        Arc::clone(session.client()),
        (session.protocol(), session.asker(), session.family()),
        (call.command, call.args),
        session.touches(),
        turn.slot(),
        (wait, tracks),
    ));
    turn.add_waiter(&waiter);
    session.client().begin_to_wait(Arc::clone(&waiter));
    Outcome::Wait(waiter)
}

/// Bytes of a request as clients send it.
fn request_bytes(args: &[&[u8]]) -> u64 {
    let head = |number: usize| 3 + u64::from(number.checked_ilog10().unwrap_or_default() + 1);
    head(args.len()) + args.iter().map(|word| head(word.len()) + word.len() as u64 + 2).sum::<u64>()
}

fn begin(call: &mut Call<'_>) {
    call.session.tally.add_call(&call.server.stats, call.command);
    let (server, client, command, args) = (call.server, call.session.client(), call.command, call.args);
    client.begin_command(command, args.iter().map(|argument| argument.len()).sum(), call.now);
    // What it executes is shown before it.
    if server.monitors.any() && command.full_name != "exec" {
        server.monitors.show(server.pubsub.limits(), call.now, client, command, args);
    }
}

fn fail(call: &mut Call<'_>, error: &ErrorReply) -> Outcome {
    call.server.stats.add_failed(call.command);
    refuse(call.server, error, call.out);
    Outcome::Continue
}
