//! Layouts, written down as types and proven at compile time. All integers are big-endian, nothing is padded.

use std::mem::{offset_of, size_of};

use zerocopy::big_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::name::{HostField, Name};

/// What every packet starts with, and all there is to a light header.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct PrefixWire {
    pub(crate) signature: [u8; 4],
    pub(crate) totlen: U32,
    pub(crate) version: U16,
    pub(crate) port: U16,
    pub(crate) kind: U16,
    pub(crate) count: U16,
}

/// The full header. Source: `clusterMsg` in cluster_legacy.h.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct HeaderWire {
    pub(crate) prefix: PrefixWire,
    pub(crate) current_epoch: U64,
    pub(crate) config_epoch: U64,
    pub(crate) offset: U64,
    pub(crate) sender: Name,
    pub(crate) slots: [u8; 2048],
    pub(crate) replica_of: Name,
    pub(crate) host: HostField,
    pub(crate) extensions: U16,
    pub(crate) reserved: [u8; 30],
    pub(crate) other_port: U16,
    pub(crate) bus_port: U16,
    pub(crate) flags: U16,
    pub(crate) state: u8,
    pub(crate) message_flags: [u8; 3],
}

/// One gossip entry. Source: `clusterMsgDataGossip` in cluster_legacy.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct GossipWire {
    pub(crate) name: Name,
    pub(crate) ping_sent: U32,
    pub(crate) pong_received: U32,
    pub(crate) host: HostField,
    pub(crate) port: U16,
    pub(crate) bus_port: U16,
    pub(crate) flags: U16,
    pub(crate) other_port: U16,
    pub(crate) reserved: U16,
}

/// What every ping extension starts with; `length` includes it.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct ExtensionWire {
    pub(crate) length: U32,
    pub(crate) kind: U16,
    pub(crate) unused: U16,
}

/// Body of an UPDATE.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct UpdateWire {
    pub(crate) config_epoch: U64,
    pub(crate) node: Name,
    pub(crate) slots: [u8; 2048],
}

/// Start of a PUBLISH or PUBLISHSHARD body; channel and message follow without padding.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct PublishWire {
    pub(crate) channel_len: U32,
    pub(crate) message_len: U32,
}

/// Start of a MODULE body; the payload follows. The id keeps the sender's byte order, so it stays bytes here.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct ModuleWire {
    pub(crate) module: [u8; 8],
    pub(crate) len: U32,
    pub(crate) kind: u8,
}

const _: () = {
    assert!(size_of::<PrefixWire>() == 16);
    assert!(size_of::<HeaderWire>() == 2256);
    assert!(offset_of!(HeaderWire, current_epoch) == 16);
    assert!(offset_of!(HeaderWire, sender) == 40);
    assert!(offset_of!(HeaderWire, slots) == 80);
    assert!(offset_of!(HeaderWire, replica_of) == 2128);
    assert!(offset_of!(HeaderWire, host) == 2168);
    assert!(offset_of!(HeaderWire, extensions) == 2214);
    assert!(offset_of!(HeaderWire, reserved) == 2216);
    assert!(offset_of!(HeaderWire, other_port) == 2246);
    assert!(offset_of!(HeaderWire, bus_port) == 2248);
    assert!(offset_of!(HeaderWire, flags) == 2250);
    assert!(offset_of!(HeaderWire, state) == 2252);
    assert!(size_of::<GossipWire>() == 104);
    assert!(offset_of!(GossipWire, host) == 48);
    assert!(offset_of!(GossipWire, flags) == 98);
    assert!(size_of::<ExtensionWire>() == 8);
    assert!(size_of::<UpdateWire>() == 2096);
    assert!(size_of::<PublishWire>() == 8);
    assert!(size_of::<ModuleWire>() == 13);
};
