//! Connections that come in: how many, and how long they may take to say something.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, rustls};
use tonic::transport::server::Connected;

use crate::access::{Certificates, Holder};
use crate::patience::Patience;
use crate::tls;

/// How long a connection may take to agree on TLS and to say which HTTP it speaks.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection of HTTP/1 may go without taking an answer. One that asks nothing for 30 s is closed by the server
/// itself (hyper).
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Most answers of reading calls that are made or wait to be taken on one connection: whoever takes none keeps only itself from
/// asking.
const ANSWERS_EACH: usize = 64;

/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection passes on its way in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door {
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    /// What certificates allow, where they are asked for.
    pub(crate) certificates: Option<Arc<Certificates>>,
}

/// A connection that counts against the limit while it lives.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    caller: Caller,
    patience: Patience,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Where a call comes from.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    /// Who showed a certificate, where one is asked for.
    pub(crate) holder: Option<Arc<Holder>>,
    /// Places for answers that this connection may hold.
    pub(crate) answers: Arc<Semaphore>,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        match &self.holder {
            Some(holder) => write!(f, " ({})", holder.names.join(", ")),
            None => Ok(()),
        }
    }
}

/// Accepts connections until the receiver is gone. Beyond the places there are, they are closed at once.
pub(crate) async fn accept(
    listener: TcpListener,
    door: Door,
    places: Arc<Semaphore>,
    out: mpsc::Sender<io::Result<Connection>>,
) {
    while !out.is_closed() {
        match listener.accept().await {
            Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => drop(tokio::spawn(greet(stream, peer, door.clone(), place, out.clone()))),
                Err(_) => tracing::debug!(%peer, "admin connection refused: too many"),
            },
            Err(error) => {
                // Out of descriptors, most likely: connections that end give some back.
                tracing::warn!("Error accepting an admin connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn greet(
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    place: OwnedSemaphorePermit,
    out: mpsc::Sender<io::Result<Connection>>,
) {
    // Without it a small message may wait for an acknowledgement; the connection works all the same.
    let _ = stream.set_nodelay(true);
    let greeting = Instant::now() + GREETING_TIMEOUT;
    match tokio::time::timeout_at(greeting, secure(stream, &door)).await {
        Ok(Ok((stream, holder))) => {
            let answers = Arc::new(Semaphore::new(ANSWERS_EACH));
            let caller = Caller { address: peer, holder: holder.map(Arc::new), answers };
            // The server has stopped: nobody wants the connection any more.
            let patience = Patience::new(greeting, IDLE_TIMEOUT);
            let _ = out.send(Ok(Connection { stream, caller, patience, _place: place })).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, "admin connection failed: {error}"),
        Err(_) => tracing::debug!(%peer, "admin connection closed: it said nothing in time"),
    }
}

async fn secure(stream: TcpStream, door: &Door) -> io::Result<(Stream, Option<Holder>)> {
    let Some(config) = &door.tls else {
        return Ok((Stream::Plain(stream), None));
    };
    let stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let names = shown.map(tls::names).unwrap_or_default();
    let holder = door.certificates.as_ref().map(|certificates| certificates.holder(names));
    Ok((Stream::Tls(Box::new(stream)), holder))
}

impl Connected for Connection {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl Stream {
    fn input(&mut self) -> Pin<&mut (dyn AsyncRead + Unpin)> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }

    fn output(&mut self) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, patience, .. } = self.get_mut();
        let before = buffer.filled().len();
        let result = stream.input().poll_read(cx, buffer);
        patience.heard(&buffer.filled()[before..]);
        patience.or_end(cx, result)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, patience, .. } = self.get_mut();
        let result = stream.output().poll_write(cx, bytes);
        if matches!(result, Poll::Ready(Ok(1..))) {
            patience.told();
        }
        patience.or_end(cx, result)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, patience, .. } = self.get_mut();
        let result = stream.output().poll_flush(cx);
        patience.or_end(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, patience, .. } = self.get_mut();
        let result = stream.output().poll_shutdown(cx);
        patience.or_end(cx, result)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_stream::wrappers::ReceiverStream;

    use super::*;

    const PLACES: usize = 4;

    const ASK: &[u8] = b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n";

    /// A server behind this door, with one service and an answer to all of HTTP/1.
    async fn serve(door: Door) -> (SocketAddr, Arc<Semaphore>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let places = Arc::new(Semaphore::new(PLACES));
        let (out, connections) = mpsc::channel(4);
        tokio::spawn(accept(listener, door, Arc::clone(&places), out));
        let (_, health) = tonic_health::server::health_reporter();
        let routes = tonic::service::Routes::new(health);
        let server = tonic::transport::Server::builder().accept_http1(true);
        tokio::spawn({ server }.serve_with_incoming(routes, ReceiverStream::new(connections)));
        (address, places)
    }

    fn tls() -> Door {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Door { tls: Some(Arc::new(config)), certificates: None }
    }

    /// Says these, reads until the other side closes, and gives how long that took and what was read.
    async fn lasts(address: SocketAddr, says: &[u8]) -> (Duration, Vec<u8>) {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(says).await.unwrap();
        let mut answer = Vec::new();
        // A reset says the same.
        let _ = stream.read_to_end(&mut answer).await;
        (start.elapsed(), answer)
    }

    #[track_caller]
    fn assert_about(lasted: Duration, bound: Duration) {
        assert!(lasted >= bound && lasted < bound + Duration::from_secs(2), "{lasted:?}, not {bound:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_closed_and_gives_its_place_back() {
        for (door, says) in [
            (Door::default(), &b""[..]),
            (Door::default(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n"),
            (tls(), b""),
            (tls(), b"\x16\x03\x01\x02\x00\x01"),
        ] {
            let (address, places) = serve(door).await;
            let (lasted, answer) = lasts(address, says).await;
            assert_about(lasted, GREETING_TIMEOUT);
            assert_eq!(answer, [0; 0]);
            // The task that held it may still be on its way out.
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(places.available_permits(), PLACES);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_http_1_is_closed_when_it_asks_no_more() {
        let (address, places) = serve(Door::default()).await;
        let (lasted, answer) = lasts(address, ASK).await;
        assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
        assert_about(lasted, Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(places.available_permits(), PLACES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_http_1_that_takes_no_answers_is_closed() {
        let (address, places) = serve(Door::default()).await;
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        while stream.write_all(&ASK.repeat(100)).await.is_ok() {}
        assert_about(start.elapsed(), IDLE_TIMEOUT);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(places.available_permits(), PLACES);
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_places_there_are_connections_are_closed_at_once() {
        let (address, places) = serve(Door::default()).await;
        let mut held = Vec::new();
        for _ in 0..PLACES {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        while places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_about(lasts(address, b"").await.0, Duration::ZERO);
    }
}
