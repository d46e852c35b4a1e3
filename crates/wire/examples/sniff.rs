//! Shows what nodes say to one node on the cluster bus, by standing between them.
//!
//! Start a server, of Valkey or of ours, that sends its peers here, then this, then let them meet:
//!
//! ```text
//! valkey-server --port 7000 --cluster-enabled yes --cluster-announce-bus-port 27000
//! cargo run -p slotmesh-wire --example sniff -- 27000 127.0.0.1:17000
//! ```
//!
//! One line for each packet: `->` to the node, `<-` from it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use slotmesh_types::SlotSet;
use slotmesh_wire::{Body, Header, LightBody, Name, Packet, frame_length};

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [port, target] = &words[..] else {
        return Err(io::Error::other("give the port to listen at and the address of the node's bus"));
    };
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"))?;
    println!("listening at {}, handing on to {target}", listener.local_addr()?);
    for peer in listener.incoming() {
        let (peer, node) = (peer?, TcpStream::connect(target)?);
        let (from_peer, to_node) = (peer.try_clone()?, node.try_clone()?);
        thread::spawn(move || hand_on("->", from_peer, to_node));
        thread::spawn(move || hand_on("<-", node, peer));
    }
    Ok(())
}

/// Until one side closes.
fn hand_on(arrow: &str, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let (mut chunk, mut waiting) = ([0; 16 * 1024], Vec::new());
    loop {
        let count = from.read(&mut chunk)?;
        if count == 0 {
            return to.shutdown(Shutdown::Write);
        }
        to.write_all(&chunk[..count])?;
        waiting.extend_from_slice(&chunk[..count]);
        while let Some(length) = frame_length(&waiting).map_err(io::Error::other)?.filter(|it| *it <= waiting.len()) {
            println!("{arrow} {}", sentence(&waiting[..length]));
            waiting.drain(..length);
        }
    }
}

fn sentence(packet: &[u8]) -> String {
    match Packet::decode(packet) {
        Ok(Packet::Full(header, body)) => format!("{} {}", who(&header), what(body)),
        Ok(Packet::Light(LightBody::Publish(message) | LightBody::PublishShard(message))) => {
            format!("light message of {} bytes on {}", message.message.len(), message.channel.escape_ascii())
        }
        Ok(Packet::Light(LightBody::Module(message))) => format!("light module message {message:?}"),
        Err(reason) => format!("dropped, {} bytes: {reason}", packet.len()),
    }
}

fn who(header: &Header<'_>) -> String {
    let slots = SlotSet::from_bytes(*header.slots()).len();
    let (current, config) = (header.current_epoch(), header.config_epoch());
    format!("{} of {}, epochs {current} {config}, {slots} slots", header.kind(), short(header.sender()))
}

fn what(body: Body<'_>) -> String {
    match body {
        Body::Heartbeat(heartbeat) => {
            let about: Vec<String> = heartbeat.entries().iter().map(|entry| short(entry.name())).collect();
            let extensions: Vec<_> = heartbeat.extensions().collect();
            format!("about [{}], {extensions:?}", about.join(" "))
        }
        Body::Fail(name) => short(name),
        Body::Update(update) => format!("{} has epoch {}", short(update.node()), update.config_epoch()),
        other => format!("{other:?}"),
    }
}

fn short(name: &Name) -> String {
    name.id().map_or("nobody".into(), |id| id.to_string()[..8].into())
}
