//! What other nodes have published, and shard channels that leave. A task on a thread of clients, so that the bus never
//! waits for subscribers.

use std::sync::Arc;

use slotmesh_command::shard_owner;

use super::shared::Shared;

/// Bytes of messages that are delivered in one go; then the clients of the thread have their turn.
const BATCH_BYTES: usize = 64 << 10;

/// Delivers until the node stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let publications = Arc::clone(shared.bus.publications());
    loop {
        tokio::select! {
            () = publications.incoming.arrived() => {
                deliver(&shared);
                tokio::task::yield_now().await;
            }
            () = publications.topology_changed.notified() => {
                let owner = |slot| shard_owner(&shared.bus.topology().view(), slot);
                shared.server.pubsub.keep_slots(shared.clock.now().mono, owner);
            }
        }
    }
}

fn deliver(shared: &Shared) {
    let (pubsub, now) = (&shared.server.pubsub, shared.clock.now().mono);
    for message in shared.bus.publications().incoming.take(BATCH_BYTES, usize::MAX) {
        let (channel, text) = message.parts();
        if message.shard {
            pubsub.publish_shard(now, channel, text);
        } else {
            pubsub.publish(now, channel, text);
        }
    }
}
