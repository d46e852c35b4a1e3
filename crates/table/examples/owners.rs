//! Reads a nodes.conf and tells who owns what.
//!
//! `cargo run -p slotmesh-table --example owners -- /var/lib/valkey/nodes.conf`

use std::error::Error;

use slotmesh_table::conf::ConfFile;
use slotmesh_types::Mono;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give the path of a nodes.conf")?;
    let table = ConfFile::parse(&std::fs::read(&path)?)?.into_table(Mono::default())?;
    println!("{} nodes, seen by {}, epoch {}", table.len(), table.me().id(), table.current_epoch);
    for (_, node) in table.nodes().filter(|(_, node)| !node.slots().is_empty()) {
        let ranges: Vec<String> = node.slots().ranges().map(|range| range.to_string()).collect();
        let replicas = node.replicas().len();
        println!("{} at epoch {} with {replicas} replicas: {}", node.id(), node.config_epoch, ranges.join(" "));
    }
    Ok(())
}
