//! One connection of the bus.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;

use bytes::Bytes;
use slotmesh_gossip::LinkId;
use slotmesh_wire::{frame_length, stranger_frame_length};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::core::Core;

/// Packets that are handed to the system in one go.
const SLICES: usize = 32;

/// Reads of one link before the others have their turn: a peer that floods must not keep the thread to itself.
const READS_A_TURN: usize = 8;

/// The driver's side of a link.
pub(crate) struct Connection {
    stream: TcpStream,
    queue: RefCell<VecDeque<Bytes>>,
    /// Bytes of the front packet that have left.
    sent: Cell<usize>,
    /// Bytes that wait.
    queued: Cell<u64>,
    /// Bytes that have left since the beginning.
    total: Cell<u64>,
    /// It takes published messages so slowly that nobody waits for it.
    lagging: Cell<bool>,
    closed: Cell<bool>,
    kick: Notify,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Rc<Self> {
        // Without it a heartbeat may wait for the acknowledgement of the one before; a link works all the same.
        let _ = stream.set_nodelay(true);
        Rc::new(Self {
            stream,
            queue: RefCell::default(),
            sent: Cell::new(0),
            queued: Cell::new(0),
            total: Cell::new(0),
            lagging: Cell::new(false),
            closed: Cell::new(false),
            kick: Notify::new(),
        })
    }

    /// Adds a packet. Tells whether it is the only one, so that it may be sent at once: else the task is at it.
    pub(crate) fn enqueue(&self, bytes: Bytes) -> bool {
        self.queued.set(self.queued.get() + bytes.len() as u64);
        let mut queue = self.queue.borrow_mut();
        queue.push_back(bytes);
        queue.len() == 1
    }

    /// Sends at once what the socket takes and keeps the rest for its task. Gives the bytes that left.
    pub(crate) fn send_now(&self) -> u64 {
        let left = self.flush().unwrap_or(0);
        if !self.queue.borrow().is_empty() {
            self.kick.notify_one();
        }
        left
    }

    /// Bytes that wait to be sent.
    pub(crate) fn queued(&self) -> u64 {
        self.queued.get()
    }

    /// Bytes that have left since the beginning.
    pub(crate) fn total(&self) -> u64 {
        self.total.get()
    }

    /// Whether it takes published messages so slowly that nobody waits for it.
    pub(crate) fn is_lagging(&self) -> bool {
        self.lagging.get()
    }

    pub(crate) fn set_lagging(&self, lagging: bool) {
        self.lagging.set(lagging);
    }

    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.kick.notify_one();
    }

    fn flush(&self) -> io::Result<u64> {
        let before = self.total.get();
        loop {
            let mut queue = self.queue.borrow_mut();
            let Some(front) = queue.front() else { break };
            let mut slices = [IoSlice::new(&[]); SLICES];
            slices[0] = IoSlice::new(&front[self.sent.get()..]);
            slices.iter_mut().zip(queue.iter()).skip(1).for_each(|(slice, packet)| *slice = IoSlice::new(packet));
            match self.stream.try_write_vectored(&slices[..queue.len().min(SLICES)]) {
                Ok(count) => self.note_sent(&mut queue, count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self.total.get() - before)
    }

    fn note_sent(&self, queue: &mut VecDeque<Bytes>, count: usize) {
        self.total.set(self.total.get() + count as u64);
        self.queued.set(self.queued.get().saturating_sub(count as u64));
        let mut sent = self.sent.get() + count;
        while let Some(front) = queue.front()
            && front.len() <= sent
        {
            sent -= front.len();
            queue.pop_front();
        }
        if queue.is_empty() {
            // What a flood needed is not kept.
            *queue = VecDeque::new();
        }
        self.sent.set(sent);
    }

    fn interest(&self) -> Interest {
        if self.queue.borrow().is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE }
    }
}

/// Why a connection's task ended.
enum End {
    /// The engine closed it.
    Ours,
    /// The peer did, or the network.
    Theirs,
    /// What came is not the bus protocol.
    Garbage,
}

/// Reads and writes until the connection ends, then tells the engine.
pub(crate) async fn run(core: Rc<Core>, id: LinkId, connection: Rc<Connection>) {
    let mut partial = Vec::new();
    let end = loop {
        if connection.closed.get() {
            break End::Ours;
        }
        let ready = tokio::select! {
            ready = connection.stream.ready(connection.interest()) => ready,
            () = connection.kick.notified() => continue,
        };
        let Ok(ready) = ready else { break End::Theirs };
        if ready.is_writable() {
            match connection.flush() {
                Ok(left) => core.flushed(id, left),
                Err(_) => break End::Theirs,
            }
        }
        if ready.is_readable() {
            match read(&core, id, &connection, &mut partial) {
                Ok(Left::Nothing) => {}
                Ok(Left::More) => tokio::task::yield_now().await,
                Err(end) => break end,
            }
        }
    };
    core.note_partial(id, 0);
    match end {
        End::Ours => {}
        End::Theirs => core.closed(id, false),
        End::Garbage => core.closed(id, true),
    }
}

/// What a turn has left in the socket.
enum Left {
    Nothing,
    More,
}

/// Reads what is there, for one turn, and hands complete packets on. A packet that came whole is never copied.
fn read(core: &Rc<Core>, id: LinkId, connection: &Connection, partial: &mut Vec<u8>) -> Result<Left, End> {
    let (mut scratch, mut was_full) = (core.take_scratch(), false);
    let mut reads = 0;
    let result = loop {
        if connection.closed.get() {
            break Err(End::Ours);
        }
        if reads == READS_A_TURN {
            break Ok(Left::More);
        }
        reads += 1;
        match connection.stream.try_read(&mut scratch) {
            Ok(0) => break Err(End::Theirs),
            Ok(count) => {
                let taken = if partial.is_empty() {
                    let taken = packets(core, id, connection, &scratch[..count]);
                    taken.map(|taken| partial.extend_from_slice(&scratch[taken..count]))
                } else {
                    partial.extend_from_slice(&scratch[..count]);
                    let taken = packets(core, id, connection, partial);
                    taken.map(|taken| drop(partial.drain(..taken)))
                };
                if taken.is_err() {
                    break Err(End::Garbage);
                }
                if count < scratch.len() {
                    break Ok(Left::Nothing);
                }
                was_full = true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(Left::Nothing),
            Err(_) => break Err(End::Theirs),
        }
    };
    if partial.is_empty() {
        // An idle link keeps no buffer: a node of a big mesh has hundreds of them.
        *partial = Vec::new();
    }
    core.note_partial(id, partial.capacity());
    core.give_scratch(scratch, was_full);
    result
}

/// Hands on the complete packets at the start of `bytes`; gives the number of bytes they take.
fn packets(core: &Rc<Core>, id: LinkId, connection: &Connection, bytes: &[u8]) -> Result<usize, ()> {
    let mut taken = 0;
    while taken < bytes.len() && !connection.closed.get() {
        let length = if core.takes_messages(id) { frame_length } else { stranger_frame_length };
        match length(&bytes[taken..]) {
            Err(error) => {
                tracing::warn!("Bad message length or signature received on the Cluster bus: {error}");
                return Err(());
            }
            Ok(Some(length)) if length <= bytes.len() - taken => {
                core.packet(id, &bytes[taken..taken + length]);
                taken += length;
            }
            Ok(_) => break,
        }
    }
    Ok(taken)
}
