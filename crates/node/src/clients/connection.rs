//! One client connection.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use slotmesh_command::{
    Answer, ErrorReply, Executed, Outcome, Output, Question, Session, Waiter, answer, end_wait, execute, resume,
};
use slotmesh_resp::{Limits, Next, RequestReader};
use slotmesh_types::Now;
use smallvec::SmallVec;
use tokio::io::ReadBuf;
use tokio::time::{Instant, sleep_until, timeout};

use super::ask::ask;
use super::migrate::migrate;
use super::shared::Shared;
use super::signals::Signals;
use super::stream::Stream;
use crate::ending::Ending;

/// Bytes read in one go. The buffer belongs to the thread, so that an idle connection holds none.
const READ_BYTES: usize = 16 * 1024;

/// Replies are sent when so many bytes have come together, even if more requests wait: whoever does not read is not
/// served on, and what waits for him stays small.
const REPLY_BYTES: usize = 64 * 1024;

/// From so many bytes on it is checked before they are sent whether so many may wait.
const CHECKED_BYTES: usize = 16 * 1024;

/// Pieces of replies that are handed to the system in one go.
const PIECES: usize = 16;

/// A client that always has something to say gives way to the others of its thread after so many reads, and after each that
/// filled the buffer or brought so many replies: its socket alone would never make it wait.
const ROUNDS: u64 = 16;

/// Room that a connection keeps between requests.
const KEPT_BYTES: usize = 4 * 1024;

/// Words of a request that need no memory of their own.
const WORDS: usize = 8;

/// Bytes of later requests that are taken in while one waits for keys.
const WAITING_BYTES: usize = 64 * 1024;

/// Bytes of a request that is not complete, of a client that has not shown the password.
const STRANGER_BYTES: usize = 1 << 20;

/// How packets of the bus begin. A node that was told the wrong port learns it at once instead of waiting in vain.
const BUS_SIGNATURE: &[u8] = b"RCmb";

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Serves a connection until it ends, is killed, or the server stops.
pub(crate) async fn run(shared: Arc<Shared>, session: Session, stream: Stream, signals: Signals) {
    let mut stopping = shared.stopping.clone();
    let now = shared.clock.now();
    let mut connection = Connection {
        shared,
        session,
        stream,
        reader: RequestReader::new(Limits::default()),
        input: Vec::new(),
        out: Output::default(),
        closing: false,
        signals: signals.clone(),
        now,
    };
    tokio::select! {
        biased;
        () = signals.killed() => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        // An error of the socket means that the client is gone.
        _ = connection.serve() => {}
    }
    connection.note_end();
    let Connection { shared, session, .. } = &mut connection;
    shared.server.disconnect(session, shared.clock.now());
}

struct Connection {
    shared: Arc<Shared>,
    session: Session,
    stream: Stream,
    reader: RequestReader,
    /// What has arrived and was not executed.
    input: Vec<u8>,
    /// Replies not sent yet.
    out: Output,
    /// Nothing more is executed; what is written is sent, then the connection ends.
    closing: bool,
    signals: Signals,
    /// When it last looked at the clock.
    now: Now,
}

impl Connection {
    async fn serve(&mut self) -> io::Result<()> {
        for round in 1_u64.. {
            if self.closing {
                break;
            }
            let mut full = false;
            tokio::select! {
                biased;
                count = read(&mut self.stream, &mut self.input) => match count? {
                    0 => return Ok(()),
                    count => {
                        full = count == READ_BYTES;
                        self.note_input(count);
                        self.execute_all().await?;
                    }
                },
                () = self.signals.pushed() => self.now = self.shared.clock.now(),
            }
            self.flush().await?;
            if full || round.is_multiple_of(ROUNDS) {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    fn note_input(&mut self, count: usize) {
        self.now = self.shared.clock.now();
        self.shared.server.note_input(&self.session, count as u64, self.now);
    }

    /// The last request, begun when the clock was looked at last, took until now.
    fn note_time(&mut self) {
        let begun = self.now;
        self.now = self.shared.clock.after(begun);
        self.shared.server.note_time(&mut self.session, self.now.mono.since(begun.mono));
    }

    /// Sends the replies, then what nobody asked for, unless the reply is not at its end. Somebody may publish as fast as this
    /// client reads, so it goes on only after others had their turn, and what the client says itself is looked at first.
    async fn flush(&mut self) -> io::Result<()> {
        for _ in 0..ROUNDS {
            self.send().await?;
            self.out.clear(KEPT_BYTES);
            self.session.client().set_buffered(0);
            if self.session.is_executing() {
                return Ok(());
            }
            self.session.client().take_pushes(&mut self.out, REPLY_BYTES);
            if self.out.is_empty() {
                return Ok(());
            }
        }
        self.signals.more();
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn send(&self) -> io::Result<()> {
        let (server, client, length) = (&self.shared.server, self.session.client(), self.out.len());
        client.set_buffered(length);
        let is_too_much =
            || length >= CHECKED_BYTES && client.check_limits(server.pubsub.limits(), self.shared.clock.now().mono);
        if client.is_over_limit() || is_too_much() {
            // The connection has been told to end.
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut sent = 0;
        while sent < length {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let used = self.out.pieces(sent, &mut pieces);
            let count = self.stream.write(&pieces[..used]).await?;
            sent += count;
            server.note_output(&self.session, count as u64, self.now);
        }
        Ok(())
    }

    /// Executes every whole request at hand.
    async fn execute_all(&mut self) -> io::Result<()> {
        let mut locked_out = self.limit_requests();
        let mut input = mem::take(&mut self.input);
        let mut start = 0;
        while !self.closing {
            let (outcome, consumed) = match self.reader.next(&input[start..]) {
                Ok(Next::Incomplete { .. }) if input[start..].starts_with(BUS_SIGNATURE) => {
                    ErrorReply::err("This is a client port, not the port of the cluster bus").write(self.out.own());
                    (Outcome::Close, 0)
                }
                Ok(Next::Incomplete { .. }) => break,
                Ok(Next::Empty { consumed }) => (Outcome::Continue, consumed),
                Ok(Next::Request { args, consumed }) => {
                    let words: SmallVec<[&[u8]; WORDS]> = args.iter().collect();
                    let (server, begun) = (&self.shared.server, self.now);
                    let outcome = execute(server, &mut self.session, begun, &words, &mut self.out);
                    self.now = self.shared.clock.after(begun);
                    let time = self.now.mono.since(begun.mono);
                    let request = Executed { args: &words, begun, time, bytes_in: consumed as u64 };
                    server.note_request(&mut self.session, &request);
                    // One that has not begun is read again.
                    let begins_anew = match outcome {
                        Outcome::Held => !self.session.is_executing(),
                        Outcome::Postponed(_) => true,
                        _ => false,
                    };
                    (outcome, if begins_anew { 0 } else { consumed })
                }
                Err(error) => {
                    ErrorReply::err(error.to_string()).write(self.out.own());
                    (Outcome::Close, 0)
                }
            };
            start += consumed;
            if outcome != Outcome::Continue {
                self.follow(outcome).await?;
                // What has arrived while a request waited.
                input.append(&mut self.input);
            }
            if self.session.is_locked_out(&self.shared.server) != locked_out {
                locked_out = self.limit_requests();
            }
            if self.out.len() >= REPLY_BYTES {
                self.flush().await?;
                tokio::task::yield_now().await;
            }
        }
        self.keep(input, start);
        Ok(())
    }

    /// Sets how long requests may be; who has not shown the password gets little. Tells whether that is so.
    fn limit_requests(&mut self) -> bool {
        let unauthenticated = self.session.is_locked_out(&self.shared.server);
        self.reader.set_limits(Limits { unauthenticated, ..self.shared.server.limits() });
        unauthenticated
    }

    async fn follow(&mut self, mut outcome: Outcome) -> io::Result<()> {
        loop {
            match outcome {
                Outcome::Continue => return Ok(()),
                Outcome::Ask(question) => {
                    self.session.client().set_waiting(true);
                    let given = self.ask(&question).await?;
                    self.session.client().set_waiting(false);
                    self.now = self.shared.clock.now();
                    let (server, now) = (&self.shared.server, self.now);
                    outcome = answer(server, &mut self.session, now, &question, &given, &mut self.out);
                    self.note_time();
                    continue;
                }
                Outcome::Published => {
                    let publications = Arc::clone(self.shared.bus.publications());
                    if !publications.outgoing.has_room() {
                        self.flush().await?;
                        self.session.client().set_waiting(true);
                        publications.outgoing.room().await;
                        self.session.client().set_waiting(false);
                    }
                }
                Outcome::Held => {
                    let signals = self.signals.clone();
                    self.wait_held(signals.served()).await?;
                    if !self.session.is_executing() {
                        return Ok(());
                    }
                }
                Outcome::Postponed(time) => {
                    let signals = self.signals.clone();
                    // Whether it is woken or time is over, it is looked again.
                    self.wait_held(async { drop(timeout(time, signals.served()).await) }).await?;
                    return Ok(());
                }
                Outcome::Wait(waiter) => {
                    self.flush().await?;
                    self.wait(&waiter).await?;
                    self.now = self.shared.clock.now();
                    let (server, now) = (&self.shared.server, self.now);
                    outcome = end_wait(server, &mut self.session, now, &waiter, &mut self.out);
                    continue;
                }
                Outcome::Flush => {
                    self.flush().await?;
                    tokio::task::yield_now().await;
                }
                Outcome::Close => {
                    self.closing = true;
                    return Ok(());
                }
                Outcome::Shutdown => {
                    // Nobody listens any more: the node is ending already.
                    let _ = self.shared.endings.send(Ending::Shutdown);
                    self.closing = true;
                    return Ok(());
                }
            }
            self.now = self.shared.clock.now();
            outcome = resume(&self.shared.server, &mut self.session, self.now, &mut self.out);
            self.note_time();
        }
    }

    /// Waits until what holds a request back may have ended.
    async fn wait_held(&mut self, ended: impl Future<Output = ()>) -> io::Result<()> {
        self.flush().await?;
        self.session.client().set_waiting(true);
        self.wait_for(ended).await?;
        self.session.client().set_waiting(false);
        self.now = self.shared.clock.now();
        Ok(())
    }

    async fn ask(&mut self, question: &Question) -> io::Result<Answer> {
        match question {
            Question::Migrate(migration) => {
                self.flush().await?;
                let (client, signals) = (Arc::clone(self.session.client()), self.signals.clone());
                let migrated = migrate(Arc::clone(&self.shared), migration.clone(), client, signals);
                self.wait_for(migrated).await
            }
            question => Ok(ask(&self.shared, question).await),
        }
    }

    /// Waits until a request that waits for keys has been served, or has waited for too long.
    async fn wait(&mut self, waiter: &Waiter) -> io::Result<()> {
        let deadline = waiter.timeout().and_then(|timeout| Instant::now().checked_add(timeout));
        let signals = self.signals.clone();
        let over = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        let served = async {
            // The word may be about an earlier one.
            while !waiter.is_served() {
                signals.served().await;
            }
        };
        self.wait_for(async {
            tokio::select! {
                biased;
                () = served => {}
                () = over => {}
            }
        })
        .await
    }

    /// Waits for something. What else arrives is kept for later; an end of the connection is noticed.
    async fn wait_for<T>(&mut self, awaited: impl Future<Output = T>) -> io::Result<T> {
        let mut awaited = pin!(awaited);
        loop {
            tokio::select! {
                biased;
                result = &mut awaited => return Ok(result),
                () = self.signals.pushed(), if !self.session.is_executing() => {
                    self.now = self.shared.clock.now();
                    self.session.client().take_pushes(&mut self.out, REPLY_BYTES);
                    self.flush().await?;
                }
                count = read(&mut self.stream, &mut self.input), if self.input.len() < WAITING_BYTES => match count? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => self.note_input(count),
                },
            }
        }
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

    /// Keeps the start of the next request, unless it has grown too long.
    fn keep(&mut self, mut input: Vec<u8>, start: usize) {
        input.drain(..start);
        if input.is_empty() {
            input = Vec::new();
        } else if start > 0 && input.len() <= KEPT_BYTES {
            // Not while a long request arrives: it would move with every piece of it.
            input.shrink_to(KEPT_BYTES);
        }
        self.reader.rest();
        self.input = input;
        self.session.client().set_input(self.input.len());
        let mut max = self.shared.server.query_bytes();
        if self.session.is_locked_out(&self.shared.server) {
            max = max.min(STRANGER_BYTES);
        }
        if self.input.len() > max {
            self.shared.server.stats.query_limit_disconnections.add(1);
            tracing::warn!(
                "Closing client that reached max query buffer length: id={} addr={} ({} bytes)",
                self.session.client().id,
                self.session.client().addr,
                self.input.len()
            );
            self.closing = true;
        }
    }
}

/// Waits for bytes, and reads them to the end of `input`; 0 at the end of the connection. Nothing is lost when it is given up.
async fn read(stream: &mut Stream, input: &mut Vec<u8>) -> io::Result<usize> {
    let mut read = |cx: &mut Context<'_>, scratch: &mut Vec<u8>| {
        let mut buffer = ReadBuf::new(scratch);
        ready!(stream.poll_read(cx, &mut buffer))?;
        input.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    };
    poll_fn(|cx| SCRATCH.with_borrow_mut(|scratch| read(cx, scratch))).await
}
