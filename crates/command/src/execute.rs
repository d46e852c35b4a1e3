//! From a request to its reply.

use std::mem;
use std::sync::Arc;

use slotmesh_resp::ReplyWriter;
use slotmesh_types::{Now, Slot};

use crate::call::{Call, is_word};
use crate::commands::{cluster, pubsub};
use crate::error_reply::ErrorReply;
use crate::eviction::check_room;
use crate::exec::{self, is_too_much};
use crate::find::find;
use crate::keyed::KeyedHandler;
use crate::outcome::{Answer, Outcome, Question};
use crate::output::{Mark, Output};
use crate::routing::{self, Access, Presence};
use crate::server::Server;
use crate::session::{Bill, Session};
use crate::table::{Flag, Known, Run};
use crate::tracking::Mode;
use crate::turn::{IsHere, Ran, Request, Turn};
use crate::waiting::Waiter;

/// Why a request does not run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It can't run here: this is the reply.
    Error(ErrorReply),
    /// A key is on its way to another node: it is tried again.
    Held,
}

impl From<ErrorReply> for Refusal {
    fn from(error: ErrorReply) -> Self {
        Self::Error(error)
    }
}

/// Executes one request and appends its reply to `out`. `args` holds at least the command's name.
///
/// After [`Outcome::Ask`] the request is not over: give the answer to [`answer`] before the next one. After
/// [`Outcome::Published`] and [`Outcome::Flush`] call [`resume`]. After [`Outcome::Held`] it has not begun.
pub fn execute(server: &Server, session: &mut Session, now: Now, args: &[&[u8]], out: &mut Output) -> Outcome {
    // What was published before this request goes before its reply.
    session.client().outbox.take_all(out);
    session.ran = None;
    session.bill = None;
    session.bytes_out = 0;
    if mem::take(&mut session.postponed) {
        server.pause.remove(session.client());
    }
    let (start, before) = (out.mark(), out.len());
    let outcome = match find(server, session, args) {
        Ok(Some(command)) if session.transaction().is_some() && !is_immediate(command) => {
            exec::enqueue(server, session, now, command, args, out)
        }
        Ok(Some(command)) if command.full_name == "exec" && session.transaction().is_some() => {
            exec::exec(server, session, now, command, args, out)
        }
        Ok(Some(command)) => admit_and_run(server, session, now, command, args, out),
        Ok(None) => Outcome::Close,
        Err(error) => {
            refuse(server, &exec::spoil(server, session, now, args, error), out);
            Outcome::Continue
        }
    };
    if session.postponed {
        return outcome;
    }
    // ASKING is for the one request that follows it, whatever becomes of that, or for the transaction that begins there.
    if session.transaction().is_none() && !is_word(args[0], "asking") && outcome != Outcome::Held {
        session.set_asking(false);
    }
    if session.tracks && session.transaction().is_none() && !is_word(args[0], "client") {
        session.end_caching();
    }
    finish(session, start, out, &outcome);
    session.bytes_out = out.len().saturating_sub(before) as u64;
    outcome
}

/// Appends the reply to a request whose question has been answered. What the outcome says is done next; in a transaction
/// that may be another question.
pub fn answer(
    server: &Server,
    session: &mut Session,
    now: Now,
    question: &Question,
    answer: &Answer,
    out: &mut Output,
) -> Outcome {
    let start = out.mark();
    if let Err(error) = write_answer(server, session, question, answer, out) {
        if let Some(command) = session.client().last_command() {
            server.stats.add_failed(command);
        }
        refuse(server, &error, out);
    }
    go_on(server, session, now, start, out)
}

/// Goes on with what was held up for want of room: with the rest of a transaction, if there is one.
pub fn resume(server: &Server, session: &mut Session, now: Now, out: &mut Output) -> Outcome {
    if session.is_executing() { go_on(server, session, now, out.mark(), out) } else { Outcome::Continue }
}

fn go_on(server: &Server, session: &mut Session, now: Now, start: Mark, out: &mut Output) -> Outcome {
    let outcome =
        if session.is_executing() { exec::run_queued(server, session, now, None, out) } else { Outcome::Continue };
    if session.transaction().is_none() {
        session.set_asking(false);
    }
    finish(session, start, out, &outcome);
    outcome
}

/// What is not kept for EXEC.
fn is_immediate(command: &Known) -> bool {
    ["exec", "discard", "quit", "reset"].contains(&command.full_name.as_str())
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

pub(crate) fn wrong_number(command: &Known) -> ErrorReply {
    ErrorReply::err(format!("wrong number of arguments for '{}' command", command.full_name))
}

pub(crate) fn refuse(server: &Server, error: &ErrorReply, out: &mut Output) {
    server.stats.add_error(error);
    error.write(out.own());
}

fn admit_and_run(
    server: &Server,
    session: &mut Session,
    now: Now,
    command: &'static Known,
    args: &[&[u8]],
    out: &mut Output,
) -> Outcome {
    let room = check_room(server, now, || command.spec.flags.contains(&Flag::Denyoom));
    let prepared = command.spec.prepare.map(|prepare| prepare(args, &server.settings.load()));
    let admitted = match command.spec.keyed_handler() {
        Some(handler) => admit_keyed(server, session, now, command, args).map(|turn| Some((handler, turn))),
        None => admit(server, session, now, command, args).map(|()| None),
    };
    match admitted.and_then(|keyed| room.map(|()| keyed).map_err(Refusal::Error)) {
        Err(Refusal::Held) => Outcome::Held,
        Err(Refusal::Error(error)) => {
            server.stats.add_rejected(command);
            refuse(server, &error, out);
            Outcome::Continue
        }
        Ok(keyed) => {
            if let Some(time) = server.pause.holds(session.client(), command, now.mono) {
                return session.postpone(time);
            }
            session.ran = Some(command);
            match keyed {
                Some((handler, mut turn)) => {
                    turn.prepare(prepared);
                    run_keyed(&mut turn, session, (command, handler), args, true, out)
                }
                None => run(server, session, now, command, args, out),
            }
        }
    }
}

/// Runs what looks at no keys of a locked slot, and was admitted.
pub(crate) fn run(
    server: &Server,
    session: &mut Session,
    now: Now,
    command: &'static Known,
    args: &[&[u8]],
    out: &mut Output,
) -> Outcome {
    let Some(Run::Plain(handler) | Run::Wide(handler)) = command.spec.run else {
        refuse(server, &wrong_number(command), out);
        return Outcome::Continue;
    };
    begin(server, session, now, command, args);
    let handled = handler(&mut Call { server, session, now, command, args, out });
    session.client().end_command();
    handled.unwrap_or_else(|error| {
        fail(server, command, &error, out);
        Outcome::Continue
    })
}

/// Runs what was admitted to its slot.
pub(crate) fn run_keyed(
    turn: &mut Turn<'_>,
    session: &mut Session,
    (command, handler): (&'static Known, KeyedHandler),
    args: &[&[u8]],
    may_wait: bool,
    out: &mut Output,
) -> Outcome {
    let server = turn.server();
    begin(server, session, turn.now(), command, args);
    let before = out.len();
    let (protocol, touches) = (session.protocol(), session.touches());
    let client = session.client();
    let tracks = session.tracks
        && command.spec.flags.contains(&Flag::Readonly)
        && client.tracking().as_ref().is_some_and(Mode::remembers);
    let reply_bytes = turn.reply_bytes(client);
    let request = Request { command, handler, args, protocol, may_wait, touches, client: client.id, reply_bytes };
    let ran = turn.run(&request, out.own());
    if tracks {
        turn.track(&request);
    }
    session.client().end_command();
    if turn.bills() {
        let bill = session.bill.get_or_insert(Bill { slot: turn.slot(), bytes_in: 0, bytes_out: 0 });
        bill.bytes_in += request_bytes(args);
        bill.bytes_out += out.len().saturating_sub(before) as u64;
    }
    match ran {
        Ok(Ran::TooLong) => {
            session.client().end_over_limit();
            Outcome::Close
        }
        Ok(Ran::Replied) if out.len() > reply_bytes && is_too_much(server, session, turn.now(), out) => Outcome::Close,
        Ok(Ran::Replied) => Outcome::Continue,
        Ok(Ran::Waits(wait)) => {
            let client = Arc::clone(session.client());
            let waiter = Arc::new(Waiter::new(
                client,
                (protocol, session.asker(), session.family()),
                (command, args),
                touches,
                turn.slot(),
                (wait, tracks),
            ));
            turn.add_waiter(&waiter);
            session.client().begin_to_wait(Arc::clone(&waiter));
            Outcome::Wait(waiter)
        }
        Err(error) => {
            fail(server, command, &error, out);
            Outcome::Continue
        }
    }
}

/// Bytes of a request as clients send it.
fn request_bytes(args: &[&[u8]]) -> u64 {
    let head = |number: usize| 3 + u64::from(number.checked_ilog10().unwrap_or_default() + 1);
    head(args.len()) + args.iter().map(|word| head(word.len()) + word.len() as u64 + 2).sum::<u64>()
}

fn begin(server: &Server, session: &Session, now: Now, command: &'static Known, args: &[&[u8]]) {
    session.client().begin_command(command, args.iter().map(|argument| argument.len()).sum(), now);
    server.stats.add_call(command);
    // What it executes is shown before it.
    if server.monitors.any() && command.full_name != "exec" {
        server.monitors.show(server.pubsub.limits(), now, session.client(), command, args);
    }
}

fn fail(server: &Server, command: &Known, error: &ErrorReply, out: &mut Output) {
    server.stats.add_failed(command);
    refuse(server, error, out);
}

/// A turn at the slot of a request on keys, if it may run here and now. One that names no key, which is wrong, is given a turn
/// as well, to be told what is wrong with it.
pub(crate) fn admit_keyed<'s>(
    server: &'s Server,
    session: &Session,
    now: Now,
    command: &Known,
    args: &[&[u8]],
) -> Result<Turn<'s>, Refusal> {
    let slot = slot_of(server, session, command, args)?;
    let mut turn = Turn::new(server, slot.unwrap_or(Slot::from_hash(0)), now);
    if slot.is_some() {
        let mut asker = session.asker();
        asker.asking |= command.spec.flags.contains(&Flag::Asking);
        let access = command.spec.access();
        turn.admit(asker, session.family(), access, |is_here| presence(keys_of(command, args), is_here))?;
        if turn.has_transits()
            && access == Access::Write
            && turn.hold(session.client(), keys_of(command, args).into_iter())
        {
            return Err(Refusal::Held);
        }
    }
    pubsub::check_listening(session, command)?;
    Ok(turn)
}

/// Whether the command may run here and now.
pub(crate) fn admit(
    server: &Server,
    session: &Session,
    now: Now,
    command: &Known,
    args: &[&[u8]],
) -> Result<(), Refusal> {
    if command.spec.keyed_handler().is_some() {
        return admit_keyed(server, session, now, command, args).map(drop);
    }
    if let Some(directive) = command.spec.allowed_by {
        check_allowed(server, session, command, directive)?;
    }
    if let Some(slot) = slot_of(server, session, command, args)? {
        route_to(server, session, slot, command.spec.access())?;
    }
    if command.spec.flags.contains(&Flag::Write) {
        check_writable(server)?;
    }
    Ok(pubsub::check_listening(session, command)?)
}

fn slot_of(server: &Server, session: &Session, command: &Known, args: &[&[u8]]) -> Result<Option<Slot>, ErrorReply> {
    routing::slot_of(command.spec, args).map_err(|error| error.reply(server.audience(session.family())))
}

/// How many of these keys are here.
pub(crate) fn presence<'k>(keys: impl IntoIterator<Item = &'k [u8]>, is_here: IsHere<'_>) -> Presence {
    let (mut presence, mut first) = (Presence::default(), None);
    for key in keys {
        let count = if is_here(key) { &mut presence.here } else { &mut presence.missing };
        *count += 1;
        presence.several |= *first.get_or_insert(key) != key;
    }
    presence
}

/// The keys of a request.
pub(crate) fn keys_of<'a>(command: &Known, args: &[&'a [u8]]) -> Vec<&'a [u8]> {
    command.spec.key_places(args).into_iter().map(|place| args[place.word]).collect()
}

/// For what is routed as keys are and has none.
pub(crate) fn route_to(server: &Server, session: &Session, slot: Slot, access: Access) -> Result<(), ErrorReply> {
    let view = server.view();
    routing::route(&view, slot, access, server.rules(), session.asker(), Presence::default)
        .map_err(|error| error.reply(server.audience(session.family())))
}

/// A replica takes what changes keys from its primary only.
pub(crate) fn check_writable(server: &Server) -> Result<(), ErrorReply> {
    if server.view().me().facts.is_replica() {
        return Err(ErrorReply::new("READONLY You can't write against a read only replica."));
    }
    Ok(())
}

/// Whether a command runs that does only where the configuration says so.
fn check_allowed(server: &Server, session: &Session, command: &Known, directive: &str) -> Result<(), ErrorReply> {
    let allowed = match server.config().text(directive) {
        "yes" => true,
        "local" => session.client().is_local,
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    let name = command.full_name.to_ascii_uppercase();
    Err(ErrorReply::err(format!(
        "{name} command not allowed. If the {directive} option is set to \"local\", you can run it from a local \
         connection, otherwise you need to set this option in the configuration file, and then restart the server."
    )))
}

/// Ends the wait of a request: with its reply if it was served meanwhile, else with what is replied to one that has waited in
/// vain.
pub fn end_wait(server: &Server, session: &mut Session, now: Now, waiter: &Waiter, out: &mut Output) -> Outcome {
    let start = out.mark();
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
    outcome
}

fn finish(session: &mut Session, start: Mark, out: &mut Output, outcome: &Outcome) {
    if !session.wants_reply() {
        out.rewind(start);
    }
    if !matches!(outcome, Outcome::Ask(_) | Outcome::Wait(_) | Outcome::Held) && !session.is_executing() {
        session.end_request();
    }
}
