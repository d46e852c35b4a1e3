//! Fixed-size text fields.

use std::fmt;

use slotmesh_types::{Host, HostError, NodeId, ShardId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A 40-byte name as it stands on the wire: an id, all zero for "none", or rubbish.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(transparent)]
pub struct Name(pub [u8; 40]);

impl Name {
    /// No name.
    pub const NULL: Self = Self([0; 40]);

    /// Whether it is all zero.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0 == [0; 40]
    }

    /// The node id it spells, if it spells one.
    #[must_use]
    pub fn id(&self) -> Option<NodeId> {
        NodeId::new(self.0).ok()
    }

    /// The shard id it spells, if it spells one.
    #[must_use]
    pub fn shard(&self) -> Option<ShardId> {
        ShardId::new(self.0).ok()
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::NULL
    }
}

impl From<NodeId> for Name {
    fn from(id: NodeId) -> Self {
        Self(*id.as_bytes())
    }
}

impl From<ShardId> for Name {
    fn from(id: ShardId) -> Self {
        Self(*id.as_bytes())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// A 46-byte address field: text, then at least one NUL.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(transparent)]
pub struct HostField(pub [u8; 46]);

impl HostField {
    /// Its text up to the first NUL; a field without one is read to its end.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// The host it spells; unknown if it is empty.
    ///
    /// # Errors
    /// When the text could not be stored in nodes.conf; such a field is best taken as saying nothing.
    pub fn host(&self) -> Result<Host, HostError> {
        Host::new(self.text())
    }
}

impl Default for HostField {
    fn default() -> Self {
        Self([0; 46])
    }
}

impl From<Host> for HostField {
    fn from(host: Host) -> Self {
        let mut field = [0; 46];
        field[..host.as_bytes().len()].copy_from_slice(host.as_bytes());
        Self(field)
    }
}

impl fmt::Debug for HostField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.text().escape_ascii())
    }
}
