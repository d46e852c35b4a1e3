//! A request that looks at all keys, and lets others go first before it is over.

use std::time::Duration;

use slotmesh_types::Now;

use crate::account::Executed;
use crate::commands::key_search::KeySearch;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::server::Server;
use crate::session::Session;

/// What such a request has come to.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) search: KeySearch,
    begun: Now,
    /// What it took so far.
    micros: u64,
    /// Bytes of the request.
    bytes_in: u64,
}

impl Walk {
    pub(crate) fn new(search: KeySearch, begun: Now) -> Self {
        Self { search, begun, micros: 0, bytes_in: 0 }
    }
}

/// Goes on for a while. The reply is written at the end.
pub(crate) fn walk_on(server: &Server, session: &mut Session, now: Now, out: &mut Output) -> Outcome {
    let protocol = session.protocol();
    let Some(Walk { search, .. }) = session.walk.as_deref_mut() else { return Outcome::Continue };
    search.step(server, now);
    if !search.is_over() {
        return Outcome::Walk;
    }
    let (start, before) = (out.mark(), out.len());
    search.reply(protocol, out);
    if !session.wants_reply() {
        out.rewind(start);
    }
    session.end_request();
    session.bytes_out = out.len().saturating_sub(before) as u64;
    Outcome::Continue
}

/// Adds what a part of the walk took, if the request that was executed last is one. At its end it gives all that is to be
/// known about the request to `note`.
pub(crate) fn note_part(
    session: &mut Session,
    micros: u64,
    bytes_in: u64,
    note: impl FnOnce(&mut Session, &Executed<'_>),
) -> bool {
    let Some(walk) = &mut session.walk else { return false };
    walk.micros += micros;
    walk.bytes_in += bytes_in;
    if walk.search.is_over()
        && let Some(walk) = session.walk.take()
    {
        let ended = walk.begun.mono.after(Duration::from_micros(walk.micros));
        note(session, &Executed { args: &walk.search.words(), begun: walk.begun, ended, bytes_in: walk.bytes_in });
    }
    true
}
