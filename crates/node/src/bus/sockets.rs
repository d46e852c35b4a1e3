//! Sockets of the bus: those that come in, and those that the engine asks for.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use slotmesh_gossip::{ConnectError, LinkId};
use slotmesh_types::Host;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::connection::{self, Connection};
use super::core::Core;

pub(super) async fn accept(core: Rc<Core>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let local = stream.local_addr().map_or(peer.ip(), |address| address.ip());
                keep_alive(&stream, core.engine.borrow().config().node_timeout);
                let id = core.engine.borrow_mut().handle_accepted(core.clock.now(), peer.ip(), local);
                attach(&core, id, stream);
                core.drive();
            }
            Err(error) => {
                // Out of descriptors, most likely: links that end give some back.
                tracing::warn!("Error accepting cluster node: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn keep_alive(stream: &TcpStream, node_timeout: Duration) {
    let idle = Duration::from_secs((node_timeout.as_secs() * 2).max(1));
    let interval = Duration::from_secs((idle.as_secs() / 3).max(1));
    let settings = socket2::TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(3);
    // A link without keepalive works; its end is noticed by heartbeats.
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&settings);
}

pub(super) fn attach(core: &Rc<Core>, id: LinkId, stream: TcpStream) {
    let connection = Connection::new(stream);
    core.connections.borrow_mut().insert(id, Rc::clone(&connection));
    core.spawn(connection::run(Rc::clone(core), id, connection));
}

pub(super) async fn connect(core: Rc<Core>, id: LinkId, host: Host, port: u16) {
    let patience = core.engine.borrow().config().node_timeout.max(Duration::from_secs(1));
    let attempt = tokio::time::timeout(patience, open(host, port, core.source.get())).await;
    let result = attempt.unwrap_or(Err(ConnectError::TimedOut));
    match result {
        Ok(stream) => {
            let local = stream.local_addr().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip());
            attach(&core, id, stream);
            core.engine.borrow_mut().handle_connected(core.clock.now(), id, local);
            // The engine may have given the link up meanwhile.
            if !core.engine.borrow().has_link(id)
                && let Some(connection) = core.connections.borrow_mut().remove(&id)
            {
                connection.close();
            }
        }
        Err(error) => core.engine.borrow_mut().handle_connect_failed(core.clock.now(), id, error),
    }
    core.drive();
}

/// Where this machine does not have the address any more, any will do, as in real servers: better a link than none.
async fn connect_from(source: IpAddr, target: SocketAddr) -> io::Result<TcpStream> {
    let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    match socket.bind(SocketAddr::new(source, 0)) {
        Ok(()) => socket.connect(target).await,
        Err(_) => TcpStream::connect(target).await,
    }
}

async fn open(host: Host, port: u16, source: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
    let result = match (host.ip(), source) {
        (Some(ip), Some(source)) if ip.is_ipv4() == source.is_ipv4() => {
            connect_from(source, SocketAddr::new(ip, port)).await
        }
        (Some(ip), _) => TcpStream::connect(SocketAddr::new(ip, port)).await,
        (None, _) => TcpStream::connect((host.as_str(), port)).await,
    };
    result.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => ConnectError::Unreachable,
        io::ErrorKind::TimedOut => ConnectError::TimedOut,
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::InvalidInput => ConnectError::Address,
        _ => ConnectError::Other,
    })
}
