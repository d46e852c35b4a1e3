//! What one node says of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use slotmesh_types::{ConfigEpoch, CurrentEpoch, NodeId, Slot, SlotRange};

use super::Software;
use crate::talk::Target;

/// What one node says: of itself, and of every node that it knows.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Whose view it is.
    pub(crate) me: NodeId,
    /// Where it was asked.
    pub(crate) asked: Target,
    /// Every node that it knows, itself included, ordered by id.
    pub(crate) entries: Vec<Entry>,
    /// Slots of its own that are on the move.
    pub(crate) open_slots: Vec<OpenSlot>,
    /// Whether it would serve keys.
    pub(crate) state_ok: bool,
    pub(crate) current_epoch: CurrentEpoch,
    pub(crate) software: Software,
    /// Name of the cluster that it belongs to (slotmesh-cluster-name); empty for none.
    pub(crate) cluster_name: String,
    /// How far its clock is ahead of ours, if it told the time.
    pub(crate) clock: Option<ClockReading>,
    /// How many keys it holds, if it told.
    pub(crate) keys: Option<u64>,
    /// Who has a link to it, if it told.
    pub(crate) inbound: Option<BTreeSet<NodeId>>,
}

/// A reading of a distant clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockReading {
    /// Milliseconds that it is ahead of ours; negative when it is behind.
    pub(crate) ahead_ms: i64,
    /// It may be so many milliseconds more or less: half of the time that asking took.
    pub(crate) uncertain_ms: i64,
}

/// What one node says of one node.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: NodeId,
    pub(crate) place: Place,
    pub(crate) hostname: String,
    pub(crate) role: Role,
    pub(crate) health: Health,
    /// It is not a member yet; its id is made up.
    pub(crate) handshake: bool,
    /// Its address is known to be wrong.
    pub(crate) no_address: bool,
    /// A link to it stands. A node's link to itself always does.
    pub(crate) connected: bool,
    /// For a replica its primary's.
    pub(crate) config_epoch: ConfigEpoch,
    /// In ascending order.
    pub(crate) slots: Vec<SlotRange>,
}

/// Where a node is, as another knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Empty when it is not known.
    pub(crate) host: String,
    /// Client port; 0 for none.
    pub(crate) port: u16,
    pub(crate) bus_port: u16,
}

impl Place {
    /// Where clients reach it, if that is known.
    pub(crate) fn target(&self) -> Option<Target> {
        (!self.host.is_empty() && self.port != 0).then(|| Target::new(self.host.clone(), self.port))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            Some(target) => target.fmt(f),
            None => f.write_str("an unknown address"),
        }
    }
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Primary,
    /// With its primary, if that is known.
    Replica(Option<NodeId>),
    /// Not heard of yet.
    Unknown,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Replica(_) => "replica",
            Self::Unknown => "unknown",
        })
    }
}

/// What a node thinks of another's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    Online,
    /// Not reached by the node that says so (PFAIL).
    Suspected,
    /// Failing by agreement (FAIL).
    Failed,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Online => "online",
            Self::Suspected => "suspected",
            Self::Failed => "failed",
        })
    }
}

/// How one node's link to another is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It stands.
    Up,
    /// The other is known and not reached.
    Down,
    /// The other is not known.
    None,
}

/// A slot that an operator opened to move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenSlot {
    pub(crate) slot: Slot,
    /// Whether it is coming (else it is leaving).
    pub(crate) importing: bool,
    /// Node at the other end.
    pub(crate) peer: NodeId,
}

/// The owner of every slot, as one node knows it.
pub(crate) type SlotOwners = Vec<Option<NodeId>>;

impl View {
    /// What it says of a node.
    pub(crate) fn entry(&self, id: &NodeId) -> Option<&Entry> {
        find(&self.entries, id)
    }

    /// What it says of itself.
    pub(crate) fn myself(&self) -> Option<&Entry> {
        self.entry(&self.me)
    }

    /// Members, itself included: whoever is not in handshake.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.handshake)
    }

    /// Its link to another node.
    pub(crate) fn link_to(&self, id: &NodeId) -> Link {
        link_to(&self.entries, id)
    }

    /// Who owns which slot in its view.
    pub(crate) fn owners(&self) -> SlotOwners {
        let mut owners = vec![None; usize::from(Slot::COUNT)];
        for entry in &self.entries {
            for slot in entry.slots.iter().flat_map(|range| range.iter()) {
                owners[slot.index()] = Some(entry.id);
            }
        }
        owners
    }

    /// Replicas of each primary in its view.
    pub(crate) fn replicas(&self) -> BTreeMap<NodeId, Vec<&Entry>> {
        let mut replicas: BTreeMap<NodeId, Vec<&Entry>> = BTreeMap::new();
        for entry in self.members() {
            if let Role::Replica(Some(primary)) = entry.role {
                replicas.entry(primary).or_default().push(entry);
            }
        }
        replicas
    }
}

/// The entry of a node among those ordered by id.
fn find<'a>(entries: &'a [Entry], id: &NodeId) -> Option<&'a Entry> {
    let index = entries.binary_search_by_key(id, |entry| entry.id).ok()?;
    entries.get(index)
}

/// The link to a node, in what one says of all.
pub(super) fn link_to(entries: &[Entry], id: &NodeId) -> Link {
    match find(entries, id).filter(|entry| !entry.handshake) {
        None => Link::None,
        Some(entry) if entry.connected => Link::Up,
        Some(_) => Link::Down,
    }
}

impl Entry {
    /// How many slots it owns.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.iter().map(|range| range.iter().count()).sum()
    }
}
