//! What requests cost: figures, bills of slots, and the logs of what was long or big.

use std::mem;

use slotmesh_store::{FORESEEN_MAX, Foreseen};
use slotmesh_types::{Mono, Now};

use crate::command_log::{Entry, LogKind, shortened};
use crate::secrets::without_secrets;
use crate::server::Server;
use crate::session::Session;
use crate::table::{Flag, Known};

/// A request that was executed.
#[derive(Clone, Copy, Debug)]
pub struct Executed<'a> {
    /// Its words.
    pub args: &'a [&'a [u8]],
    /// When that began.
    pub begun: Now,
    /// When it was executed, but for what is asked of others.
    pub ended: Mono,
    /// Bytes of the request.
    pub bytes_in: u64,
}

impl Server {
    /// Looks at how much is done, for the figures of a second. To be called some times in each.
    pub fn look_at_rates(&self, now: Now) {
        self.rates.look(&self.stats, now.mono);
    }

    /// Asks for the memory of the keys of requests that are about to be executed.
    pub fn foresee(&self, keys: &[Foreseen]) {
        for keys in keys.chunks(FORESEEN_MAX) {
            self.keyspace.foresee(keys);
            self.stats.prefetches.add(1);
            self.stats.prefetched_keys.add(keys.len() as u64);
        }
    }

    /// Bytes were read from a client.
    pub fn note_input(&self, session: &Session, bytes: u64, now: Now) {
        self.stats.net_in.add(bytes);
        self.stats.reads.add(1);
        session.client().add_input(bytes, now);
    }

    /// Bytes were written to a client.
    pub fn note_output(&self, session: &Session, bytes: u64, now: Now) {
        self.stats.net_out.add(bytes);
        self.stats.writes.add(1);
        session.client().add_output(bytes, now);
    }

    /// Adds what the latest requests of a client have cost to the figures that others see. To be called before these requests are
    /// answered, and before one of them waits.
    pub fn settle(&self, session: &mut Session) {
        session.tally.settle(&self.stats);
    }

    /// A request has just been executed, or has got as far as it gets before it waits: counts the time, and remembers
    /// what is worth it (COMMANDLOG, LATENCY).
    pub fn note_request(&self, session: &mut Session, request: &Executed<'_>) {
        let micros = request.ended.micros_since(request.begun.mono);
        if let Some(walk) = &mut session.walk {
            walk.add_part(micros, request.bytes_in);
            return;
        }
        self.note_time(session, micros);
        let Some(command) = session.ran else { return };
        if !session.client().is_waiting() {
            session.tally.add_call_time(&self.stats, command, micros);
        }
        if self.spikes.wants(micros) {
            let event = if command.spec.flags.contains(&Flag::Fast) { "fast-command" } else { "command" };
            self.spikes.add(event, request.begun.unix.0 / 1000, micros);
        }
        let amount = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for (kind, amount) in [
            (LogKind::Slow, amount(micros)),
            (LogKind::LargeRequest, amount(request.bytes_in)),
            (LogKind::LargeReply, amount(session.bytes_out)),
        ] {
            if self.command_log.wants(kind, amount) && is_logged(command) {
                let client = session.client();
                let words = shortened(&without_secrets(command, request.args));
                let (addr, name) = (client.addr.clone(), client.settings().name.clone());
                let unix_seconds = request.begun.unix.0 / 1000;
                self.command_log.add(kind, Entry { id: 0, unix_seconds, amount, words, addr, name });
            }
        }
    }

    /// The request that has just been executed took so many microseconds, not counting what was asked of others. What did not run is
    /// not counted, what EXEC executes is part of it, and what waits for keys, or walks over all of them, is counted when that is over.
    pub fn note_time(&self, session: &mut Session, micros: u64) {
        if let Some(walk) = &mut session.walk {
            walk.add_part(micros, 0);
            if let Some(walk) = session.walk.take_if(|walk| walk.is_over()) {
                walk.executed(|request| self.note_request(session, request));
            }
            return;
        }
        if session.client().is_waiting() {
            session.spent_micros += micros;
            return;
        }
        if let Some(command) = session.ran {
            session.tally.add_time(&self.stats, command, micros);
        }
        if let Some(bill) = session.bill.take() {
            let mut group = self.keyspace.lock(bill.slot);
            let usage = group.beside.usage_mut(bill.slot);
            usage.cpu_micros += micros;
            usage.bytes_in += bill.bytes_in;
            usage.bytes_out += bill.bytes_out;
        }
    }

    /// A request that has waited for keys has its reply, of so many bytes.
    pub(crate) fn note_end_of_wait(&self, session: &mut Session, bytes_out: u64) {
        let micros = mem::take(&mut session.spent_micros);
        if let Some(bill) = &mut session.bill {
            bill.bytes_out += bytes_out;
        }
        if let Some(command) = session.ran {
            session.tally.add_call_time(&self.stats, command, micros);
        }
        self.note_time(session, micros);
    }

    /// Sets back what slots have cost that have come here, or left, since it was last looked at. Source: `clusterSlotStatReset`.
    pub(crate) fn settle_slots(&self) {
        let view = self.view();
        let own = view.me().facts.slots();
        let mut settled = self.settled_slots.lock();
        for slot in settled.differences(own) {
            self.keyspace.lock(slot).beside.reset_usage(slot);
        }
        settled.clone_from(own);
    }
}

/// Whether a command is remembered. What EXEC executes is not timed one by one, so it stands for all of that.
fn is_logged(command: &Known) -> bool {
    !command.spec.flags.contains(&Flag::SkipCommandlog) || command.full_name == "exec"
}
