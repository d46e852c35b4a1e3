//! A small blocking client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use slotmesh_resp::{Value, encode_command};

/// One connection to a server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// What was read and not taken yet starts at `taken`.
    buffer: Vec<u8>,
    taken: usize,
}

impl Client {
    /// How long a connection may take, and each reply. While all cores are busy, a reply that waits for an fsync was seen to
    /// take 23 seconds.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there, or takes no connections.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect_timeout(&address, Self::PATIENCE).with_context(|| format!("can't reach {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.set_write_timeout(Some(Self::PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new(), taken: 0 })
    }

    /// Sends a command and gives its reply; a reply that is an error is an error.
    ///
    /// # Errors
    /// The server said so, the connection broke, or no reply came in time.
    pub fn call(&mut self, command: &[&str]) -> Result<Value> {
        self.send(command, 1)?;
        match self.receive().with_context(|| format!("no reply to {}", command.join(" ")))? {
            Value::Error(text) => bail!("{} was refused: {}", command.join(" "), String::from_utf8_lossy(&text)),
            value => Ok(value),
        }
    }

    /// Sends a command and gives the bytes of its reply, whatever it says.
    ///
    /// # Errors
    /// The connection broke, the reply is malformed, or none came in time.
    pub fn exchange(&mut self, command: &[&str]) -> Result<Vec<u8>> {
        self.send(command, 1)?;
        self.next_bytes().with_context(|| format!("no reply to {}", command.join(" ")))
    }

    /// The bytes of the next reply or push.
    fn next_bytes(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some((_, size)) = Value::parse(&self.buffer[self.taken..])? {
                let reply = self.buffer[self.taken..self.taken + size].to_vec();
                self.taken += size;
                return Ok(reply);
            }
            self.read_more()?;
        }
    }

    /// The same; what was pushed before comes apart.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn exchange_among_pushes(&mut self, command: &[&str]) -> Result<(Vec<u8>, Vec<u8>)> {
        let (mut pushed, mut reply) = (Vec::new(), self.exchange(command)?);
        while reply.starts_with(b">") {
            pushed.append(&mut reply);
            reply = self.next_bytes().with_context(|| format!("no reply to {}", command.join(" ")))?;
        }
        Ok((pushed, reply))
    }

    /// Sends a command `count` times at once, without waiting for replies.
    ///
    /// # Errors
    /// The connection broke.
    pub fn send(&mut self, command: &[&str], count: usize) -> Result<()> {
        let words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
        let mut one = Vec::new();
        encode_command(&words, &mut one);
        self.stream.write_all(&one.repeat(count)).with_context(|| format!("can't send {}", command.join(" ")))
    }

    /// Sends a command whose words are no texts and gives its reply, which may be an error.
    ///
    /// # Errors
    /// The connection broke, the reply is malformed, or none came in time.
    pub fn call_bytes(&mut self, words: &[&[u8]]) -> Result<Value> {
        let mut bytes = Vec::new();
        encode_command(words, &mut bytes);
        self.stream.write_all(&bytes).context("can't send")?;
        self.receive()
    }

    /// The next reply.
    ///
    /// # Errors
    /// The connection broke, the reply is malformed, or none came in time.
    pub fn receive(&mut self) -> Result<Value> {
        self.receive_sized().map(|(value, _)| value)
    }

    /// The next reply and how many bytes it took.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn receive_sized(&mut self) -> Result<(Value, usize)> {
        loop {
            if let Some((value, size)) = Value::parse(&self.buffer[self.taken..])? {
                self.taken += size;
                return Ok((value, size));
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Result<()> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let mut chunk = [0; 64 * 1024];
        let size = self.stream.read(&mut chunk).context("can't read")?;
        if size == 0 {
            bail!("the server closed the connection");
        }
        self.buffer.extend_from_slice(&chunk[..size]);
        Ok(())
    }
}
