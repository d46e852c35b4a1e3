//! Nodes and clients for tests.

#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use slotmesh_config::Config;
use slotmesh_node::{Node, NodeOptions, StartError};
use slotmesh_resp::{Value, encode_command};

/// Longer than anything here takes, unless something hangs. While all cores are busy, an fsync alone was seen to take 23
/// seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A port that is free now, and whose bus port is free, too. Both are below those of outgoing connections.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Spread over processes, so that tests that run at once do not meet.
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + (std::process::id().wrapping_mul(97).wrapping_add(step) % 10_000) as u16;
        let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}

/// A folder of its own, removed in the end.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("slotmesh-node-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a node at 127.0.0.1 with these further directives, one a line.
pub(crate) fn try_start(folder: &Path, port: u16, directives: &str) -> Result<Node, StartError> {
    start_with(folder, port, directives, NodeOptions::default())
}

/// The same with options.
pub(crate) fn start_with(folder: &Path, port: u16, directives: &str, options: NodeOptions) -> Result<Node, StartError> {
    let text = format!("port {port}\nbind 127.0.0.1\ncluster-enabled yes\ndir {}\n{directives}", folder.display());
    let config = Config::load(&["test.conf".into()], &|_| Ok(text.clone())).expect("a configuration");
    Node::start(config, options)
}

pub(crate) fn start(folder: &Path, port: u16, directives: &str) -> Node {
    try_start(folder, port, directives).expect("a node")
}

/// A client that waits for each reply.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, input: Vec::new() }
    }

    pub(crate) fn send(&mut self, args: &[&str]) {
        // A string of a recording stands for bytes: one for each character.
        let args: Vec<Vec<u8>> = args.iter().map(|arg| arg.chars().map(|c| c as u8).collect()).collect();
        let mut bytes = Vec::new();
        encode_command(&args, &mut bytes);
        self.send_raw(&bytes);
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
    }

    /// The next reply and its bytes, or `None` when the server has closed.
    pub(crate) fn receive(&mut self) -> Option<(Value, Vec<u8>)> {
        loop {
            if let Some((value, length)) = Value::parse(&self.input).expect("a reply") {
                return Some((value, self.input.drain(..length).collect()));
            }
            let mut buffer = [0; 65_536];
            match self.stream.read(&mut buffer).expect("bytes in time") {
                0 => return None,
                count => self.input.extend_from_slice(&buffer[..count]),
            }
        }
    }

    pub(crate) fn ask(&mut self, args: &[&str]) -> Vec<u8> {
        self.send(args);
        self.receive().expect("a reply").1
    }

    pub(crate) fn text(&mut self, args: &[&str]) -> String {
        self.send(args);
        let (value, bytes) = self.receive().expect("a reply");
        value.as_bytes().map_or_else(
            || String::from_utf8_lossy(&bytes).into_owned(),
            |text| String::from_utf8_lossy(text).into_owned(),
        )
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
