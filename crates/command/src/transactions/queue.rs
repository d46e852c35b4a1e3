//! Requests are kept for EXEC.

use slotmesh_resp::ReplyWriter;
use slotmesh_types::Now;

use crate::admit::{Demand, Refusal, admit};
use crate::call::{Call, is_word};
use crate::error_reply::ErrorReply;
use crate::execute::refuse;
use crate::outcome::Outcome;
use crate::server::Server;
use crate::session::Session;
use crate::table::Flag;

/// Keeps a request for EXEC, unless it could not run now.
pub(crate) fn enqueue(call: &mut Call<'_>) -> Outcome {
    let allowed = match check(call) {
        Err(Refusal::Held(hold)) => return call.session.hold_back(hold),
        Err(Refusal::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    let (server, command) = (call.server, call.command);
    call.session.client().note_command(command);
    let max = server.query_bytes();
    let protocol = call.session.protocol();
    let Some(transaction) = call.session.transaction() else { return Outcome::Continue };
    let kept = allowed.and_then(|()| {
        // What EXEC will not execute needs no room.
        let fits = transaction.failed || transaction.push(command, call.args, max);
        if fits { Ok(()) } else { Err(ErrorReply::err("the transaction is too long (client-query-buffer-limit)")) }
    });
    match kept {
        Ok(()) => ReplyWriter::new(call.out.own(), protocol).simple("QUEUED"),
        Err(error) => {
            transaction.failed = true;
            server.stats.add_rejected(command);
            refuse(server, &error, call.out);
        }
    }
    call.session.show_transaction();
    Outcome::Continue
}

fn check(call: &Call<'_>) -> Result<(), Refusal> {
    if call.command.spec.flags.contains(&Flag::NoMulti) {
        let name = &call.command.full_name;
        return Err(ErrorReply::err(format!("Command '{name}' not allowed inside a transaction")).into());
    }
    admit(call.server, call.session, call.now, &Demand::of(call), &mut None)
}

/// A request that names nothing spoils a transaction; an EXEC with arguments ends it.
pub(crate) fn spoil(server: &Server, session: &mut Session, now: Now, args: &[&[u8]], error: ErrorReply) -> ErrorReply {
    if is_word(args[0], "exec") {
        session.end_transaction(server, now);
        return aborted(&error);
    }
    if let Some(transaction) = session.transaction() {
        transaction.failed = true;
    }
    error
}

/// What EXEC replies when it is refused.
pub(crate) fn aborted(reason: &ErrorReply) -> ErrorReply {
    let text = reason.text();
    let text = text.strip_prefix(b"ERR ").unwrap_or(text);
    ErrorReply::new([b"EXECABORT Transaction discarded because of: ", text].concat())
}
