//! One client connection.

mod ahead;
mod follow;
mod input;
mod send;

use std::io;
use std::sync::Arc;

use input::{Input, READ_BYTES, SHORT_BYTES};

use slotmesh_command::{ErrorReply, Executed, FORESEEN_MAX, Outcome, Output, Plan, Session, execute};
use slotmesh_resp::{Limits, Next, RequestReader};
use slotmesh_types::Now;
use smallvec::SmallVec;

use send::REPLY_BYTES;

use super::guest::Guest;
use super::places::Place;
use super::rounds::{self, after_others, has_company};
use super::shared::Shared;
use super::signals::Signals;
use super::stream::Stream;

/// A client that always has something to say gives way to the others of its thread after so many reads, and after each
/// that filled the buffer or brought so many replies: its socket alone would never make it wait.
const ROUNDS: u64 = 16;

/// Room that a connection keeps between requests.
const KEPT_BYTES: usize = 4 * 1024;

/// Words of a request that need no memory of their own.
const WORDS: usize = 8;

/// Bytes of a request that is not complete, of a client that has not shown the password.
const STRANGER_BYTES: usize = 1 << 20;

/// How packets of the bus begin. A node that was told the wrong port learns it at once instead of waiting in vain.
const BUS_SIGNATURE: &[u8] = b"RCmb";

/// Serves a connection until it ends, is killed, the server stops, or it moves to another thread; gives it back then.
pub(crate) async fn run(
    place: Place,
    shared: Arc<Shared>,
    session: Session,
    stream: Stream,
    signals: Signals,
) -> Option<Guest> {
    signals.attach().await;
    let now = shared.clock.now();
    let mut connection = Connection {
        place,
        shared,
        session,
        stream,
        reader: RequestReader::new(Limits::default()),
        plans: SmallVec::new(),
        input: Input::default(),
        limits: None,
        out: Output::default(),
        closing: false,
        signals: signals.clone(),
        now,
    };
    let moves = tokio::select! {
        biased;
        () = signals.killed() => false,
        // An error of the socket means that the client is gone.
        end = connection.serve() => matches!(end, Ok(End::Moves)),
    };
    if !moves {
        connection.note_end();
    }
    let Connection { place, shared, mut session, stream, .. } = connection;
    if moves {
        return Some(Guest { place, shared, session, socket: stream.into_socket(), signals });
    }
    shared.server.disconnect(&mut session, shared.clock.now());
    None
}

/// Why a connection is not served any more.
enum End {
    Over,
    /// It goes on elsewhere.
    Moves,
}

struct Connection {
    place: Place,
    shared: Arc<Shared>,
    session: Session,
    stream: Stream,
    reader: RequestReader,
    /// What the requests are about that the reader has read ahead, the next one last. Mostly one is.
    plans: SmallVec<[Plan; 1]>,
    /// What has arrived and was not executed.
    input: Input,
    /// What the limits of the reader come from: the settings of that version, and whether the password was not shown.
    limits: Option<(u64, bool)>,
    /// Replies not sent yet.
    out: Output,
    /// Nothing more is executed; what is written is sent, then the connection ends.
    closing: bool,
    signals: Signals,
    /// When it last looked at the clock.
    now: Now,
}

impl Connection {
    async fn serve(&mut self) -> io::Result<End> {
        for round in 1_u64.. {
            if self.closing {
                break;
            }
            // When nothing is left to do here, and nothing would get lost.
            if self.input.len() == 0 && self.out.is_empty() && self.shared.places.moved(&mut self.place) {
                return Ok(End::Moves);
            }
            let mut full = false;
            tokio::select! {
                biased;
                count = self.input.read(&self.stream) => match count? {
                    0 => break,
                    count => {
                        full = count == READ_BYTES;
                        self.note_input(count);
                        if has_company() {
                            self.let_others_read(count).await;
                        }
                        self.execute_all().await?;
                        if !full {
                            // The requests of all who have sent some are executed, then all replies are sent. Sending is most
                            // of the work, and wakes clients who want the same cores; one after the other, and not in turns
                            // with reading, it takes up to a quarter less.
                            after_others().await;
                        }
                    }
                },
                () = self.signals.pushed() => self.now = self.shared.clock.now(),
            }
            self.flush().await?;
            if full || round.is_multiple_of(ROUNDS) {
                tokio::task::yield_now().await;
            }
        }
        Ok(End::Over)
    }

    /// So many bytes have arrived: who sends so few waits until the requests of all others were read. What one of them needs is
    /// asked for together with what the others need.
    async fn let_others_read(&mut self, count: usize) {
        if count <= SHORT_BYTES {
            self.limit_requests();
            self.look_ahead(1);
            self.input.set_aside();
            after_others().await;
            self.foresee();
            self.now = rounds::time(&self.shared.clock);
        } else {
            self.now = self.shared.clock.now();
        }
    }

    fn note_input(&mut self, count: usize) {
        self.now = rounds::time(&self.shared.clock);
        self.shared.server.note_input(&self.session, count as u64, self.now);
    }

    /// The last request, begun when the clock was looked at last, took until now.
    fn note_time(&mut self) {
        let begun = self.now;
        self.look_at_clock();
        let micros = self.now.mono.micros_since(begun.mono);
        self.shared.server.note_time(&mut self.session, micros);
    }

    /// Something has ended that had begun when the clock was looked at last. What others of this thread do begins here.
    fn look_at_clock(&mut self) {
        self.now = self.shared.clock.after(self.now);
        rounds::note_time(self.now);
    }

    /// Executes every whole request at hand.
    async fn execute_all(&mut self) -> io::Result<()> {
        let mut locked_out = self.limit_requests();
        while !self.closing {
            let (outcome, consumed) = match self.reader.next(self.input.bytes()) {
                Ok(Next::Incomplete { .. }) if self.input.bytes().starts_with(BUS_SIGNATURE) => {
                    ErrorReply::err("This is a client port, not the port of the cluster bus").write(self.out.own());
                    (Outcome::Close, 0)
                }
                Ok(Next::Incomplete { .. }) => break,
                Ok(Next::Empty { consumed }) => (Outcome::Continue, consumed),
                Ok(Next::Request { args, consumed }) => {
                    let mut words = SmallVec::<[&[u8]; WORDS]>::new();
                    args.for_each(|word| words.push(word));
                    let (server, begun, plan) = (&self.shared.server, self.now, self.plans.pop());
                    let outcome = execute(server, &mut self.session, begun, &words, plan, &mut self.out);
                    let now = self.shared.clock.after(begun);
                    rounds::note_time(now);
                    self.now = now;
                    let request = Executed { args: &words, begun, ended: now.mono, bytes_in: consumed as u64 };
                    server.note_request(&mut self.session, &request);
                    // One that has not begun is read again.
                    let begins_anew = matches!(outcome, Outcome::Held(_)) && !self.session.is_executing();
                    (outcome, if begins_anew { 0 } else { consumed })
                }
                Err(error) => {
                    ErrorReply::err(error.to_string()).write(self.out.own());
                    (Outcome::Close, 0)
                }
            };
            self.input.consume(consumed);
            if consumed == 0 {
                self.forget_ahead();
            }
            if self.plans.is_empty() && self.input.len() > 0 && outcome == Outcome::Continue {
                self.look_ahead(FORESEEN_MAX);
                self.foresee();
            }
            if outcome != Outcome::Continue {
                self.shared.server.settle(&mut self.session);
                self.input.give_back();
                self.follow(outcome).await?;
            }
            if self.session.is_locked_out(&self.shared.server) != locked_out {
                locked_out = self.limit_requests();
            }
            if self.out.len() >= REPLY_BYTES {
                self.input.give_back();
                self.flush().await?;
                tokio::task::yield_now().await;
            }
        }
        self.input.rest();
        self.reader.rest();
        self.plans = SmallVec::new();
        self.closing |= self.has_too_much_input();
        Ok(())
    }

    /// Sets how long requests may be; who has not shown the password gets little. Tells whether that is so.
    fn limit_requests(&mut self) -> bool {
        let server = &self.shared.server;
        let unauthenticated = self.session.is_locked_out(server);
        let from = (server.settings_version(), unauthenticated);
        if self.limits.replace(from) != Some(from) {
            self.reader.set_limits(Limits { unauthenticated, ..server.limits() });
            self.plans.clear();
        }
        unauthenticated
    }

    /// What was read ahead is not executed as it was read.
    fn forget_ahead(&mut self) {
        self.reader.forget_ahead();
        self.plans.clear();
    }

    /// Tells why the connection ends where an operator should know.
    fn note_end(&self) {
        let client = self.session.client();
        if client.is_over_limit() {
            self.shared.server.stats.output_limit_disconnections.add(1);
            tracing::warn!(
                "Client {} scheduled to be closed ASAP for overcoming of output buffer limits.",
                client.log_line(self.shared.clock.now())
            );
        }
    }

    /// Whether more has arrived, and was not executed, than the client may have waiting; an operator is told.
    fn has_too_much_input(&self) -> bool {
        let (server, client, length) = (&self.shared.server, self.session.client(), self.input.len());
        client.set_input(length);
        if length == 0 {
            return false;
        }
        let mut max = server.query_bytes();
        if self.session.is_locked_out(server) {
            max = max.min(STRANGER_BYTES);
        }
        if length > max {
            server.stats.query_limit_disconnections.add(1);
            tracing::warn!(
                "Closing client that reached max query buffer length: id={} addr={} ({length} bytes)",
                client.id,
                client.addr,
            );
        }
        length > max
    }
}
