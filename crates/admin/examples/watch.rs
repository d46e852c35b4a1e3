//! Watches the topology of a cluster through one of its nodes: a snapshot, then each change as it happens.
//!
//! Start a node with `--slotmesh-admin-port 7900`, then `cargo run -p slotmesh-admin --example watch -- 127.0.0.1:7900`

use slotmesh_admin::proto::WatchTopologyRequest;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use tonic::transport::Channel;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("give the address of an admin port")?;
    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    let mut client = TopologyServiceClient::new(channel);
    let mut updates = client.watch_topology(WatchTopologyRequest::default()).await?.into_inner();
    while let Some(update) = updates.message().await? {
        println!("{update:#?}");
    }
    Ok(())
}
