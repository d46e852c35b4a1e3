//! One connection to the client port of a node.

use std::time::Duration;

use slotmesh_resp::{Value, encode_command};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::tls::Stream;
use super::{AskError, AskErrorKind, Target, Tls};

/// Longest reply that is read, in bytes: CLUSTER NODES of the largest cluster, with every slot by itself, is shorter.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// First byte of a TLS record that carries an alert: what a TLS port answers to plain text.
const TLS_ALERT: u8 = 0x15;

/// How nodes are asked.
#[derive(Clone)]
pub(crate) struct Access {
    /// Longest wait for a connection, and for each reply.
    pub(crate) timeout: Duration,
    /// User for AUTH; the default user if there is none.
    pub(crate) user: Option<String>,
    /// Password for AUTH; without one there is no AUTH.
    pub(crate) password: Option<String>,
    /// Speak TLS, and how.
    pub(crate) tls: Option<Tls>,
}

/// One connection to a node.
#[derive(Debug)]
pub(crate) struct Resp {
    target: Target,
    timeout: Duration,
    stream: Box<dyn Stream>,
    /// What was read and not taken yet.
    input: Vec<u8>,
}

impl Resp {
    /// Connects, and shows the password if there is one.
    ///
    /// # Errors
    /// Nobody listens, or we are not let in.
    pub(crate) async fn connect(target: &Target, access: &Access) -> Result<Self, AskError> {
        let failed = |kind| AskError { target: target.clone(), kind };
        let stream = open(target, access).await.map_err(failed)?;
        let mut resp = Self { target: target.clone(), timeout: access.timeout, stream, input: Vec::new() };
        if let Some(password) = &access.password {
            let words: Vec<&str> = ["AUTH"].into_iter().chain(access.user.as_deref()).chain([&**password]).collect();
            if let Value::Error(text) = resp.exchange(&words, "AUTH").await? {
                return Err(failed(AskErrorKind::Denied(String::from_utf8_lossy(&text).into_owned())));
            }
        }
        Ok(resp)
    }

    /// Sends a command; a reply that is an error is one.
    ///
    /// # Errors
    /// See [`AskErrorKind`].
    pub(crate) async fn call(&mut self, command: &[&str]) -> Result<Value, AskError> {
        match self.exchange(command, &command.join(" ")).await? {
            Value::Error(text) => Err(self.refused(command, &text)),
            value => Ok(value),
        }
    }

    /// Sends a command whose reply is a text.
    ///
    /// # Errors
    /// As [`Self::call`], and for any other reply.
    pub(crate) async fn text(&mut self, command: &[&str]) -> Result<String, AskError> {
        let value = self.call(command).await?;
        match value.as_bytes() {
            Some(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
            None => Err(self.nonsense(command, &"it is no text")),
        }
    }

    /// As [`Self::call`] for what not every server knows or lets everybody see: `None` where the reply is an error.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) async fn try_call(&mut self, command: &[&str]) -> Result<Option<Value>, AskError> {
        let reply = self.exchange(command, &command.join(" ")).await?;
        Ok(Some(reply).filter(|reply| !matches!(reply, Value::Error(_))))
    }

    /// The error for a reply of an unexpected form.
    pub(crate) fn nonsense(&self, command: &[&str], reason: &impl ToString) -> AskError {
        self.error(AskErrorKind::Nonsense { command: command.join(" "), reason: reason.to_string() })
    }

    /// How long a reply may take; for commands that wait on the server.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    async fn exchange(&mut self, command: &[&str], shown: &str) -> Result<Value, AskError> {
        let mut bytes = Vec::new();
        encode_command(command, &mut bytes);
        match timeout(self.timeout, self.send_and_read(&bytes, shown)).await {
            Ok(result) => result.map_err(|kind| self.error(kind)),
            Err(_) => Err(self.error(AskErrorKind::Timeout(self.timeout))),
        }
    }

    async fn send_and_read(&mut self, bytes: &[u8], shown: &str) -> Result<Value, AskErrorKind> {
        let broken = |error: std::io::Error| match error.kind() {
            // As good as closed: so does who speaks TLS and is sent plain text.
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => AskErrorKind::Closed,
            _ => AskErrorKind::Broken(error.to_string()),
        };
        self.stream.write_all(bytes).await.map_err(broken)?;
        loop {
            if self.input.first() == Some(&TLS_ALERT) {
                return Err(AskErrorKind::Tls);
            }
            let parsed = Value::parse(&self.input).map_err(|error| AskErrorKind::NotResp(error.to_string()))?;
            if let Some((value, size)) = parsed {
                self.input.drain(..size);
                return Ok(value);
            }
            if self.input.len() > REPLY_BYTES_MAX {
                let reason = "it is too long".to_owned();
                return Err(AskErrorKind::Nonsense { command: shown.to_owned(), reason });
            }
            let count = self.stream.read_buf(&mut self.input).await.map_err(broken)?;
            if count == 0 {
                return Err(AskErrorKind::Closed);
            }
        }
    }

    fn refused(&self, command: &[&str], text: &[u8]) -> AskError {
        let text = String::from_utf8_lossy(text).into_owned();
        self.error(match text.split(' ').next() {
            Some("NOAUTH") => AskErrorKind::WantsPassword,
            Some("NOPERM" | "DENIED" | "WRONGPASS") => AskErrorKind::Denied(text),
            _ if text.contains("cluster support disabled") => AskErrorKind::NoCluster,
            _ => AskErrorKind::Refused { command: command.join(" "), text },
        })
    }

    fn error(&self, kind: AskErrorKind) -> AskError {
        AskError { target: self.target.clone(), kind }
    }
}

async fn open(target: &Target, access: &Access) -> Result<Box<dyn Stream>, AskErrorKind> {
    let connect = TcpStream::connect((target.host.as_str(), target.port));
    let connected = timeout(access.timeout, connect).await.map_err(|_| AskErrorKind::Timeout(access.timeout))?;
    let stream = connected.map_err(|error| AskErrorKind::Connect(error.to_string()))?;
    let Some(tls) = &access.tls else { return Ok(Box::new(stream)) };
    // Who speaks plain text waits for the rest of what it takes for a request.
    let silent = |_| AskErrorKind::Handshake("no answer; is it a port for plain text?".to_owned());
    let wrapped = timeout(access.timeout, tls.wrap(&target.host, stream)).await.map_err(silent)?;
    wrapped.map_err(AskErrorKind::Handshake)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const ACCESS: Access = Access { timeout: Duration::from_secs(10), user: None, password: None, tls: None };

    /// Somebody who answers everything with `answer`.
    async fn server(answer: &'static [u8]) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) && !answer.is_empty() {
                stream.write_all(answer).await.unwrap();
            }
        });
        Target::new("127.0.0.1", port)
    }

    async fn kind(answer: &'static [u8], access: &Access) -> AskErrorKind {
        let target = server(answer).await;
        match Resp::connect(&target, access).await {
            Ok(mut resp) => resp.text(&["CLUSTER", "MYID"]).await.unwrap_err().kind,
            Err(error) => error.kind,
        }
    }

    #[tokio::test]
    async fn each_kind_of_bad_answer_has_its_own_error() {
        assert_eq!(kind(b"", &ACCESS).await, AskErrorKind::Closed);
        assert_eq!(kind(b"-NOAUTH Authentication required.\r\n", &ACCESS).await, AskErrorKind::WantsPassword);
        let disabled = b"-ERR This instance has cluster support disabled\r\n";
        assert_eq!(kind(disabled, &ACCESS).await, AskErrorKind::NoCluster);
        assert_eq!(kind(b"\x15\x03\x01\x00\x02", &ACCESS).await, AskErrorKind::Tls);
        assert!(matches!(kind(b"HTTP/1.1 400 Bad Request\r\n", &ACCESS).await, AskErrorKind::NotResp(_)));
        assert!(matches!(kind(b":7\r\n", &ACCESS).await, AskErrorKind::Nonsense { .. }));
        assert!(matches!(kind(b"-LOADING later\r\n", &ACCESS).await, AskErrorKind::Refused { .. }));
        let access = Access { password: Some("wrong".into()), ..ACCESS };
        assert!(matches!(kind(b"-WRONGPASS no\r\n", &access).await, AskErrorKind::Denied(_)));
    }

    #[tokio::test]
    async fn nobody_and_silence_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::new("127.0.0.1", listener.local_addr().unwrap().port());
        let access = Access { timeout: Duration::from_millis(20), ..ACCESS };
        let mut silent = Resp::connect(&target, &access).await.unwrap();
        assert_eq!(silent.call(&["PING"]).await.unwrap_err().kind, AskErrorKind::Timeout(access.timeout));
        drop(listener);
        let refused = Resp::connect(&target, &ACCESS).await.unwrap_err();
        assert!(matches!(refused.kind, AskErrorKind::Connect(_)), "{refused}");
    }
}
