//! A client's socket.

use std::io::{self, IoSlice, Write};
use std::net;
use std::os::unix;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A client's socket that belongs to no thread yet.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(net::TcpStream),
    Unix(unix::net::UnixStream),
}

impl Socket {
    /// Sends what the socket takes at once.
    pub(crate) fn try_write(mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Unix(socket) => socket.write(bytes),
        }
    }
}

/// A client's socket, served by this thread.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Takes a socket over.
    ///
    /// # Errors
    /// When the runtime of this thread can't watch it.
    pub(crate) fn new(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(socket) => TcpStream::from_std(socket).map(Self::Tcp),
            Socket::Unix(socket) => UnixStream::from_std(socket).map(Self::Unix),
        }
    }

    /// Gives it up to another thread.
    ///
    /// # Errors
    /// When the runtime of this thread can't forget it.
    pub(crate) fn into_socket(self) -> io::Result<Socket> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Socket::Tcp),
            Self::Unix(stream) => stream.into_std().map(Socket::Unix),
        }
    }

    /// Reads what has arrived.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }

    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, pieces) {
            (Self::Tcp(stream), [piece]) => stream.try_write(piece),
            (Self::Tcp(stream), _) => stream.try_write_vectored(pieces),
            (Self::Unix(stream), _) => stream.try_write_vectored(pieces),
        }
    }

    async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::Unix(stream) => stream.writable().await,
        }
    }

    /// Sends what the socket takes, waiting for room when it takes nothing.
    pub(crate) async fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            match self.try_write(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                result => return result,
            }
        }
    }
}
