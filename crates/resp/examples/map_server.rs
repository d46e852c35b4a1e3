//! GET and SET of texts on all cores, and nothing else: a map behind some locks, a thread with a runtime for each core. What it
//! takes for a request is what sockets and the protocol cost, so it is what `cargo xtask bench commands --floor` compares with.
//!
//! `cargo run --release -p slotmesh-resp --example map_server -- 7777 2`, then `valkey-cli -p 7777 SET key value`

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::ready;
use std::thread;

use slotmesh_resp::{Args, Limits, Next, Protocol, ReplyWriter, RequestReader};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};

/// The texts, in parts with a lock each.
struct Texts {
    parts: Vec<Mutex<HashMap<Vec<u8>, Vec<u8>>>>,
    state: RandomState,
}

impl Texts {
    fn new() -> Self {
        Self { parts: (0..256).map(|_| Mutex::default()).collect(), state: RandomState::new() }
    }

    fn part(&self, key: &[u8]) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, Vec<u8>>> {
        let part = self.state.hash_one(key) as usize % self.parts.len();
        // Nothing is half done where a thread could panic.
        self.parts[part].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, args: &Args<'_>, reply: &mut ReplyWriter<'_>) {
        match (&args[0], args.len()) {
            (b"GET", 2) => match self.part(&args[1]).get(&args[1]) {
                Some(text) => reply.bulk(text),
                None => reply.null(),
            },
            (b"SET", 3) => {
                self.part(&args[1]).insert(args[1].to_vec(), args[2].to_vec());
                reply.simple("OK");
            }
            (b"PING", 1) => reply.simple("PONG"),
            _ => reply.error("ERR GET key and SET key value are all that there is"),
        }
    }
}

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let port = args.next().unwrap_or_else(|| "7777".into());
    let count = args.next().and_then(|count| count.parse().ok());
    let count = count.map_or_else(thread::available_parallelism, Ok)?;
    let texts = Arc::new(Texts::new());
    let threads = (0..count.get()).map(|_| start()).collect::<io::Result<Vec<_>>>()?;
    let listener = net::TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening at {}", listener.local_addr()?);
    for thread in threads.iter().cycle() {
        let (client, _) = listener.accept()?;
        client.set_nodelay(true)?;
        client.set_nonblocking(true)?;
        let texts = Arc::clone(&texts);
        thread.spawn(async move { serve(&texts, TcpStream::from_std(client)?).await });
    }
    Ok(())
}

/// A thread that serves whatever is put on it.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

async fn serve(texts: &Texts, mut client: TcpStream) -> io::Result<()> {
    let mut reader = RequestReader::new(Limits::default());
    let (mut input, mut filled, mut out) = (vec![0; 64 * 1024], 0, Vec::new());
    loop {
        let count = read(&mut client, &mut input[filled..]).await?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let mut start = 0;
        loop {
            start += match reader.next(&input[start..filled]) {
                Ok(Next::Request { args, consumed }) => {
                    texts.answer(&args, &mut ReplyWriter::new(&mut out, Protocol::Resp2));
                    consumed
                }
                Ok(Next::Empty { consumed }) => consumed,
                Ok(Next::Incomplete { .. }) => break,
                Err(error) => return Err(io::Error::other(error)),
            };
        }
        input.copy_within(start..filled, 0);
        filled -= start;
        if filled == input.len() {
            input.resize(2 * filled, 0);
        }
        write(&client, &out).await?;
        out.clear();
    }
}

async fn read(client: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let mut buffer = ReadBuf::new(into);
    std::future::poll_fn(|cx| {
        ready!(Pin::new(&mut *client).poll_read(cx, &mut buffer))?;
        Ok(buffer.filled().len()).into()
    })
    .await
}

async fn write(client: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match client.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => client.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
