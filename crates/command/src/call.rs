//! One request being executed.

use slotmesh_resp::ReplyWriter;
use slotmesh_types::{Now, Slot};

use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::server::Server;
use crate::session::Session;
use crate::table::Known;

/// What a handler gives: an outcome, whose reply it has written, or the error to reply.
pub(crate) type Handled = Result<Outcome, ErrorReply>;

/// The function behind a command. Name, number of words and flags are checked before it is called.
pub(crate) type Handler = fn(&mut Call<'_>) -> Handled;

/// One request being executed.
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Server,
    pub(crate) session: &'a mut Session,
    pub(crate) now: Now,
    pub(crate) command: &'static Known,
    pub(crate) args: &'a [&'a [u8]],
    /// The slot of its only key, if that is known already.
    pub(crate) slot: Option<Slot>,
    pub(crate) out: &'a mut Output,
}

impl Call<'_> {
    /// A writer for the reply, in the protocol the session speaks now.
    pub(crate) fn reply(&mut self) -> ReplyWriter<'_> {
        ReplyWriter::new(self.out.own(), self.session.protocol())
    }

    /// Writes what waits to be sent without having been asked for, unless that would land inside the reply of EXEC.
    pub(crate) fn take_messages(&mut self) {
        if !self.session.is_executing() {
            self.session.client().outbox.take_all(self.out);
        }
    }

    /// Whether more is written than the client may have waiting; then the connection is ending, and the rest is in
    /// vain.
    pub(crate) fn is_too_much(&self) -> bool {
        self.session.is_too_much(self.server, self.now, self.out)
    }

    /// Replies OK.
    pub(crate) fn ok(&mut self) -> Handled {
        self.reply().simple("OK");
        Ok(Outcome::Continue)
    }
}

/// Whether an argument is this word, in any case.
pub(crate) fn is_word(argument: &[u8], word: &str) -> bool {
    crate::error_reply::until_nul(argument).eq_ignore_ascii_case(word.as_bytes())
}
