//! A client's socket.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::task::{Poll, ready};

use mio::event::Event;

/// A client's socket, which does not block.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => (&*socket).read(buffer),
            Self::Unix(socket) => (&*socket).read(buffer),
        }
    }

    /// Sends what the socket takes at once.
    pub(crate) fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, pieces) {
            (Self::Tcp(socket), [piece]) => (&*socket).write(piece),
            (Self::Tcp(socket), _) => (&*socket).write_vectored(pieces),
            (Self::Unix(socket), _) => (&*socket).write_vectored(pieces),
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Tcp(socket) => socket.as_raw_fd(),
            Self::Unix(socket) => socket.as_raw_fd(),
        }
    }
}

/// What was heard of a socket: the system tells of changes only.
#[derive(Debug)]
pub(crate) struct Readiness {
    readable: Cell<bool>,
    writable: Cell<bool>,
    /// The other side sends nothing any more: reading never waits again.
    is_over: Cell<bool>,
}

impl Default for Readiness {
    /// A new one may be written to; of what has arrived the system tells.
    fn default() -> Self {
        Self { readable: Cell::new(false), writable: Cell::new(true), is_over: Cell::new(false) }
    }
}

impl Readiness {
    /// The system has told of a change.
    pub(crate) fn note(&self, event: &Event) {
        let is_over = event.is_read_closed() || event.is_error();
        if is_over {
            self.is_over.set(true);
        }
        if is_over || event.is_readable() {
            self.readable.set(true);
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.writable.set(true);
        }
    }

    /// All that has arrived was read.
    fn has_read_all(&self) {
        self.readable.set(self.is_over.get());
    }
}

/// A client's socket, served by this thread. Whoever waits for it is woken by what the thread hears of it.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    readiness: Rc<Readiness>,
}

impl Stream {
    /// Takes a socket over.
    pub(crate) fn new(socket: Socket, readiness: Rc<Readiness>) -> Self {
        Self { socket, readiness }
    }

    /// Gives it up.
    pub(crate) fn into_socket(self) -> Socket {
        self.socket
    }

    /// Reads what has arrived, at least a byte unless it has ended.
    pub(crate) fn poll_read(&self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.readiness.readable.get() {
            return Poll::Pending;
        }
        let result = ready!(attempt(|| self.socket.read(buffer), &self.readiness.readable));
        if result.as_ref().is_ok_and(|count| *count < buffer.len()) {
            self.readiness.has_read_all();
        }
        Poll::Ready(result)
    }

    /// Sends what the socket takes, waiting for room when it takes nothing.
    pub(crate) async fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        poll_fn(|_| {
            if !self.readiness.writable.get() {
                return Poll::Pending;
            }
            attempt(|| self.socket.write(pieces), &self.readiness.writable)
        })
        .await
    }
}

/// Does it, again where a signal of the system has come between; notes that it would have to wait.
fn attempt(mut what: impl FnMut() -> io::Result<usize>, may: &Cell<bool>) -> Poll<io::Result<usize>> {
    loop {
        match what() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                may.set(false);
                return Poll::Pending;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Poll::Ready(result),
        }
    }
}
