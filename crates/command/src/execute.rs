//! From a request to its reply.

use slotmesh_resp::ReplyWriter;
use slotmesh_types::{Now, Slot};

use crate::call::{Call, is_word};
use crate::commands::{cluster, pubsub};
use crate::error_reply::{ErrorReply, shown, until_nul};
use crate::outcome::{Answer, Outcome, Question};
use crate::output::{Mark, Output};
use crate::routing::{self, Access, Asker, Presence};
use crate::server::Server;
use crate::session::Session;
use crate::table::{self, Flag, Known, Lookup};

/// From so many bytes of replies on, a transaction lets them leave before it goes on: whoever does not read is not served
/// on, and what waits for him stays small.
const EXEC_BYTES: usize = 64 * 1024;

/// Executes one request and appends its reply to `out`. `args` holds at least the command's name.
///
/// After [`Outcome::Ask`] the request is not over: give the answer to [`answer`] before the next one. After
/// [`Outcome::Published`] and [`Outcome::Flush`] call [`resume`].
pub fn execute(server: &Server, session: &mut Session, now: Now, args: &[&[u8]], out: &mut Output) -> Outcome {
    // What was published before this request goes before its reply.
    session.client().outbox.take_all(out);
    session.ran = None;
    let start = out.mark();
    let mut outcome = match find(server, args) {
        Ok(Some(command)) if session.transaction().is_some() && !is_immediate(command) => {
            enqueue(server, session, command, args, out)
        }
        Ok(Some(command)) => admit_and_run(server, session, now, command, args, out),
        Ok(None) => Outcome::Close,
        Err(error) => {
            refuse(server, &spoil(session, args, error), out);
            Outcome::Continue
        }
    };
    if session.is_executing() {
        outcome = run_queued(server, session, now, out);
    }
    // ASKING is for the one request that follows it, whatever becomes of that, or for the transaction that begins there.
    if session.transaction().is_none() && !is_word(args[0], "asking") {
        session.set_asking(false);
    }
    finish(session, start, out, &outcome);
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
            server.stats.of(command).failed.add(1);
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
    let outcome = if session.is_executing() { run_queued(server, session, now, out) } else { Outcome::Continue };
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

/// Keeps a request for EXEC, unless it could not run now.
fn enqueue(
    server: &Server,
    session: &mut Session,
    command: &'static Known,
    args: &[&[u8]],
    out: &mut Output,
) -> Outcome {
    let name = &command.full_name;
    let allowed = if command.spec.flags.contains(&Flag::NoMulti) {
        Err(ErrorReply::err(format!("Command '{name}' not allowed inside a transaction")))
    } else {
        admit(server, session, command, args)
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
fn spoil(session: &mut Session, args: &[&[u8]], error: ErrorReply) -> ErrorReply {
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

/// Executes what was kept for EXEC, up to the next question, or until something has to leave first.
fn run_queued(server: &Server, session: &mut Session, now: Now, out: &mut Output) -> Outcome {
    while let Some(transaction) = session.transaction() {
        if out.len() >= EXEC_BYTES {
            return Outcome::Flush;
        }
        let Some((command, request)) = transaction.pop() else {
            let end = std::mem::replace(&mut transaction.end, Outcome::Continue);
            session.set_transaction(None);
            return end;
        };
        let args: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
        match run(server, session, now, command, &args, out) {
            Outcome::Continue => {}
            wait @ (Outcome::Ask(_) | Outcome::Published | Outcome::Flush) => return wait,
            end @ (Outcome::Close | Outcome::Shutdown) => {
                // The first word about the end holds: a connection that has to close does.
                session
                    .transaction()
                    .filter(|transaction| transaction.end == Outcome::Continue)
                    .into_iter()
                    .for_each(|transaction| transaction.end = end.clone());
            }
        }
    }
    Outcome::Continue
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

/// The command that a request names, if it may run; `None` to close the connection.
fn find(server: &Server, args: &[&[u8]]) -> Result<Option<&'static Known>, ErrorReply> {
    match table::lookup(args) {
        Lookup::Found(command) if command.spec.accepts(args.len()) => Ok(Some(command)),
        Lookup::Found(command) => {
            server.stats.of(command).rejected.add(1);
            Err(wrong_number(command))
        }
        Lookup::NoSubcommand => {
            let typed = shown(args[1], 128);
            let name = until_nul(args[0]).to_ascii_uppercase();
            Err(ErrorReply::echo(&[b"unknown subcommand '", typed, b"'. Try ", &name, b" HELP."]))
        }
        Lookup::NoCommand if is_http(args[0]) => Ok(None),
        Lookup::NoCommand => Err(unknown(args)),
    }
}

/// Whether the request is a line of HTTP: a browser that somebody points at the server must get nothing done.
fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

pub(crate) fn wrong_number(command: &Known) -> ErrorReply {
    ErrorReply::err(format!("wrong number of arguments for '{}' command", command.full_name))
}

fn unknown(args: &[&[u8]]) -> ErrorReply {
    let mut beginning = Vec::new();
    for argument in &args[1..] {
        if beginning.len() >= 128 {
            break;
        }
        let room = 128 - beginning.len();
        beginning.push(b'\'');
        beginning.extend_from_slice(shown(argument, room));
        beginning.extend_from_slice(b"' ");
    }
    ErrorReply::echo(&[b"unknown command '", shown(args[0], 128), b"', with args beginning with: ", &beginning])
}

fn refuse(server: &Server, error: &ErrorReply, out: &mut Output) {
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
    let is_exec = command.full_name == "exec";
    let admitted = admit(server, session, command, args);
    let admitted = if is_exec {
        admitted.map_err(|error| aborted(&error)).and_then(|()| admit_queued(server, session))
    } else {
        admitted
    };
    if let Err(error) = admitted {
        server.stats.of(command).rejected.add(1);
        if is_exec {
            session.set_transaction(None);
        }
        refuse(server, &error, out);
        return Outcome::Continue;
    }
    session.ran = Some(command);
    run(server, session, now, command, args, out)
}

/// Runs what was admitted.
fn run(
    server: &Server,
    session: &mut Session,
    now: Now,
    command: &'static Known,
    args: &[&[u8]],
    out: &mut Output,
) -> Outcome {
    let Some(handler) = command.spec.handler else {
        refuse(server, &wrong_number(command), out);
        return Outcome::Continue;
    };
    session.client().begin_command(command, args.iter().map(|argument| argument.len()).sum(), now);
    server.stats.commands.add(1);
    server.stats.of(command).calls.add(1);
    let handled = handler(&mut Call { server, session, now, command, args, out });
    session.client().end_command();
    handled.unwrap_or_else(|error| {
        server.stats.of(command).failed.add(1);
        refuse(server, &error, out);
        Outcome::Continue
    })
}

/// Whether the command may run here and now.
fn admit(server: &Server, session: &Session, command: &Known, args: &[&[u8]]) -> Result<(), ErrorReply> {
    if let Some(directive) = command.spec.allowed_by {
        check_allowed(server, session, command, directive)?;
    }
    if let Some(keys) = &command.spec.keys {
        check_route(server, session, keys.keys(args), command.spec.access())?;
    }
    if command.spec.flags.contains(&Flag::Write) {
        check_writable(server)?;
    }
    pubsub::check_listening(session, command)
}

/// Whether what was kept for EXEC may still run here and now, judged as one request. What is wrong with the transaction
/// itself is told by EXEC.
fn admit_queued(server: &Server, session: &mut Session) -> Result<(), ErrorReply> {
    let Some(transaction) = session.transaction().filter(|transaction| !transaction.failed) else { return Ok(()) };
    let (slot, access) = (transaction.one_slot(), transaction.access());
    let writes = transaction.has(Flag::Write);
    if let Some(slot) = slot.map_err(|error| error.reply(server.audience(session)))? {
        route_to(server, session, slot, access)?;
    }
    if writes { check_writable(server).map_err(|error| aborted(&error)) } else { Ok(()) }
}

fn check_route<'a>(
    server: &Server,
    session: &Session,
    keys: impl Iterator<Item = &'a [u8]>,
    access: Access,
) -> Result<(), ErrorReply> {
    match routing::one_slot(keys).map_err(|error| error.reply(server.audience(session)))? {
        Some(slot) => route_to(server, session, slot, access),
        None => Ok(()),
    }
}

fn route_to(server: &Server, session: &Session, slot: Slot, access: Access) -> Result<(), ErrorReply> {
    let view = server.view();
    let asker = Asker { readonly: session.is_readonly(), asking: session.is_asking() };
    // No command has keys that could be missing so far.
    routing::route(&view, slot, access, server.rules(), asker, Presence::default)
        .map_err(|error| error.reply(server.audience(session)))
}

/// A replica takes what changes keys from its primary only.
fn check_writable(server: &Server) -> Result<(), ErrorReply> {
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

fn finish(session: &mut Session, start: Mark, out: &mut Output, outcome: &Outcome) {
    if !session.wants_reply() {
        out.rewind(start);
    }
    if !matches!(outcome, Outcome::Ask(_)) && !session.is_executing() {
        session.end_request();
    }
}
