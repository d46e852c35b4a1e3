//! Appending packets to a buffer.

use slotmesh_types::{ConfigEpoch, ReplOffset, SlotSet};
use zerocopy::IntoBytes;

use crate::extension::Extension;
use crate::flags::MessageFlags;
use crate::frame::{LIGHT, SIGNATURE, VERSION};
use crate::gossip::{GossipEntry, GossipFields};
use crate::header::{HeaderFields, OwnMarks};
use crate::kind::Kind;
use crate::layout::{HeaderWire, ModuleWire, PrefixWire, PublishWire, UpdateWire};
use crate::name::Name;
use crate::packet::{ModuleMessage, Publish};
use crate::roster::RosterDigest;

/// A node's own header, laid out once and copied into every packet: its slot bitmap is only rebuilt when what the node
/// says about itself changes.
#[derive(Clone, Debug)]
pub struct HeaderTemplate(Box<HeaderWire>);

impl HeaderTemplate {
    /// Lays out `fields`.
    #[must_use]
    pub fn new(fields: &HeaderFields) -> Self {
        Self(Box::new(fields.to_wire()))
    }

    /// Changes the replication offset, which moves with every write.
    pub fn set_offset(&mut self, offset: ReplOffset) {
        self.0.offset = offset.0.into();
    }

    /// Starts a PING, PONG or MEET; entries first, then extensions, then [`HeartbeatBuilder::finish`].
    pub fn heartbeat<'a>(&self, kind: Kind, out: &'a mut Vec<u8>) -> HeartbeatBuilder<'a> {
        debug_assert!(kind.is_heartbeat());
        let start = self.begin(kind, out);
        HeartbeatBuilder { out, start, entries: 0, extensions: 0, extensible: false }
    }

    /// Appends a FAIL about `node`.
    pub fn fail(&self, node: Name, out: &mut Vec<u8>) {
        let start = self.begin(Kind::Fail, out);
        out.extend_from_slice(&node.0);
        set_length(out, start);
    }

    /// Appends a request for votes.
    pub fn auth_request(&self, force: bool, out: &mut Vec<u8>) {
        let start = self.begin(Kind::AuthRequest, out);
        let flags = MessageFlags(self.0.message_flags).force_ack(force);
        out[start + MESSAGE_FLAGS_AT..start + MESSAGE_FLAGS_AT + 3].copy_from_slice(&flags.0);
        set_length(out, start);
    }

    /// Appends a packet without a body: a vote or the start of a manual failover.
    pub fn bare(&self, kind: Kind, out: &mut Vec<u8>) {
        debug_assert!(matches!(kind, Kind::AuthAck | Kind::MfStart));
        let start = self.begin(kind, out);
        set_length(out, start);
    }

    /// Appends an UPDATE about `node`.
    pub fn update(&self, node: Name, config_epoch: ConfigEpoch, slots: &SlotSet, out: &mut Vec<u8>) {
        let start = self.begin(Kind::Update, out);
        let body = UpdateWire { config_epoch: config_epoch.0.into(), node, slots: *slots.as_bytes() };
        out.extend_from_slice(body.as_bytes());
        set_length(out, start);
    }

    /// Appends a PUBLISH or PUBLISHSHARD with a full header.
    pub fn publish(&self, kind: Kind, publish: Publish<'_>, out: &mut Vec<u8>) {
        debug_assert!(matches!(kind, Kind::Publish | Kind::PublishShard));
        let start = self.begin(kind, out);
        publish_body(publish, out);
        set_length(out, start);
    }

    /// Appends a MODULE message with a full header.
    pub fn module(&self, message: ModuleMessage<'_>, out: &mut Vec<u8>) {
        let start = self.begin(Kind::Module, out);
        module_body(message, out);
        set_length(out, start);
    }

    fn begin(&self, kind: Kind, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(self.0.as_bytes());
        out[start + KIND_AT..start + KIND_AT + 2].copy_from_slice(&kind.to_wire().to_be_bytes());
        start
    }
}

const TOTLEN_AT: usize = 4;
const KIND_AT: usize = 12;
const COUNT_AT: usize = 14;
const EXTENSIONS_AT: usize = 2214;
const RESERVED_AT: usize = 2216;
const MESSAGE_FLAGS_AT: usize = 2253;

fn set_length(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u32;
    out[start + TOTLEN_AT..start + TOTLEN_AT + 4].copy_from_slice(&length.to_be_bytes());
}

/// A heartbeat under construction. Forgetting to finish it leaves a packet that every receiver refuses.
#[derive(Debug)]
#[must_use = "a heartbeat is complete after finish()"]
pub struct HeartbeatBuilder<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    entries: u16,
    extensions: u16,
    extensible: bool,
}

impl HeartbeatBuilder<'_> {
    /// Sets the bit that says "I understand extensions", which real servers since 7.2 set on every heartbeat.
    pub fn extensible(mut self) -> Self {
        self.extensible = true;
        self
    }

    /// Tells the digest of whom the sender knows, if its template shows that it compares them.
    pub fn roster(self, digest: RosterDigest) -> Self {
        let at = self.start + RESERVED_AT + OwnMarks::ROSTER_AT;
        self.out[at..at + 8].copy_from_slice(&digest.0.to_be_bytes());
        self
    }

    /// Adds an entry about another node.
    ///
    /// # Panics
    /// After an extension: entries come first on the wire.
    pub fn entry(&mut self, fields: &GossipFields) {
        assert_eq!(self.extensions, 0, "entries come before extensions");
        if self.entries < u16::MAX {
            self.entries += 1;
            self.out.extend_from_slice(GossipEntry::from(fields).as_bytes());
        }
    }

    /// Adds an extension, and with it the bit that tells receivers to look for it.
    pub fn extension(&mut self, extension: &Extension<'_>) {
        if self.extensions < u16::MAX {
            self.extensible = true;
            self.extensions += 1;
            extension.encode(self.out);
        }
    }

    /// Fills in counts and length.
    pub fn finish(self) {
        let Self { out, start, entries, extensions, extensible } = self;
        set_length(out, start);
        out[start + COUNT_AT..start + COUNT_AT + 2].copy_from_slice(&entries.to_be_bytes());
        out[start + EXTENSIONS_AT..start + EXTENSIONS_AT + 2].copy_from_slice(&extensions.to_be_bytes());
        if extensible {
            let byte = &mut out[start + MESSAGE_FLAGS_AT];
            *byte = MessageFlags([*byte, 0, 0]).extensions().0[0];
        }
    }
}

/// Appends a PUBLISH or PUBLISHSHARD with a light header, for peers that accept it.
pub fn encode_light_publish(kind: Kind, publish: Publish<'_>, out: &mut Vec<u8>) {
    debug_assert!(matches!(kind, Kind::Publish | Kind::PublishShard));
    let start = light_header(kind, out);
    publish_body(publish, out);
    set_length(out, start);
}

/// Appends a MODULE message with a light header, for peers that accept it.
pub fn encode_light_module(message: ModuleMessage<'_>, out: &mut Vec<u8>) {
    let start = light_header(Kind::Module, out);
    module_body(message, out);
    set_length(out, start);
}

fn light_header(kind: Kind, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    let prefix = PrefixWire {
        signature: SIGNATURE,
        totlen: 0.into(),
        version: VERSION.into(),
        port: 0.into(),
        kind: (kind.to_wire() | LIGHT).into(),
        count: 0.into(),
    };
    out.extend_from_slice(prefix.as_bytes());
    start
}

fn publish_body(publish: Publish<'_>, out: &mut Vec<u8>) {
    let head = PublishWire {
        channel_len: (publish.channel.len() as u32).into(),
        message_len: (publish.message.len() as u32).into(),
    };
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(publish.channel);
    out.extend_from_slice(publish.message);
}

fn module_body(message: ModuleMessage<'_>, out: &mut Vec<u8>) {
    let head = ModuleWire { module: message.module, len: (message.payload.len() as u32).into(), kind: message.kind };
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(message.payload);
}
