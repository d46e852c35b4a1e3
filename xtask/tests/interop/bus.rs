//! The other end of the bus in the hands of a test: a connection to send anything on, and a peer that says whatever it is
//! told to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use slotmesh_types::{Host, NodeId};
use slotmesh_wire::{Extension, Header, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet, Reach, frame_length};
use xtask::rack::Node;

use crate::turn::PATIENCE;

/// A primary that understands what Valkey 8.1 understands, but no repeated MEET.
pub(crate) const PRIMARY: NodeFlags = NodeFlags(0x0c01);

/// An id that no server has.
pub(crate) fn id(number: u32) -> NodeId {
    let mut entropy = [0xee; 20];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    NodeId::from_entropy(entropy)
}

/// Where a node listens for peers.
pub(crate) fn bus_address(node: &Node) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, node.port() + 10_000).into()
}

/// One connection to a bus port.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn to(node: &Node) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&bus_address(node), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).context("can't send")
    }

    /// The next packet that comes; an error if the connection ends.
    pub(crate) fn receive(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(length) = frame_length(&self.buffer)?.filter(|length| *length <= self.buffer.len()) {
                return Ok(self.buffer.drain(..length).collect());
            }
            let mut chunk = [0; 64 * 1024];
            let size = self.stream.read(&mut chunk).context("no packet came")?;
            ensure!(size > 0, "the connection was closed");
            self.buffer.extend_from_slice(&chunk[..size]);
        }
    }

    /// Sends a stranger's PING and waits for the PONG: everything sent before has been dealt with then.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.ask(&heartbeat(&fields(0xffff_ffff, 1), Kind::Ping, |_| ()))
    }

    /// Sends a packet that is answered with a PONG and waits for that.
    fn ask(&mut self, bytes: &[u8]) -> Result<()> {
        self.send(bytes)?;
        loop {
            let bytes = self.receive()?;
            if matches!(Packet::decode(&bytes), Ok(Packet::Full(header, _)) if header.kind() == Kind::Pong) {
                return Ok(());
            }
        }
    }

    /// Waits until the other end closes the connection.
    pub(crate) fn await_close(mut self) -> Result<()> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => Ok(()),
            // Bytes of ours that were not read any more make it a reset.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error).context("the connection stays open"),
        }
    }
}

/// What a made-up node says about itself: a primary at a loopback address.
pub(crate) fn fields(number: u32, port: u16) -> HeaderFields {
    HeaderFields {
        sender: id(number).into(),
        host: Host::from(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST)).into(),
        port,
        bus_port: port + 10_000,
        flags: PRIMARY,
        ..HeaderFields::default()
    }
}

/// A PING, PONG or MEET.
pub(crate) fn heartbeat(
    fields: &HeaderFields,
    kind: Kind,
    fill: impl FnOnce(&mut slotmesh_wire::HeartbeatBuilder<'_>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let template = HeaderTemplate::new(fields);
    let mut builder = template.heartbeat(kind, &mut bytes).extensible();
    fill(&mut builder);
    builder.finish();
    bytes
}

/// What an [`Impostor`] says in each of its answers.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) fields: HeaderFields,
    /// Texts announced as host name, human name, zone and client address.
    pub(crate) text: Option<Vec<u8>>,
    /// Asked along with it.
    pub(crate) question: Option<Reach>,
}

impl Script {
    fn packet(&self, kind: Kind) -> Vec<u8> {
        heartbeat(&self.fields, kind, |builder| {
            if let Some(text) = &self.text {
                builder.extension(&Extension::Hostname(text));
                builder.extension(&Extension::HumanNodename(text));
                builder.extension(&Extension::ClientIpv4(text));
                builder.extension(&Extension::ClientIpv6(text));
                builder.extension(&Extension::AvailabilityZone(text));
            }
            if let Some(question) = self.question {
                builder.extension(&Extension::Reach(question));
            }
        })
    }
}

/// A peer that takes connections at a bus port of its own and answers each PING and MEET as its script says.
#[derive(Debug)]
pub(crate) struct Impostor {
    script: Arc<Mutex<Script>>,
    own: Option<Connection>,
}

impl Impostor {
    /// Begins to listen. The thread ends with the process; connections end with the servers that opened them.
    pub(crate) fn start(number: u32, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port + 10_000))?;
        let script = Arc::new(Mutex::new(Script { fields: fields(number, port), text: None, question: None }));
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                thread::spawn(move || answer(stream, &script));
            }
        });
        Ok(Self { script, own: None })
    }

    /// Asks `node` to take it in, on a connection that stays open.
    pub(crate) fn meet(&mut self, node: &Node) -> Result<()> {
        let mut connection = Connection::to(node)?;
        connection.ask(&lock(&self.script).packet(Kind::Meet))?;
        self.own = Some(connection);
        Ok(())
    }

    /// Says a PING as the script has it, on its own connection, and waits for the answer: it has been dealt with then.
    pub(crate) fn ping(&mut self) -> Result<()> {
        let packet = lock(&self.script).packet(Kind::Ping);
        self.own.as_mut().context("it has met nobody")?.ask(&packet)
    }

    /// Says something else from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut lock(&self.script));
    }
}

fn lock(script: &Mutex<Script>) -> std::sync::MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(stream: TcpStream, script: &Mutex<Script>) {
    let mut connection = Connection { stream, buffer: Vec::new() };
    while let Ok(bytes) = connection.receive() {
        let asks = |header: &Header<'_>| matches!(header.kind(), Kind::Ping | Kind::Meet);
        let asked = matches!(Packet::decode(&bytes), Ok(Packet::Full(header, _)) if asks(&header));
        let answer = lock(script).packet(Kind::Pong);
        if asked && connection.send(&answer).is_err() {
            return;
        }
    }
}
