//! How long a connection may keep the server waiting.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// What a connection that speaks HTTP/2 says first. Source: RFC 9113, section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// When a connection is given up. The server itself puts no bound on the time until it knows the version of HTTP, and none on
/// how long a peer of HTTP/1 takes no answer; peers of HTTP/2 have to answer pings.
#[derive(Debug)]
pub(crate) struct Patience {
    phase: Phase,
    /// How long HTTP/1 may go without taking an answer.
    idle: Duration,
    end: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// It has said so many bytes of the preface, and nothing else.
    Greeting {
        said: usize,
    },
    Http1,
    Http2,
}

impl Patience {
    /// A connection has until `greeting` to say what it speaks.
    pub(crate) fn new(greeting: Instant, idle: Duration) -> Self {
        Self { phase: Phase::Greeting { said: 0 }, idle, end: Box::pin(sleep_until(greeting)) }
    }

    /// The peer has said this.
    pub(crate) fn heard(&mut self, bytes: &[u8]) {
        let Phase::Greeting { said } = self.phase else { return };
        let expected = &PREFACE[said..];
        let common = expected.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        if common == expected.len() {
            self.phase = Phase::Http2;
        } else if common == bytes.len() {
            self.phase = Phase::Greeting { said: said + common };
        } else {
            self.phase = Phase::Http1;
            self.rest();
        }
    }

    /// The peer takes an answer. What it says is no reason to wait longer: it could say a byte a minute.
    pub(crate) fn told(&mut self) {
        if matches!(self.phase, Phase::Http1) {
            self.rest();
        }
    }

    /// The result of something that may have to wait for the peer, unless that took too long.
    pub(crate) fn or_end<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() || matches!(self.phase, Phase::Http2) {
            return result;
        }
        self.end.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn rest(&mut self) {
        self.end.as_mut().reset(Instant::now() + self.idle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3600);

    async fn ends(mut patience: Patience) -> bool {
        let end = std::future::poll_fn(|cx| patience.or_end(cx, Poll::<io::Result<()>>::Pending));
        matches!(tokio::time::timeout(5 * SHORT, end).await, Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut)
    }

    fn heard(greeting: Duration, idle: Duration, said: &[&[u8]]) -> Patience {
        let mut patience = Patience::new(Instant::now() + greeting, idle);
        said.iter().for_each(|bytes| patience.heard(bytes));
        patience
    }

    #[tokio::test]
    async fn a_connection_that_has_not_said_what_it_speaks_ends() {
        assert!(ends(heard(SHORT, LONG, &[])).await);
        assert!(ends(heard(SHORT, LONG, &[b"P", b"RI * HTTP/2.0\r\n\r\nSM\r\n\r"])).await);
        assert!(
            !ends(heard(SHORT, SHORT, &[b"PRI * HTTP/2.0\r\n", b"\r\nSM\r\n\r\nmore"])).await,
            "pings watch over it"
        );
    }

    #[tokio::test]
    async fn http_1_ends_when_it_rests_whatever_it_says() {
        assert!(!ends(heard(SHORT, LONG, &[b"GET"])).await, "it has greeted");
        assert!(ends(heard(LONG, SHORT, &[b"PRI * HTTP/1"])).await);
        let mut patience = heard(LONG, SHORT, &[b"GET /"]);
        tokio::time::sleep(2 * SHORT).await;
        patience.heard(b"x");
        let now = std::future::poll_fn(|cx| Poll::Ready(patience.or_end(cx, Poll::<io::Result<()>>::Pending)));
        assert!(now.await.is_ready(), "one more byte buys no time");
        let mut patience = heard(SHORT, LONG, &[b"GET"]);
        patience.told();
        assert!(!ends(patience).await);
    }
}
