//! Accepting clients.

use std::fs;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr, TcpListener as StdTcpListener};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use slotmesh_command::{ErrorReply, Peer};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::guest::Guest;
use super::shared::Shared;
use super::signals::Signals;
use super::stream::Socket;
use crate::ending::TellPanic;

/// Rest after an error of accept, which is most likely for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Reply to those who come from elsewhere while anybody could. Source: protected mode of real servers.
const DENIED: &str = "DENIED Running in protected mode because protected mode is enabled and no password is set for the \
    default user. In this mode connections are only accepted from the loopback interface. If you want to connect from \
    external computers, disable protected mode: send the command 'CONFIG SET protected-mode no' from the host the \
    server is running on, set 'protected-mode no' in the configuration file, or start the server with the \
    '--protected-mode no' option. Make sure then that the server can't be reached from the internet. Or set a password \
    for the default user: 'requirepass'.";

/// The sockets that accept clients.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    tcp: Mutex<Vec<JoinHandle<()>>>,
    unix: Mutex<Option<PathBuf>>,
}

impl Listeners {
    /// Accepts TCP clients here, too.
    ///
    /// # Errors
    /// When the runtime can't take a socket.
    pub(crate) fn accept_tcp(shared: &Arc<Shared>, listeners: Vec<StdTcpListener>) -> io::Result<()> {
        let listeners: Vec<TcpListener> = listeners.into_iter().map(TcpListener::from_std).collect::<Result<_, _>>()?;
        let accept = |listener| spawn(shared, accept_tcp(Arc::clone(shared), listener));
        shared.listeners.tcp.lock().extend(listeners.into_iter().map(accept));
        Ok(())
    }

    /// Accepts no TCP client any more; the sockets are closed on return.
    pub(crate) async fn close_tcp(&self) {
        let tasks: Vec<_> = self.tcp.lock().drain(..).collect();
        for task in tasks {
            task.abort();
            // That it was cancelled is what we want.
            let _ = task.await;
        }
    }

    /// Accepts clients at a path, too.
    ///
    /// # Errors
    /// When the socket can't be made.
    pub(crate) fn add_unix(shared: &Arc<Shared>, path: PathBuf, mode: u32) -> io::Result<()> {
        // Left behind by a server that was killed, or in use: like real servers, take it over. Mostly there is none.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        if mode != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        }
        let name = path.display().to_string();
        *shared.listeners.unix.lock() = Some(path);
        spawn(shared, accept_unix(Arc::clone(shared), listener, name));
        Ok(())
    }

    /// Accepts nobody any more.
    pub(crate) async fn close(&self) {
        self.close_tcp().await;
        if let Some(path) = self.unix.lock().take() {
            // Somebody may have removed it; it is gone either way.
            let _ = fs::remove_file(path);
        }
    }
}

/// Starts a task that accepts clients.
fn spawn(shared: &Shared, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(TellPanic::new(&shared.endings, "the task that accepts clients").watch(task))
}

async fn accept_tcp(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => welcome_tcp(&shared, stream, remote),
            Err(error) => {
                tracing::warn!("Error accepting a client connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn accept_unix(shared: Arc<Shared>, listener: UnixListener, path: String) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => welcome_unix(&shared, stream, path.clone()),
            Err(error) => {
                tracing::warn!("Error accepting a client connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn welcome_tcp(shared: &Arc<Shared>, stream: TcpStream, remote: SocketAddr) {
    // A connection works without either; the client may be gone already.
    let _ = stream.set_nodelay(true);
    let keepalive = shared.server.config().number("tcp-keepalive").unsigned_abs();
    if keepalive > 0 {
        let interval = Duration::from_secs((keepalive / 3).max(1));
        let settings = socket2::TcpKeepalive::new().with_time(Duration::from_secs(keepalive));
        let settings = settings.with_interval(interval).with_retries(3);
        let _ = socket2::SockRef::from(&stream).set_tcp_keepalive(&settings);
    }
    let Ok(local) = stream.local_addr() else { return };
    let fd = i64::from(stream.as_raw_fd());
    let denied =
        shared.server.config().flag("protected-mode") && !shared.server.has_password() && !is_loopback(remote.ip());
    if let Ok(socket) = stream.into_std() {
        welcome(shared, Socket::Tcp(socket), &Peer::Tcp { remote, local }, fd, denied);
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn welcome_unix(shared: &Arc<Shared>, stream: UnixStream, path: String) {
    let fd = i64::from(stream.as_raw_fd());
    if let Ok(socket) = stream.into_std() {
        welcome(shared, Socket::Unix(socket), &Peer::Unix { path }, fd, false);
    }
}

fn welcome(shared: &Arc<Shared>, socket: Socket, peer: &Peer, fd: i64, denied: bool) {
    let signals = Signals::default();
    let admitted = if denied {
        shared.server.stats.connections_rejected.add(1);
        Err(ErrorReply::new(DENIED))
    } else {
        shared.server.connect(shared.clock.now(), peer, fd, Box::new(signals.clone()))
    };
    match admitted {
        Ok(session) => {
            let place = shared.places.next();
            Guest { place, shared: Arc::clone(shared), session, socket, signals }.go_to_place();
        }
        Err(error) => {
            let mut reply = Vec::new();
            error.write(&mut reply);
            // As much as fits at once: whoever is refused is not waited for.
            let _ = socket.write(&[IoSlice::new(&reply)]);
        }
    }
}
