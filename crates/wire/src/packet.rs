//! A whole packet: which body follows which header, and whether the lengths add up.

use slotmesh_types::{ConfigEpoch, SlotSet};
use zerocopy::FromBytes;

use crate::error::DropReason;
use crate::extension::Extensions;
use crate::frame::{FULL_HEADER_BYTES, LIGHT, LIGHT_HEADER_BYTES, VERSION};
use crate::gossip::{GossipEntry, Heartbeat};
use crate::header::Header;
use crate::kind::Kind;
use crate::layout::{HeaderWire, ModuleWire, PrefixWire, PublishWire, UpdateWire};
use crate::name::Name;

/// A received packet, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// With a full header: says who speaks.
    Full(Header<'a>, Body<'a>),
    /// With a light header: whoever the link belongs to speaks.
    Light(LightBody<'a>),
}

/// What follows a full header.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// PING, PONG or MEET; the header's kind tells which.
    Heartbeat(Heartbeat<'a>),
    /// The node that is failing.
    Fail(&'a Name),
    /// A published message.
    Publish(Publish<'a>),
    /// A request for votes.
    AuthRequest,
    /// A vote.
    AuthAck,
    /// Somebody's slots.
    Update(Update<'a>),
    /// Start of a manual failover.
    MfStart,
    /// A module's message.
    Module(ModuleMessage<'a>),
    /// A message published to a shard.
    PublishShard(Publish<'a>),
    /// A type this release does not know; its length is not checked.
    Unknown,
}

/// What follows a light header.
#[derive(Clone, Copy, Debug)]
pub enum LightBody<'a> {
    /// A published message.
    Publish(Publish<'a>),
    /// A module's message.
    Module(ModuleMessage<'a>),
    /// A message published to a shard.
    PublishShard(Publish<'a>),
}

/// A published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Channel.
    pub channel: &'a [u8],
    /// Message.
    pub message: &'a [u8],
}

/// A module's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleMessage<'a> {
    /// Module id, in the sender's native byte order.
    pub module: [u8; 8],
    /// The module's own message type.
    pub kind: u8,
    /// Payload.
    pub payload: &'a [u8],
}

/// The slots of a node, told to somebody who believes something older.
#[derive(Clone, Copy)]
pub struct Update<'a>(&'a UpdateWire);

impl<'a> Update<'a> {
    /// The version of the claim.
    #[must_use]
    pub fn config_epoch(&self) -> ConfigEpoch {
        ConfigEpoch(self.0.config_epoch.get())
    }

    /// Whose claim it is.
    #[must_use]
    pub fn node(&self) -> &'a Name {
        &self.0.node
    }

    /// The claimed slots, as a bitmap.
    #[must_use]
    pub fn slots(&self) -> &'a [u8; SlotSet::BYTES] {
        &self.0.slots
    }
}

impl std::fmt::Debug for Update<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update").field("node", self.node()).field("config_epoch", &self.config_epoch()).finish()
    }
}

impl<'a> Packet<'a> {
    /// Decodes a packet that [`frame_length`](crate::frame_length) has delimited.
    ///
    /// # Errors
    /// When real servers would ignore the packet; see [`DropReason`]. The link stays usable.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DropReason> {
        let (prefix, _) = PrefixWire::ref_from_prefix(bytes).map_err(|_| DropReason::Length {
            section: "header",
            expected: 16,
            got: bytes.len(),
        })?;
        let raw = prefix.kind.get();
        if prefix.version.get() != VERSION {
            return Err(DropReason::Version(prefix.version.get()));
        }
        if raw & LIGHT != 0 {
            return LightBody::decode(raw & !LIGHT, &bytes[LIGHT_HEADER_BYTES..]).map(Self::Light);
        }
        let (wire, rest) = HeaderWire::ref_from_prefix(bytes).map_err(|_| DropReason::Length {
            section: "header",
            expected: FULL_HEADER_BYTES as u64,
            got: bytes.len(),
        })?;
        let header = Header(wire);
        Ok(Self::Full(header, Body::decode(header, rest)?))
    }
}

impl<'a> Body<'a> {
    fn decode(header: Header<'a>, bytes: &'a [u8]) -> Result<Self, DropReason> {
        Ok(match header.kind() {
            Kind::Ping | Kind::Pong | Kind::Meet => Self::Heartbeat(heartbeat(header.0, bytes)?),
            Kind::Fail => Self::Fail(exact::<Name>("fail", bytes)?),
            Kind::Publish => Self::Publish(publish(bytes)?),
            Kind::AuthRequest => empty("vote request", bytes).map(|()| Self::AuthRequest)?,
            Kind::AuthAck => empty("vote", bytes).map(|()| Self::AuthAck)?,
            Kind::Update => Self::Update(Update(exact::<UpdateWire>("update", bytes)?)),
            Kind::MfStart => empty("manual failover start", bytes).map(|()| Self::MfStart)?,
            Kind::Module => Self::Module(module(bytes)?),
            Kind::PublishShard => Self::PublishShard(publish(bytes)?),
            Kind::Unknown(_) => Self::Unknown,
        })
    }
}

impl<'a> LightBody<'a> {
    fn decode(kind: u16, bytes: &'a [u8]) -> Result<Self, DropReason> {
        match Kind::from_wire(kind) {
            Kind::Publish => publish(bytes).map(Self::Publish),
            Kind::PublishShard => publish(bytes).map(Self::PublishShard),
            Kind::Module => module(bytes).map(Self::Module),
            _ => Err(DropReason::LightKind(kind)),
        }
    }
}

fn heartbeat<'a>(header: &'a HeaderWire, bytes: &'a [u8]) -> Result<Heartbeat<'a>, DropReason> {
    let count = usize::from(header.prefix.count.get());
    let (entries, rest) = <[GossipEntry]>::ref_from_prefix_with_elems(bytes, count)
        .map_err(|_| DropReason::Length { section: "gossip", expected: count as u64 * 104, got: bytes.len() })?;
    // Without the extensions bit the number of extensions has no meaning: real servers count them as none here.
    let (extensions, taken) = if header.message_flags[0] & 4 != 0 {
        Extensions::check(rest, header.extensions.get())?
    } else {
        (Extensions::NONE, 0)
    };
    if taken != rest.len() {
        return Err(DropReason::Length { section: "extensions", expected: taken as u64, got: rest.len() });
    }
    Ok(Heartbeat { entries, extensions })
}

fn publish(bytes: &[u8]) -> Result<Publish<'_>, DropReason> {
    let (head, rest) = prefix_of::<PublishWire>("publish", bytes)?;
    let (channel_len, message_len) = (head.channel_len.get(), head.message_len.get());
    let expected = u64::from(channel_len) + u64::from(message_len);
    if expected != rest.len() as u64 {
        return Err(DropReason::Length { section: "publish", expected, got: rest.len() });
    }
    let (channel, message) = rest.split_at(channel_len as usize);
    Ok(Publish { channel, message })
}

fn module(bytes: &[u8]) -> Result<ModuleMessage<'_>, DropReason> {
    let (head, payload) = prefix_of::<ModuleWire>("module", bytes)?;
    if u64::from(head.len.get()) != payload.len() as u64 {
        let expected = u64::from(head.len.get());
        return Err(DropReason::Length { section: "module", expected, got: payload.len() });
    }
    Ok(ModuleMessage { module: head.module, kind: head.kind, payload })
}

fn empty(section: &'static str, bytes: &[u8]) -> Result<(), DropReason> {
    if bytes.is_empty() { Ok(()) } else { Err(DropReason::Length { section, expected: 0, got: bytes.len() }) }
}

fn exact<'a, T>(section: &'static str, bytes: &'a [u8]) -> Result<&'a T, DropReason>
where
    T: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable + zerocopy::Unaligned,
{
    T::ref_from_bytes(bytes).map_err(|_| DropReason::Length {
        section,
        expected: size_of::<T>() as u64,
        got: bytes.len(),
    })
}

fn prefix_of<'a, T>(section: &'static str, bytes: &'a [u8]) -> Result<(&'a T, &'a [u8]), DropReason>
where
    T: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable + zerocopy::Unaligned,
{
    T::ref_from_prefix(bytes).map_err(|_| DropReason::Length {
        section,
        expected: size_of::<T>() as u64,
        got: bytes.len(),
    })
}
