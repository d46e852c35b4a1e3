//! A server of two commands, for any client of Valkey: PING and ECHO, pipelined, with the limits of a real one.
//!
//! `cargo run -p slotmesh-resp --example server -- 7777`, then `valkey-cli -p 7777 ECHO hi`

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use slotmesh_resp::{Args, Limits, Next, Protocol, ReplyWriter, RequestReader};

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "7777".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening at {}", listener.local_addr()?);
    for client in listener.incoming() {
        let client = client?;
        thread::spawn(move || serve(client));
    }
    Ok(())
}

fn serve(mut client: TcpStream) -> io::Result<()> {
    let mut reader = RequestReader::new(Limits::default());
    let (mut input, mut chunk, mut out) = (Vec::new(), [0; 4096], Vec::new());
    loop {
        let count = client.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        input.extend_from_slice(&chunk[..count]);
        loop {
            let taken = match reader.next(&input) {
                Ok(Next::Request { args, consumed }) => {
                    answer(&args, &mut ReplyWriter::new(&mut out, Protocol::Resp2));
                    consumed
                }
                Ok(Next::Empty { consumed }) => consumed,
                Ok(Next::Incomplete { .. }) => break,
                Err(error) => {
                    ReplyWriter::new(&mut out, Protocol::Resp2).error(&format!("ERR {error}"));
                    return client.write_all(&out);
                }
            };
            input.drain(..taken);
        }
        client.write_all(&out)?;
        out.clear();
    }
}

fn answer(args: &Args<'_>, reply: &mut ReplyWriter<'_>) {
    match (args[0].to_ascii_uppercase().as_slice(), args.len()) {
        (b"PING", 1) => reply.simple("PONG"),
        (b"ECHO", 2) => reply.bulk(&args[1]),
        _ => reply.error("ERR PING and ECHO are all that there is"),
    }
}
