//! How soon the admin API of a running node tells. `cargo xtask bench admin` runs this and makes a table of its lines: case,
//! then numbers.
//!
//! `delays events CLIENT-ADDRESS ADMIN-ADDRESS ROUNDS WATCHERS...` causes events by CLUSTER SETSLOT STABLE, and prints
//! microseconds from before the command is sent to the arrival at a watcher (median, 99th percentile, most), after them the
//! same up to the reply to the command. Everything here runs on one thread, which has to read what all watchers are sent.
//!
//! `delays topology ADMIN-ADDRESS ROUNDS` asks for the topology, and prints microseconds for an answer (the same three), then
//! the bytes of the message.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use prost::Message;
use slotmesh_admin::proto::event::Kind;
use slotmesh_admin::proto::event_service_client::EventServiceClient;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use slotmesh_admin::proto::watch_events_response::Update;
use slotmesh_admin::proto::{GetTopologyRequest, WatchEventsRequest, WatchEventsResponse};
use tokio::sync::mpsc;
use tonic::transport::Channel;

type Failed = Box<dyn std::error::Error>;

/// Watches on one connection.
const WATCHES_EACH: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match &words[..] {
        ["events", client, admin, rounds, counts @ ..] => {
            let mut replies = Vec::new();
            for count in counts {
                events(client, admin, rounds.parse()?, count.parse()?, &mut replies).await?;
            }
            print("reply", &mut replies);
            Ok(())
        }
        ["topology", admin, rounds] => topology(admin, rounds.parse()?).await,
        _ => Err("see the head of the source for what to give".into()),
    }
}

async fn connect(address: &str) -> Result<Channel, Failed> {
    Ok(Channel::from_shared(format!("http://{address}"))?.connect().await?)
}

async fn events(
    client: &str,
    admin: &str,
    rounds: u32,
    count: usize,
    replies: &mut Vec<Duration>,
) -> Result<(), Failed> {
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    let mut watches = Vec::new();
    let mut channel = connect(admin).await?;
    for index in 0..count {
        if index > 0 && index % WATCHES_EACH == 0 {
            channel = connect(admin).await?;
        }
        let mut stream =
            EventServiceClient::new(channel.clone()).watch_events(WatchEventsRequest::default()).await?.into_inner();
        let seen = seen.clone();
        watches.push(tokio::spawn(async move {
            while let Ok(Some(update)) = stream.message().await {
                if is_ours(&update) && seen.send(Instant::now()).is_err() {
                    break;
                }
            }
        }));
    }
    let mut client = TcpStream::connect(client)?;
    client.set_nodelay(true)?;
    let mut delays = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        client.write_all(b"CLUSTER SETSLOT 7 STABLE\r\n")?;
        let mut reply = [0; 5];
        client.read_exact(&mut reply)?;
        replies.push(start.elapsed());
        if &reply != b"+OK\r\n" {
            return Err(format!("SETSLOT gave {:?}", String::from_utf8_lossy(&reply)).into());
        }
        for _ in 0..count {
            let arrived: Instant = arrivals.recv().await.ok_or("no watcher is left")?;
            delays.push(arrived.saturating_duration_since(start));
        }
    }
    watches.iter().for_each(tokio::task::JoinHandle::abort);
    print(&format!("event at {count}"), &mut delays);
    Ok(())
}

fn is_ours(response: &WatchEventsResponse) -> bool {
    let Some(Update::Event(event)) = &response.update else { return false };
    matches!(&event.kind, Some(Kind::SlotMove(moved)) if moved.slot == 7)
}

async fn topology(admin: &str, rounds: u32) -> Result<(), Failed> {
    let mut client = TopologyServiceClient::new(connect(admin).await?).max_decoding_message_size(64 * 1024 * 1024);
    let mut delays = Vec::new();
    let mut bytes = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        let answer = client.get_topology(GetTopologyRequest {}).await?.into_inner();
        delays.push(start.elapsed());
        bytes = answer.encoded_len();
    }
    print("topology", &mut delays);
    println!("bytes\t{bytes}");
    Ok(())
}

/// A case and its median, 99th percentile and greatest, in microseconds.
fn print(case: &str, delays: &mut [Duration]) {
    delays.sort_unstable();
    let at = |share: usize| delays[(delays.len() - 1) * share / 100].as_micros();
    println!("{case}\t{}\t{}\t{}", at(50), at(99), at(100));
}
