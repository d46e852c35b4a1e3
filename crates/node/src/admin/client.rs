//! Commands to the client ports of other members.

use std::time::Duration;

use slotmesh_admin::CommandReply;
use slotmesh_resp::{Value, encode_command};
use slotmesh_table::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a member may take to let us in, and to answer everything.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Most bytes of replies. The commands that are sent have short ones.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// Sends commands at once and gives their replies, or in words what went wrong.
pub(crate) async fn call(address: Address, commands: &[Vec<String>]) -> Result<Vec<CommandReply>, String> {
    let Address { host, port, .. } = address;
    if host.is_unknown() || port == 0 {
        return Err("its client address is not known, or serves TLS only; run the command there".into());
    }
    let connect = TcpStream::connect((host.as_str(), port));
    let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connect).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(format!("can't connect to {host}:{port}: {error}")),
        Err(_) => return Err(format!("can't connect to {host}:{port} within {} s", CONNECT_TIMEOUT.as_secs())),
    };
    let talk = tokio::time::timeout(REPLY_TIMEOUT, talk(stream, commands)).await;
    talk.unwrap_or_else(|_| Err(format!("{host}:{port} did not answer within {} s", REPLY_TIMEOUT.as_secs())))
}

async fn talk(mut stream: TcpStream, commands: &[Vec<String>]) -> Result<Vec<CommandReply>, String> {
    let mut bytes = Vec::new();
    for command in commands {
        encode_command(command, &mut bytes);
    }
    stream.write_all(&bytes).await.map_err(|error| error.to_string())?;
    let (mut input, mut replies) = (Vec::new(), Vec::with_capacity(commands.len()));
    while replies.len() < commands.len() {
        while let Some((value, size)) = Value::parse(&input).map_err(|error| error.to_string())? {
            input.drain(..size);
            replies.push(reply(value, &commands[replies.len()])?);
            if replies.len() == commands.len() {
                return Ok(replies);
            }
        }
        if input.len() > REPLY_BYTES_MAX {
            return Err("its reply is too long".into());
        }
        let count = stream.read_buf(&mut input).await.map_err(|error| error.to_string())?;
        if count == 0 {
            return Err("it closed the connection".into());
        }
    }
    Ok(replies)
}

fn reply(value: Value, command: &[String]) -> Result<CommandReply, String> {
    match value {
        Value::Integer(number) => Ok(CommandReply::Integer(number)),
        Value::Error(text) => Err(format!("{} was refused: {}", command.join(" "), String::from_utf8_lossy(&text))),
        _ => Ok(CommandReply::Other),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn server(answer: &'static [u8]) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.expect("a request");
            stream.write_all(answer).await.expect("sent");
        });
        let ip: std::net::IpAddr = [127, 0, 0, 1].into();
        Address { host: ip.into(), port, ..Address::default() }
    }

    fn commands() -> Vec<Vec<String>> {
        vec![vec!["CLUSTER".into(), "FORGET".into()], vec!["DBSIZE".into()]]
    }

    #[tokio::test]
    async fn replies_come_in_order_and_an_error_says_to_what() {
        let good = call(server(b"+OK\r\n:7\r\n").await, &commands()).await;
        assert_eq!(good, Ok(vec![CommandReply::Other, CommandReply::Integer(7)]));
        let bad = call(server(b"+OK\r\n-ERR no\r\n").await, &commands()).await;
        assert_eq!(bad, Err("DBSIZE was refused: ERR no".into()));
        let cut = call(server(b"+OK\r\n").await, &commands()).await;
        assert!(cut.is_err());
        let garbage = call(server(b"HTTP/1.1 400\r\n").await, &commands()).await;
        assert!(garbage.is_err());
        let nowhere = call(Address::default(), &commands()).await.expect_err("no address");
        assert!(nowhere.contains("not known"), "{nowhere}");
    }
}
