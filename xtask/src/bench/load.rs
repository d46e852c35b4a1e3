//! A server under the load of many connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;
use slotmesh_resp::{Value, encode_command};

use crate::rack::{Client, Kind, Node, Rack, interrupt, usage, wait};

/// Connections that ask at once: each sends some requests, then reads their replies.
pub(super) struct Load {
    connections: Vec<TcpStream>,
    input: Vec<u8>,
}

/// What requests cost the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// Microseconds of CPU of each.
    pub(super) micros: f64,
    /// How many were done in a second.
    pub(super) per_second: f64,
}

/// A node that owns every slot.
pub(super) fn lone_node(rack: &Rack, kind: Kind) -> Result<Node> {
    let mut node = rack.spawn(kind, &[])?;
    node.await_ready()?;
    node.call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
    wait::until(format!("{kind} to serve its slots"), Client::PATIENCE, || {
        ensure!(node.text(&["CLUSTER", "INFO"])?.contains("cluster_state:ok"), "the cluster is not up");
        Ok(())
    })?;
    Ok(node)
}

impl Load {
    pub(super) fn new(server: SocketAddr, connections: usize) -> Result<Self> {
        let connect = |_| -> Result<TcpStream> {
            let stream = TcpStream::connect_timeout(&server, Client::PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Client::PATIENCE))?;
            Ok(stream)
        };
        Ok(Self { connections: (0..connections).map(connect).collect::<Result<_>>()?, input: vec![0; 256 * 1024] })
    }

    /// Sends requests, `pipeline` of them at once on each connection, and reads the replies, until there were `requests`; tells what
    /// that cost the process of the server. `next` gives the words of each.
    pub(super) fn run(
        &mut self,
        pid: Pid,
        requests: usize,
        pipeline: usize,
        mut next: impl FnMut() -> Vec<Vec<u8>>,
    ) -> Result<Cost> {
        let (mut done, mut cpu, mut time) = (0, Duration::ZERO, Duration::ZERO);
        while done < requests {
            interrupt::check()?;
            // Made before it is measured, so that the server is not kept waiting.
            let batches: Vec<Vec<u8>> = self.connections.iter().map(|_| batch(pipeline, &mut next)).collect();
            let (before, begun) = (usage::cpu_time(pid)?, Instant::now());
            for (connection, batch) in self.connections.iter_mut().zip(&batches) {
                connection.write_all(batch)?;
            }
            for connection in &mut self.connections {
                read_replies(connection, &mut self.input, pipeline)?;
            }
            time += begun.elapsed();
            cpu += usage::cpu_time(pid)?.saturating_sub(before);
            done += pipeline * self.connections.len();
        }
        let done = f64::from(u32::try_from(done).context("too many requests")?);
        Ok(Cost { micros: cpu.as_secs_f64() * 1e6 / done, per_second: done / time.as_secs_f64() })
    }
}

fn batch(pipeline: usize, next: &mut impl FnMut() -> Vec<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..pipeline {
        let words = next();
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        encode_command(&words, &mut bytes);
    }
    bytes
}

fn read_replies(connection: &mut TcpStream, input: &mut Vec<u8>, wanted: usize) -> Result<()> {
    let (mut filled, mut taken, mut seen) = (0, 0, 0);
    while seen < wanted {
        if filled == input.len() {
            input.resize(2 * filled, 0);
        }
        let count = connection.read(&mut input[filled..]).context("no reply")?;
        ensure!(count > 0, "the server closed the connection");
        filled += count;
        while let Some((value, size)) = Value::parse(&input[taken..filled])? {
            ensure!(!matches!(value, Value::Error(_)), "a request was refused: {value:?}");
            taken += size;
            seen += 1;
        }
    }
    Ok(())
}
