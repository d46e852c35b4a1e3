//! Two nodes in one program: they meet, and each says whom it knows.
//!
//! `cargo run -p slotmesh-node --example embed -- 7600 7601`

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use slotmesh_config::Config;
use slotmesh_node::{Node, NodeOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let ports: Vec<u16> = std::env::args().skip(1).map(|port| port.parse()).collect::<Result<_, _>>()?;
    let [one, two] = ports[..] else { return Err("give two ports".into()) };
    let folder = std::env::temp_dir().join(format!("slotmesh-embed-{}", std::process::id()));
    let nodes = [start(&folder, one)?, start(&folder, two)?];

    // Whatever a client can do is done as one. WAIT lets the answer tell how it ended.
    let mut client = TcpStream::connect(("127.0.0.1", one))?;
    client.write_all(format!("CLUSTER MEET 127.0.0.1 {two} WAIT 5000\r\n").as_bytes())?;
    let mut reply = [0; 512];
    let count = client.read(&mut reply)?;
    println!("MEET: {}", String::from_utf8_lossy(&reply[..count]).trim_end());

    for node in nodes {
        let view = node.topology().view();
        println!("{} knows {} nodes", node.id(), view.nodes.len());
        node.stop();
    }
    Ok(std::fs::remove_dir_all(&folder)?)
}

fn start(folder: &std::path::Path, port: u16) -> Result<Node, Box<dyn Error>> {
    let dir = folder.join(port.to_string());
    std::fs::create_dir_all(&dir)?;
    let text = format!("port {port}\nbind 127.0.0.1\ncluster-enabled yes\ndir {}", dir.display());
    let config = Config::load(&["embedded.conf".into()], &|_| Ok(text.clone()))?;
    Ok(Node::start(config, NodeOptions::default())?)
}
