//! The full header: what it says, and what to put into one.

use slotmesh_types::{ConfigEpoch, CurrentEpoch, ReplOffset, SlotSet};

use crate::flags::{MessageFlags, NodeFlags};
use crate::frame::LIGHT;
use crate::kind::Kind;
use crate::layout::HeaderWire;
use crate::name::{HostField, Name};
use crate::roster::RosterDigest;

/// A received full header, borrowed.
#[derive(Clone, Copy)]
pub struct Header<'a>(pub(crate) &'a HeaderWire);

/// The mark of a named cluster: a digest of its name, in bytes of the header that are reserved and that no released
/// server reads. All zero when the sender's cluster has no name, and from every real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterTag(u64);

impl ClusterTag {
    const MAGIC: [u8; 4] = *b"smcn";

    /// The tag of the cluster with this name, or `None` for the empty name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        // FNV-1a: stable for ever, and nobody gains anything from a collision they could as well copy.
        let digest = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        (!name.is_empty()).then_some(Self(digest))
    }

    fn from_reserved(reserved: &[u8; 30]) -> Option<Self> {
        let (magic, rest) = reserved.split_first_chunk::<4>()?;
        let digest = rest.first_chunk::<8>()?;
        (*magic == Self::MAGIC).then(|| Self(u64::from_be_bytes(*digest)))
    }

    fn write(self, reserved: &mut [u8; 30]) {
        reserved[..4].copy_from_slice(&Self::MAGIC);
        reserved[4..12].copy_from_slice(&self.0.to_be_bytes());
    }
}

/// What slotmesh nodes tell each other beyond what real servers do, in bytes of the header that are reserved and that no
/// released server reads. Nothing, from every real server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnMarks {
    /// The sender forgets a member that says it leaves, and tells everybody to.
    pub heeds_leave: bool,
    /// The sender leaves the cluster: whoever heeds that forgets it.
    pub leaving: bool,
    /// The sender answers whether it reaches a node ([`Extension::Reach`](crate::Extension::Reach)).
    pub witness: bool,
    /// The sender tells members a digest of whom it knows, and whom they lack when they ask
    /// ([`Extension::Roster`](crate::Extension::Roster)).
    pub compares: bool,
    /// That digest. Absent in what it sends to somebody it does not know.
    pub roster: Option<RosterDigest>,
}

impl OwnMarks {
    const MAGIC: [u8; 4] = *b"smom";
    const HEEDS_LEAVE: u8 = 1;
    const LEAVING: u8 = 1 << 1;
    const WITNESS: u8 = 1 << 2;
    const COMPARES: u8 = 1 << 3;
    /// Where the digest stands in the reserved bytes.
    pub(crate) const ROSTER_AT: usize = 17;

    fn from_reserved(reserved: &[u8; 30]) -> Self {
        let marked = reserved[12..16] == Self::MAGIC;
        let bits = if marked { reserved[16] } else { 0 };
        let has = |bit| bits & bit != 0;
        let digest = reserved[Self::ROSTER_AT..]
            .first_chunk()
            .filter(|_| marked)
            .map_or(0, |digest| u64::from_be_bytes(*digest));
        Self {
            heeds_leave: has(Self::HEEDS_LEAVE),
            leaving: has(Self::LEAVING),
            witness: has(Self::WITNESS),
            compares: has(Self::COMPARES),
            roster: (digest != 0).then_some(RosterDigest(digest)),
        }
    }

    fn write(self, reserved: &mut [u8; 30]) {
        let bit = |on, bit| u8::from(on) * bit;
        let bits = bit(self.heeds_leave, Self::HEEDS_LEAVE)
            | bit(self.leaving, Self::LEAVING)
            | bit(self.witness, Self::WITNESS)
            | bit(self.compares, Self::COMPARES);
        if bits != 0 || self.roster.is_some() {
            reserved[12..16].copy_from_slice(&Self::MAGIC);
            reserved[16] = bits;
            reserved[Self::ROSTER_AT..Self::ROSTER_AT + 8]
                .copy_from_slice(&self.roster.unwrap_or_default().0.to_be_bytes());
        }
    }
}

impl<'a> Header<'a> {
    /// What the packet is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from_wire(self.0.prefix.kind.get() & !LIGHT)
    }

    /// Client port of the kind the bus uses: TCP, or TLS when the bus runs over TLS.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.prefix.port.get()
    }

    /// The client port of the other kind; 0 if there is none.
    #[must_use]
    pub fn other_port(&self) -> u16 {
        self.0.other_port.get()
    }

    /// Announced bus port.
    #[must_use]
    pub fn bus_port(&self) -> u16 {
        self.0.bus_port.get()
    }

    /// The sender's clock.
    #[must_use]
    pub fn current_epoch(&self) -> CurrentEpoch {
        CurrentEpoch(self.0.current_epoch.get())
    }

    /// The sender's config epoch; a replica sends its primary's.
    #[must_use]
    pub fn config_epoch(&self) -> ConfigEpoch {
        ConfigEpoch(self.0.config_epoch.get())
    }

    /// The sender's replication offset.
    #[must_use]
    pub fn offset(&self) -> ReplOffset {
        ReplOffset(self.0.offset.get())
    }

    /// The sender's name.
    #[must_use]
    pub fn sender(&self) -> &'a Name {
        &self.0.sender
    }

    /// The slots the sender claims, as a bitmap; a replica sends its primary's.
    #[must_use]
    pub fn slots(&self) -> &'a [u8; SlotSet::BYTES] {
        &self.0.slots
    }

    /// The sender's primary, or the null name: then it claims to be a primary.
    #[must_use]
    pub fn replica_of(&self) -> &'a Name {
        &self.0.replica_of
    }

    /// The address the sender announces; empty for "the one you see".
    #[must_use]
    pub fn host(&self) -> &'a HostField {
        &self.0.host
    }

    /// The sender's flags for itself.
    #[must_use]
    pub fn flags(&self) -> NodeFlags {
        NodeFlags(self.0.flags.get())
    }

    /// Flags of this message.
    #[must_use]
    pub fn message_flags(&self) -> MessageFlags {
        MessageFlags(self.0.message_flags)
    }

    /// Which named cluster the sender says it belongs to.
    #[must_use]
    pub fn cluster_tag(&self) -> Option<ClusterTag> {
        ClusterTag::from_reserved(&self.0.reserved)
    }

    /// What the sender tells slotmesh nodes.
    #[must_use]
    pub fn own_marks(&self) -> OwnMarks {
        OwnMarks::from_reserved(&self.0.reserved)
    }

    /// Everything, owned.
    #[must_use]
    pub fn to_fields(&self) -> HeaderFields {
        HeaderFields {
            port: self.port(),
            other_port: self.other_port(),
            bus_port: self.bus_port(),
            current_epoch: self.current_epoch(),
            config_epoch: self.config_epoch(),
            offset: self.offset(),
            sender: *self.sender(),
            slots: SlotSet::from_bytes(*self.slots()),
            replica_of: *self.replica_of(),
            host: *self.host(),
            flags: self.flags(),
            state_fail: self.0.state != 0,
            message_flags: self.message_flags(),
            cluster_tag: self.cluster_tag(),
            own_marks: self.own_marks(),
        }
    }
}

impl std::fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Header").field(&self.kind()).field(&self.to_fields()).finish()
    }
}

/// What a node says about itself in every full header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFields {
    /// Announced client port of the kind the bus uses.
    pub port: u16,
    /// Announced client port of the other kind; 0 for none.
    pub other_port: u16,
    /// Announced bus port.
    pub bus_port: u16,
    /// The node's clock.
    pub current_epoch: CurrentEpoch,
    /// Its config epoch, or its primary's.
    pub config_epoch: ConfigEpoch,
    /// Its replication offset.
    pub offset: ReplOffset,
    /// Its name.
    pub sender: Name,
    /// Its slots, or its primary's.
    pub slots: SlotSet,
    /// Its primary; null for a primary.
    pub replica_of: Name,
    /// Its announced address; empty for "the one you see".
    pub host: HostField,
    /// Its flags.
    pub flags: NodeFlags,
    /// Whether it sees the cluster as failed. No receiver looks at it.
    pub state_fail: bool,
    /// Flags of the message.
    pub message_flags: MessageFlags,
    /// Its named cluster.
    pub cluster_tag: Option<ClusterTag>,
    /// What it tells slotmesh nodes.
    pub own_marks: OwnMarks,
}

impl HeaderFields {
    pub(crate) fn to_wire(&self) -> HeaderWire {
        let mut reserved = [0; 30];
        if let Some(tag) = self.cluster_tag {
            tag.write(&mut reserved);
        }
        self.own_marks.write(&mut reserved);
        HeaderWire {
            prefix: crate::layout::PrefixWire {
                signature: crate::frame::SIGNATURE,
                totlen: 0.into(),
                version: crate::frame::VERSION.into(),
                port: self.port.into(),
                kind: 0.into(),
                count: 0.into(),
            },
            current_epoch: self.current_epoch.0.into(),
            config_epoch: self.config_epoch.0.into(),
            offset: self.offset.0.into(),
            sender: self.sender,
            slots: *self.slots.as_bytes(),
            replica_of: self.replica_of,
            host: self.host,
            extensions: 0.into(),
            reserved,
            other_port: self.other_port.into(),
            bus_port: self.bus_port.into(),
            flags: self.flags.0.into(),
            state: u8::from(self.state_fail),
            message_flags: self.message_flags.0,
        }
    }
}
