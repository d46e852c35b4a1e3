//! Valkey cluster bus packets to values and back.
//!
//! Decoding borrows from the received bytes and allocates nothing; encoding appends to a buffer of the caller's. It
//! knows layouts and lengths, not what a packet means for a cluster: that is the engine's part.
//!
//! A receiver collects bytes until [`frame_length`] has told how long the packet is and that many have arrived, then
//! calls [`Packet::decode`]. A sender keeps one [`HeaderTemplate`] and appends packets with it.
//!
//! ```
//! use slotmesh_types::NodeId;
//! use slotmesh_wire::{Body, HeaderFields, HeaderTemplate, Kind, Packet, frame_length};
//!
//! let me: NodeId = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
//! let template = HeaderTemplate::new(&HeaderFields { sender: me.into(), ..HeaderFields::default() });
//!
//! let mut bytes = Vec::new();
//! template.heartbeat(Kind::Ping, &mut bytes).finish();
//!
//! assert_eq!(frame_length(&bytes), Ok(Some(2256)));
//! let Ok(Packet::Full(header, Body::Heartbeat(gossip))) = Packet::decode(&bytes) else { panic!("a ping") };
//! assert_eq!(header.kind(), Kind::Ping);
//! assert_eq!(header.sender().id(), Some(me));
//! assert!(gossip.entries().is_empty());
//! ```

#![forbid(unsafe_code)]

mod encode;
mod error;
mod extension;
mod flags;
mod frame;
mod gossip;
mod header;
mod kind;
mod layout;
mod name;
mod packet;
mod reach;
mod roster;

pub use encode::{HeaderTemplate, HeartbeatBuilder, encode_light_module, encode_light_publish};
pub use error::{DropReason, FrameError};
pub use extension::{Extension, Extensions};
pub use flags::{MessageFlags, NodeFlags};
pub use frame::{FULL_HEADER_BYTES, LIGHT_HEADER_BYTES, PREFIX_BYTES, frame_length, stranger_frame_length};
pub use gossip::{GossipEntry, GossipFields, Heartbeat};
pub use header::{ClusterTag, Header, HeaderFields, OwnMarks};
pub use kind::Kind;
pub use name::{HostField, Name};
pub use packet::{Body, LightBody, ModuleMessage, Packet, Publish, Update};
pub use reach::{Reach, ReachWord};
pub use roster::{NameFilter, RosterDigest};
