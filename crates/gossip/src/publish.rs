//! Published messages on the bus: out to members, in from members. Source: spec of the bus, section 11 and 2.2.

use bytes::Bytes;
use slotmesh_table::NodeKey;
use slotmesh_types::Now;
use slotmesh_wire::{Kind, Publish, encode_light_publish};

use crate::engine::Engine;
use crate::event::Event;
use crate::link::LinkId;

/// A message that came from a member and is meant for subscribers of this node.
///
/// It tells where in its packet the message is, so that nothing is copied on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whether it is for a shard channel.
    pub shard: bool,
    channel_bytes: usize,
    message_bytes: usize,
}

impl Delivery {
    pub(crate) fn new(shard: bool, publish: &Publish<'_>) -> Self {
        Self { shard, channel_bytes: publish.channel.len(), message_bytes: publish.message.len() }
    }

    /// Channel and message, out of the packet that was given to [`Engine::handle_packet`].
    ///
    /// # Panics
    /// When it is another, shorter packet.
    #[must_use]
    pub fn parts<'a>(&self, packet: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        // Nothing follows the message.
        packet[packet.len() - self.message_bytes - self.channel_bytes..].split_at(self.channel_bytes)
    }
}

impl Engine {
    /// Most bytes that may wait on a link when a published message is put there. A member that does not take them misses
    /// messages, as one without a link does \[publish-2\].
    pub const PUBLISH_QUEUE_MAX: u64 = 64 << 20;

    /// Tells every member of a message for a channel. Those without a link miss it.
    pub fn publish(&mut self, now: Now, channel: &[u8], message: &[u8]) {
        self.spread(now, Kind::Publish, Publish { channel, message });
    }

    /// Tells every member of the own shard of a message for a shard channel.
    pub fn publish_shard(&mut self, now: Now, channel: &[u8], message: &[u8]) {
        self.spread(now, Kind::PublishShard, Publish { channel, message });
    }

    /// The message that the last packet brought, if it brought one.
    pub fn poll_delivery(&mut self) -> Option<Delivery> {
        self.delivery.take()
    }

    fn spread(&mut self, now: Now, kind: Kind, publish: Publish<'_>) {
        self.now = now;
        let (mut light, mut full): (Option<Bytes>, Option<Bytes>) = (None, None);
        for key in self.table.keys() {
            let Some(link) = self.publish_link(key, kind) else { continue };
            let packet = if self.takes_light(key, link) {
                light.get_or_insert_with(|| {
                    let mut bytes = Vec::with_capacity(24 + publish.channel.len() + publish.message.len());
                    encode_light_publish(kind, publish, &mut bytes);
                    bytes.into()
                })
            } else {
                full.get_or_insert_with(|| {
                    let mut bytes = Vec::with_capacity(2264 + publish.channel.len() + publish.message.len());
                    self.header().publish(kind, publish, &mut bytes);
                    bytes.into()
                })
            };
            let packet = packet.clone();
            self.transmit(link, kind, packet);
        }
        self.settle();
    }

    /// The link to send a message to a member on, if it is to have it.
    fn publish_link(&mut self, key: NodeKey, kind: Kind) -> Option<LinkId> {
        let node = self.table.node(key);
        let stranger = key == self.table.my_key() || node.handshake;
        if stranger || (kind == Kind::PublishShard && node.shard != self.table.me().shard) {
            return None;
        }
        let id = self.peers[key].outbound?;
        let link = self.links.get_mut(id).filter(|link| link.connected)?;
        let queued = link.queued;
        let full = queued > Self::PUBLISH_QUEUE_MAX;
        // One word for each time it begins.
        if full && !std::mem::replace(&mut link.misses_messages, true) {
            let node = self.name(key);
            self.emit(Event::MessagesMissed { node, queued });
        } else if !full {
            link.misses_messages = false;
        }
        (!full).then_some(id)
    }

    /// Whether a member takes light packets, and surely knows whom this link belongs to. From a stranger it would close the
    /// link [publish-1].
    fn takes_light(&self, key: NodeKey, link: LinkId) -> bool {
        let vouched = self.links.get(link).is_some_and(|link| link.vouched && link.received > 0);
        vouched && self.peers[key].inbound.is_some() && self.table.node(key).capabilities.light_publish
    }

    /// A heartbeat leaves: who knows us learns from it whom the link belongs to. A peer that has spoken twice on a link of
    /// its own has had our answer to the first, so it knows us.
    pub(crate) fn vouch(&mut self, link: LinkId, to: Option<NodeKey>) {
        let Some(peer) = to.map(|key| &self.peers[key]).filter(|peer| peer.outbound == Some(link)) else { return };
        let heard = peer.inbound.and_then(|inbound| self.links.get(inbound)).map_or(0, |inbound| inbound.received);
        if heard > 1
            && let Some(state) = self.links.get_mut(link)
        {
            state.vouched = true;
        }
    }
}
