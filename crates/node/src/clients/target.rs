//! A connection to a server that keys are sent to.

use std::io;
use std::time::Duration;

use slotmesh_command::Credentials;
use slotmesh_resp::encode_command;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// Bytes of the longest line that is read. Source: the buffers of `migrateCommand`.
const LINE_BYTES: usize = 1024;
/// Bytes that are sent in one step, which has the whole time that a step may take.
const STEP_BYTES: usize = 64 * 1024;

/// A connection to a server that keys are sent to.
#[derive(Debug)]
pub(super) struct Target {
    stream: TcpStream,
    /// The database that is selected there.
    database: i64,
    /// What was read and not taken yet.
    input: Vec<u8>,
}

/// Why keys can't be sent.
#[derive(Debug)]
pub(super) enum TargetError {
    /// There is no connection.
    Connecting,
    /// It takes nothing, since the connection has ended.
    Writing,
    /// It takes nothing in the time that a step may take.
    WritingLate,
    /// It says nothing, since the connection has ended.
    Reading,
    /// It says nothing in the time that a step may take, or nothing that makes sense.
    ReadingLate,
    /// It refuses to talk: this is what it says.
    Refused(Vec<u8>),
}

impl TargetError {
    fn writing(_: io::Error) -> Self {
        Self::Writing
    }

    fn reading(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::InvalidData { Self::ReadingLate } else { Self::Reading }
    }
}

impl Target {
    /// Connects, and says who this is.
    ///
    /// # Errors
    /// When that takes longer than a step may, or is refused.
    pub(super) async fn connect(
        (host, port): (&str, &str),
        credentials: Option<&Credentials>,
        step: Duration,
    ) -> Result<Self, TargetError> {
        // Real servers take what is no port for one where nobody listens.
        let port: u16 = port.parse().unwrap_or_default();
        let stream = timeout(step, connect(host, port)).await.map_err(|_| TargetError::Connecting)??;
        let mut target = Self { stream, database: 0, input: Vec::new() };
        if let Some(Credentials { user, password }) = credentials {
            let words = [Some(&b"AUTH"[..]), user.as_deref(), Some(password)];
            target.demand(&words.into_iter().flatten().collect::<Vec<_>>(), step).await?;
        }
        Ok(target)
    }

    /// Selects a database, if it is not selected already.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) async fn select(&mut self, database: i64, step: Duration) -> Result<(), TargetError> {
        if self.database != database {
            self.demand(&[b"SELECT", database.to_string().as_bytes()], step).await?;
            self.database = database;
        }
        Ok(())
    }

    /// Sends something that is to be answered with a line.
    async fn demand(&mut self, words: &[&[u8]], step: Duration) -> Result<(), TargetError> {
        let mut request = Vec::new();
        encode_command(words, &mut request);
        self.send(&request, step).await?;
        match self.line(step).await?.strip_prefix(b"-") {
            Some(error) => Err(TargetError::Refused(error.to_vec())),
            None => Ok(()),
        }
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// When the target takes nothing for longer than a step may take.
    pub(super) async fn send(&self, bytes: &[u8], step: Duration) -> Result<(), TargetError> {
        for chunk in bytes.chunks(STEP_BYTES) {
            let sent = timeout(step, self.send_chunk(chunk)).await;
            sent.map_err(|_| TargetError::WritingLate)?.map_err(TargetError::writing)?;
        }
        Ok(())
    }

    async fn send_chunk(&self, mut chunk: &[u8]) -> io::Result<()> {
        while !chunk.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(chunk) {
                Ok(count) => chunk = &chunk[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next line that the target says, without its end.
    ///
    /// # Errors
    /// When it says none for longer than a step may take, or one that is too long.
    pub(super) async fn line(&mut self, step: Duration) -> Result<Vec<u8>, TargetError> {
        let read = timeout(step, self.read_line()).await;
        read.map_err(|_| TargetError::ReadingLate)?.map_err(|error| TargetError::reading(&error))
    }

    async fn read_line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(line.strip_suffix(b"\r\n").unwrap_or(&line[..end]).to_vec());
            }
            if self.input.len() >= LINE_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.stream.readable().await?;
            let mut bytes = [0; LINE_BYTES];
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.input.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The connection for another thread, if nothing was said that was not taken.
    pub(super) fn park(self) -> Option<Parked> {
        let stream = self.input.is_empty().then(|| self.stream.into_std().ok()).flatten()?;
        Some(Parked { stream, database: self.database })
    }
}

/// A connection that nobody uses and no thread watches.
#[derive(Debug)]
pub(super) struct Parked {
    stream: std::net::TcpStream,
    database: i64,
}

impl Parked {
    /// Takes it over for this thread; `None` if something was said or closed at the other end since the last reply.
    pub(super) fn wake(self) -> Option<Target> {
        // The socket is asked itself: the runtime that takes it over knows nothing of it yet.
        let is_quiet = matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        let stream = is_quiet.then(|| TcpStream::from_std(self.stream).ok()).flatten()?;
        Some(Target { stream, database: self.database, input: Vec::new() })
    }
}

/// Real servers notice that nobody listens when they write.
async fn connect(host: &str, port: u16) -> Result<TcpStream, TargetError> {
    let mut last = TargetError::Connecting;
    for address in lookup_host((host, port)).await.map_err(|_| TargetError::Connecting)? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // It works without, only slower.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = TargetError::writing(error),
        }
    }
    Err(last)
}
