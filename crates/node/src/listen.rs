//! Listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use socket2::{Domain, Protocol, Socket, Type};

/// A port that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("Could not create server TCP listening socket {address}:{port}: {error}")]
pub struct ListenError {
    /// The address, as it was configured.
    pub address: String,
    /// The port.
    pub port: u16,
    /// Why.
    pub error: io::Error,
}

/// Listens on every address of the `bind` directive. A leading `-` lets an address be missing on this machine.
///
/// # Errors
/// When one can't be listened on, or none.
pub(crate) fn bind_all(bind: &str, port: u16, backlog: u32) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::new();
    for word in bind.split_ascii_whitespace() {
        let (name, optional) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
        match resolve(name, port).and_then(|address| bind_one(address, backlog)) {
            Ok(listener) => listeners.push(listener),
            Err(error) if optional && is_missing(&error) => {}
            Err(error) => return Err(ListenError { address: name.to_owned(), port, error }),
        }
    }
    if listeners.is_empty() {
        let error = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address of the bind directive exists here");
        return Err(ListenError { address: bind.to_owned(), port, error });
    }
    Ok(listeners)
}

fn resolve(name: &str, port: u16) -> io::Result<SocketAddr> {
    let ip = match name {
        "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        "::*" => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        name => {
            let found = (name, port).to_socket_addrs()?.next();
            return found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
    };
    Ok(SocketAddr::new(ip, port))
}

/// Whether the machine just has no such address, or no such kind of address.
fn is_missing(error: &io::Error) -> bool {
    let codes = [rustix::io::Errno::AFNOSUPPORT, rustix::io::Errno::PROTONOSUPPORT, rustix::io::Errno::ADDRNOTAVAIL];
    error.raw_os_error().is_some_and(|code| codes.iter().any(|known| known.raw_os_error() == code))
}

/// A non-blocking listener. IPv6 sockets serve IPv6 only, so that `*` and `::*` can both be listened on.
fn bind_one(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}
