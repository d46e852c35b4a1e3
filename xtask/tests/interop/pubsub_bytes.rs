//! Pub/sub replies, byte for byte those of Valkey 9.1.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn};

/// Lines for the connection that listens, or with `>` before them for another one.
const SCRIPTS: &[&str] = &[
    "PUBSUB HELP\nPUBSUB\nPUBSUB nosuch\nPUBSUB NUMSUB\nPUBSUB NUMSUB a b\nPUBSUB NUMPAT\nPUBSUB NUMPAT x\n\
     pubsub channels a b\nPUBSUB SHARDCHANNELS a b\nPUBSUB SHARDNUMSUB\nPUBLISH a\nPUBLISH a b c\nSPUBLISH a\nSSUBSCRIBE\n\
     PSUBSCRIBE\nSUBSCRIBE\nCOMMAND GETKEYS SSUBSCRIBE a b\nCOMMAND GETKEYSANDFLAGS SPUBLISH a b",
    "COMMAND INFO subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe publish spublish\n\
     COMMAND INFO pubsub|channels pubsub|help pubsub|numpat pubsub|numsub pubsub|shardchannels pubsub|shardnumsub\n\
     COMMAND DOCS subscribe\nCOMMAND DOCS unsubscribe\nCOMMAND DOCS psubscribe\nCOMMAND DOCS punsubscribe\n\
     COMMAND DOCS ssubscribe\nCOMMAND DOCS sunsubscribe\nCOMMAND DOCS publish\nCOMMAND DOCS spublish\n\
     COMMAND DOCS pubsub|channels\nCOMMAND DOCS pubsub|help\nCOMMAND DOCS pubsub|numpat\nCOMMAND DOCS pubsub|numsub\n\
     COMMAND DOCS pubsub|shardchannels\nCOMMAND DOCS pubsub|shardnumsub",
    "UNSUBSCRIBE\nPUNSUBSCRIBE\nSUNSUBSCRIBE\nUNSUBSCRIBE x\nPUNSUBSCRIBE x y\nSUNSUBSCRIBE x\nSUNSUBSCRIBE x y",
    "SUBSCRIBE a b a\nPSUBSCRIBE p* p*\nSSUBSCRIBE s\nSSUBSCRIBE s\nSSUBSCRIBE x y\nPING\nPING hi\nPING a b\n\
     CLIENT GETNAME\nCLUSTER KEYSLOT a\nnosuch x\nCLUSTER nosuch\nSUBSCRIBE\nREADONLY\nASKING\nPUBSUB NUMPAT\n\
     PUBSUB CHANNELS a*\nPUBSUB CHANNELS [b-z]\nPUBLISH a m\nPUBLISH pq m\nSPUBLISH s m\nSPUBLISH t m\n>PUBLISH a 1\n\
     >PUBLISH pa 2\n>SPUBLISH s 3\n>PUBLISH s 4\n>PUBSUB CHANNELS [^b]\n>PUBSUB NUMSUB a b c\n>PUBSUB NUMPAT\n\
     >PUBSUB SHARDCHANNELS\n>PUBSUB SHARDNUMSUB s t\nUNSUBSCRIBE b\nUNSUBSCRIBE\nPING\nPUNSUBSCRIBE\nPING\nSUNSUBSCRIBE\nPING",
    "CLIENT REPLY OFF\nPING\nSUBSCRIBE a\nPING\n>PUBLISH a m\nSSUBSCRIBE x y\nUNSUBSCRIBE\nCLIENT REPLY ON\nPING\n\
     CLIENT REPLY SKIP\nSUBSCRIBE q\nPING\n>PUBLISH q m\nRESET\nPING\n>PUBLISH q m\nSUBSCRIBE w\nPSUBSCRIBE w*\n\
     SSUBSCRIBE w\nRESET\n>PUBLISH w m\n>SPUBLISH w m\n>PUBSUB NUMPAT\nPING\nSUBSCRIBE a\n>CLIENT KILL TYPE pubsub",
    "SUBSCRIBE a\nQUIT",
    "CONFIG SET client-output-buffer-limit x\nCONFIG SET client-output-buffer-limit pubsub\n\
     CONFIG SET client-output-buffer-limit nope\nCONFIG GET client-output-buffer-limit\nCLIENT LIST TYPE pubsub",
];

/// Patterns and channels that may match them. One pattern at a time: the order of several is that of a hash table.
const PATTERNS: &[(&str, &str)] = &[
    ("[a-]x", "b"),
    ("[a-]x", "bx"),
    ("[a-]x", "x"),
    ("[a-", "a"),
    ("[a-", "b"),
    ("[a-]", "a"),
    ("[a-]", "-"),
    ("[a-]", "]"),
    ("a\\", "a\\"),
    ("\\*", "*"),
    ("\\*", "a"),
    ("[^", "x"),
    ("[\\]]", "]"),
    ("[]a", "a"),
    ("[z-a]", "c"),
    ("[", "x"),
    ("h[ae", "ha"),
    ("*[a", "zza"),
    ("H?llo", "Hello"),
    ("H?llo", "hello"),
    ("[^a-c]*", "d"),
    ("a*b*c", "aXbXbXc"),
    ("*", "anything"),
];

/// Everything that either connection gets, line by line.
fn play(node: &Node, script: &str, protocol: &str) -> String {
    let (mut listener, mut other) = (Raw::connect(node), Raw::connect(node));
    if protocol == "3" {
        listener.send("HELLO 3");
        listener.skip();
    }
    let mut shown = String::new();
    for line in script.lines() {
        let actor = if line.starts_with('>') { &mut other } else { &mut listener };
        actor.send(line.trim_start_matches('>'));
        let (got, pushed) = if line.starts_with('>') {
            let got = other.receive();
            (got, listener.receive())
        } else {
            (listener.receive(), String::new())
        };
        writeln!(shown, "{line}\n  {got}\n  {pushed}").unwrap();
    }
    shown
}

/// A connection that shows bytes.
struct Raw {
    stream: TcpStream,
    ended: bool,
}

/// Ends what is read: it is answered in every state, whatever the client has said about replies.
const MARK: &[u8] = b"UNSUBSCRIBE the-end\r\n";
const MARKED: &[u8] = b"\r\n$11\r\nunsubscribe\r\n$7\r\nthe-end\r\n:";

impl Raw {
    fn connect(node: &Node) -> Self {
        let stream = TcpStream::connect(node.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream, ended: false }
    }

    /// An inline request.
    fn send(&mut self, line: &str) {
        // The server may have ended the connection.
        self.ended |= self.stream.write_all(format!("{line}\r\n").as_bytes()).is_err();
    }

    fn skip(&mut self) {
        self.receive();
    }

    /// What has come since.
    fn receive(&mut self) -> String {
        self.ended |= self.stream.write_all(MARK).is_err();
        let (mut bytes, mut buffer) = (Vec::new(), [0; 65_536]);
        while !self.ended && !is_whole(&bytes) {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                // A connection that ends with a request unread is reset.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => self.ended = true,
                Err(error) => panic!("{error}, after {}", bytes.escape_ascii()),
            }
        }
        format!("{}{}", bytes.escape_ascii(), if self.ended { " and the end" } else { "" })
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let mark = bytes.windows(MARKED.len()).rposition(|window| window == MARKED);
    mark.is_some_and(|at| bytes[at + MARKED.len()..].ends_with(b"\r\n"))
}

#[test]
fn replies_and_messages_are_those_of_valkey() {
    let Some(turn) = Turn::take() else { return };
    if turn.present(&[Kind::Valkey9]).is_empty() {
        return;
    }
    let (port, id) = (turn.rack.free_port().unwrap(), "7".repeat(40));
    let conf = format!(
        "{id} 127.0.0.1:{port}@{},,tls-port=0,shard-id={id} myself,master - 0 0 0 connected 0-16383\n\
         vars currentEpoch 0 lastVoteEpoch 0\n",
        port + 10_000
    );
    let mut ours = turn.rack.spawn_at(port, Kind::Slotmesh, Some(&conf), &[]).unwrap();
    ours.await_ready().unwrap();
    let theirs = &turn.rack.start(&[Kind::Valkey9], &[]).unwrap()[0];
    theirs.call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).unwrap();
    for node in [&ours, theirs] {
        wait::until("the cluster to be up", PATIENCE, || is_up(node)).unwrap();
    }
    let of_pattern = |(pattern, channel)| format!("PSUBSCRIBE {pattern}\n>PUBLISH {channel} m");
    let scripts = SCRIPTS.iter().copied().map(str::to_owned).chain(PATTERNS.iter().copied().map(of_pattern));
    for script in scripts {
        for protocol in ["2", "3"] {
            let (own, wanted) = (play(&ours, &script, protocol), play(theirs, &script, protocol));
            for (own, wanted) in own.lines().zip(wanted.lines()) {
                assert_eq!(own, wanted, "RESP{protocol}: {script}");
            }
            assert_eq!(own, wanted);
        }
    }
}

fn is_up(node: &Node) -> Result<()> {
    let info = node.text(&["CLUSTER", "INFO"])?;
    ensure!(info.contains("cluster_state:ok"), "{info}");
    Ok(())
}
