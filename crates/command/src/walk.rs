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
    search: KeySearch,
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

    /// A part of it took so long; the first is given the bytes of the request.
    pub(crate) fn add_part(&mut self, micros: u64, bytes_in: u64) {
        self.micros += micros;
        self.bytes_in += bytes_in;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.search.is_over()
    }

    /// Shows it as a request that took as long as all its parts.
    pub(crate) fn executed(&self, show: impl FnOnce(&Executed<'_>)) {
        let ended = self.begun.mono.after(Duration::from_micros(self.micros));
        show(&Executed { args: &self.search.words(), begun: self.begun, ended, bytes_in: self.bytes_in });
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
