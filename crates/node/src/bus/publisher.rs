//! Published messages between the client threads and the links.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_command::PubSub;
use slotmesh_gossip::Delivery;
use tokio::sync::Notify;

use super::connection::Connection;
use super::core::Core;
use crate::messages::{Message, Messages};

/// Bytes of messages from clients that wait for the bus; past it those who publish wait.
const OUTGOING_BYTES_MAX: usize = 4 << 20;

/// Bytes of messages from members that wait to be delivered; what comes past it is lost. The bus must not wait.
const INCOMING_BYTES_MAX: usize = 32 << 20;

/// Bytes of messages that are put on the links in one go, and packets that these may make; then heartbeats have their
/// turn.
const BATCH_BYTES: usize = 256 << 10;
const BATCH_PACKETS: usize = 2000;

/// With so many bytes waiting on a link no further messages are put there at once.
const LINK_BYTES: u64 = 1 << 20;

/// Who takes less than [`PROGRESS_BYTES`] in this time is not waited for any more, until it has caught up.
const PATIENCE: Duration = Duration::from_millis(100);
const PROGRESS_BYTES: u64 = 128 << 10;

/// What goes to and fro between the bus and the client threads.
#[derive(Debug)]
pub(crate) struct Publications {
    /// From clients to members.
    pub(crate) outgoing: Messages,
    /// From members to clients.
    pub(crate) incoming: Messages,
    /// The topology has changed, so slots may have left.
    pub(crate) topology_changed: Notify,
    pubsub: PubSub,
}

impl Publications {
    pub(crate) fn new(pubsub: PubSub) -> Arc<Self> {
        Arc::new(Self {
            outgoing: Messages::new(OUTGOING_BYTES_MAX),
            incoming: Messages::new(INCOMING_BYTES_MAX),
            topology_changed: Notify::new(),
            pubsub,
        })
    }

    /// The topology that readers see is a new one.
    pub(super) fn note_topology(&self) {
        // Whether anybody listens is not asked here: who is about to would be missed.
        self.topology_changed.notify_one();
    }

    /// A member sent a message in `packet`. Tells whether it is on its way to those who listen, if anybody does.
    pub(super) fn receive(&self, delivery: &Delivery, packet: &[u8]) -> bool {
        if !self.pubsub.has_listeners(delivery.shard) {
            return true;
        }
        let room = self.incoming.has_room();
        if room {
            let (channel, message) = delivery.parts(packet);
            self.incoming.push(Message::new(delivery.shard, channel, message));
        }
        room
    }
}

/// Puts what clients publish on the links, as fast as the members take it.
pub(super) async fn run(core: Rc<Core>) {
    let publications = Arc::clone(core.publications());
    loop {
        publications.outgoing.arrived().await;
        await_links(&core).await;
        let links = core.connections().len();
        core.spread(&publications.outgoing.take(BATCH_BYTES, (BATCH_PACKETS / links.max(1)).max(1)));
        tokio::task::yield_now().await;
    }
}

/// Waits until every member that makes progress has taken what was put on its link. One that makes none must not keep
/// the others from theirs: it gets what fits in its queue, and misses the rest.
async fn await_links(core: &Core) {
    loop {
        let marks: Vec<(Rc<Connection>, u64)> =
            congested(core).into_iter().map(|connection| (Rc::clone(&connection), connection.total())).collect();
        if marks.is_empty() && !core.is_holding() {
            return;
        }
        let free = core.until(|core| !core.is_holding() && congested(core).is_empty());
        if tokio::time::timeout(PATIENCE, free).await.is_ok() {
            return;
        }
        for (connection, before) in marks {
            connection.set_lagging(connection.total() - before < PROGRESS_BYTES);
        }
    }
}

/// Links that are waited for.
fn congested(core: &Core) -> Vec<Rc<Connection>> {
    let mut congested = Vec::new();
    for connection in core.connections().values() {
        if connection.queued() < LINK_BYTES {
            connection.set_lagging(false);
        } else if !connection.is_lagging() {
            congested.push(Rc::clone(connection));
        }
    }
    congested
}
