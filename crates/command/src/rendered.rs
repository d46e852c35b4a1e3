//! Replies about the topology, rendered once and handed to many.
//!
//! After a failover every client asks every node for the topology at the same moment. A reply depends only on the view
//! and on its audience, so it is rendered for the first who asks, and all are sent the same bytes.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_table::ClusterView;

use crate::cluster::{self, Audience};

/// Which reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Nodes,
    Slots,
    Shards,
}

impl Topic {
    /// Whether the reply shows nothing but the topology, so that it stays the same while the topology does.
    fn is_timeless(self) -> bool {
        self == Self::Slots
    }
}

#[derive(Clone, Debug)]
struct Entry {
    topic: Topic,
    audience: Audience,
    protocol: Protocol,
    /// The view it shows; kept, so that its address can't be that of another.
    view: Arc<ClusterView>,
    reply: Bytes,
}

impl Entry {
    fn is_for(&self, topic: Topic, audience: Audience, protocol: Protocol) -> bool {
        (self.topic, self.audience, self.protocol) == (topic, audience, protocol)
    }

    fn shows(&self, view: &Arc<ClusterView>) -> bool {
        Arc::ptr_eq(&self.view, view) || (self.topic.is_timeless() && self.view.version == view.version)
    }
}

/// The latest rendering for each topic, audience and protocol: at most 72 entries.
#[derive(Debug, Default)]
pub(crate) struct Rendered(Mutex<Vec<Entry>>);

impl Rendered {
    /// The whole reply, in the bytes of its protocol. Whoever asks while it is being rendered waits for it.
    pub(crate) fn reply(&self, topic: Topic, view: &Arc<ClusterView>, audience: Audience, protocol: Protocol) -> Bytes {
        let mut entries = self.0.lock();
        let at = entries.iter().position(|entry| entry.is_for(topic, audience, protocol));
        if let Some(entry) = at.map(|at| &entries[at]).filter(|entry| entry.shows(view)) {
            return entry.reply.clone();
        }
        let reply: Bytes = render(topic, view, audience, protocol).into();
        let entry = Entry { topic, audience, protocol, view: Arc::clone(view), reply: reply.clone() };
        match at {
            Some(at) => entries[at] = entry,
            None => entries.push(entry),
        }
        reply
    }
}

fn render(topic: Topic, view: &ClusterView, audience: Audience, protocol: Protocol) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reply = ReplyWriter::new(&mut out, protocol);
    match topic {
        Topic::Nodes => reply.verbatim("txt", cluster::nodes(view, audience).as_bytes()),
        Topic::Slots => cluster::slots(view, audience, &mut reply),
        Topic::Shards => cluster::shards(view, audience, &mut reply),
    }
    out
}
