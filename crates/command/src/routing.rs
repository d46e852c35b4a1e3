//! Whether a command runs here, and where the client has to go otherwise. Source: cluster-spec, "MOVED Redirection" and
//! "ASK redirection"; the order of the checks is that of real servers.
//!
//! ```
//! use slotmesh_command::{Access, Asker, Presence, Redirection, Rules, one_slot, route};
//! use slotmesh_table::{BusStats, ClusterView, Table};
//! use slotmesh_types::{NodeId, Now, ShardId};
//!
//! let table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]));
//! let view = ClusterView::new(&table, Now::default(), false, 0, BusStats::default());
//! let slot = one_slot([&b"{a}1"[..], b"{a}2"]).unwrap().unwrap();
//! let routed = route(&view, slot, Access::Read, Rules::default(), Asker::default(), Presence::default);
//! assert!(matches!(routed, Err(Redirection::Unbound)));
//! ```

use std::ops::ControlFlow;

use slotmesh_table::{ClusterView, NodeView, OpenSlot};
use slotmesh_types::{NodeId, Slot, key_slot};

use crate::cluster::{Audience, Endpoint};
use crate::error_reply::ErrorReply;
use crate::table::Command;

/// What a command wants of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To read keys.
    Read,
    /// To change keys.
    Write,
    /// To send keys to another node, which works wherever the slot is on the move.
    Migrate,
    /// To use shard channels, which every node of the shard serves and which no slot on the move holds back.
    ShardChannel,
}

/// What runs while the cluster is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Reads (`cluster-allow-reads-when-down`).
    pub reads_when_down: bool,
    /// Shard channels (`cluster-allow-pubsubshard-when-down`).
    pub shard_channels_when_down: bool,
}

/// What the client has said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// READONLY.
    pub readonly: bool,
    /// ASKING, or a command that implies it.
    pub asking: bool,
}

/// How many keys of a command are here. Asked for only where a slot on the move makes it matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Keys that are here.
    pub here: usize,
    /// Keys that are not.
    pub missing: usize,
    /// Whether not all of them are one key, named several times.
    pub several: bool,
}

/// Why a command does not run here.
#[derive(Clone, Copy, Debug)]
pub enum Redirection<'v> {
    /// Its keys are in several slots.
    CrossSlot,
    /// Nobody owns its slot.
    Unbound,
    /// The cluster is down.
    Down,
    /// The cluster is down, and the command would change something.
    DownForWrites,
    /// Some of its keys have moved and some have not.
    TryAgain,
    /// Its slot is on its way to that node, and none of its keys is here: once, with ASKING.
    Ask(Slot, &'v NodeView),
    /// Its slot belongs to that node.
    Moved(Slot, &'v NodeView),
}

impl Redirection<'_> {
    /// The reply for a client of this kind.
    #[must_use]
    pub fn reply(&self, audience: Audience) -> ErrorReply {
        let to = |word: &str, slot: Slot, node: &NodeView| {
            let host = match audience.endpoint(node) {
                Endpoint::Known(host) => host,
                Endpoint::Same => "",
            };
            ErrorReply::new(format!("{word} {slot} {host}:{}", audience.port(node)))
        };
        match self {
            Self::CrossSlot => ErrorReply::new("CROSSSLOT Keys in request don't hash to the same slot"),
            Self::Unbound => ErrorReply::new("CLUSTERDOWN Hash slot not served"),
            Self::Down => ErrorReply::new("CLUSTERDOWN The cluster is down"),
            Self::DownForWrites => ErrorReply::new("CLUSTERDOWN The cluster is down and only accepts read commands"),
            Self::TryAgain => ErrorReply::new("TRYAGAIN Multiple keys request during rehashing of slot"),
            Self::Ask(slot, node) => to("ASK", *slot, node),
            Self::Moved(slot, node) => to("MOVED", *slot, node),
        }
    }
}

/// The slot that all keys share; `None` without keys.
///
/// # Errors
/// [`Redirection::CrossSlot`] when they do not.
pub fn one_slot<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Slot>, Redirection<'static>> {
    let mut slots = keys.into_iter().map(key_slot);
    let first = slots.next();
    if slots.all(|slot| Some(slot) == first) { Ok(first) } else { Err(Redirection::CrossSlot) }
}

/// The slot of a request; `None` for one that names none.
///
/// # Errors
/// [`Redirection::CrossSlot`] when its keys are in several.
pub(crate) fn slot_of(command: &Command, args: &[&[u8]]) -> Result<Option<Slot>, Redirection<'static>> {
    let mut slot = None;
    let differs = command.routed_by(args, |name| {
        let found = key_slot(name);
        if slot.replace(found).is_some_and(|earlier| earlier != found) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if differs.is_break() { Err(Redirection::CrossSlot) } else { Ok(slot) }
}

/// Decides whether a command for `slot` runs here. `presence` looks at its keys; it is called at most once, and not for
/// shard channels.
///
/// # Errors
/// Why it does not.
pub fn route<'v>(
    view: &'v ClusterView,
    slot: Slot,
    access: Access,
    rules: Rules,
    asker: Asker,
    presence: impl FnOnce() -> Presence,
) -> Result<(), Redirection<'v>> {
    let owner = view.owner(slot).ok_or(Redirection::Unbound)?;
    check_state(view, access, rules)?;
    let keyed = access != Access::ShardChannel;
    match view.open_slot(slot) {
        Some(_) if access == Access::Migrate => return Ok(()),
        Some(OpenSlot::Migrating(to)) if keyed => {
            let Presence { here, missing, .. } = presence();
            if missing > 0 {
                let target = view.node(to).filter(|_| here == 0);
                return Err(target.map_or(Redirection::TryAgain, |node| Redirection::Ask(slot, node)));
            }
        }
        Some(OpenSlot::Importing(_)) if asker.asking => {
            let Presence { missing, several, .. } = if keyed { presence() } else { Presence::default() };
            return if missing > 0 && several { Err(Redirection::TryAgain) } else { Ok(()) };
        }
        _ => {}
    }
    let as_replica = match access {
        Access::Read => asker.readonly,
        Access::Write | Access::Migrate => false,
        Access::ShardChannel => true,
    };
    let mine = view.is_me(owner) || (as_replica && view.me().facts.primary_key() == Some(owner.key));
    if mine { Ok(()) } else { Err(Redirection::Moved(slot, owner)) }
}

/// Decides whether a request that waits for keys of `slot` goes on to wait here. While the cluster is down none does,
/// not even one that may read then: what it waits for is a write, which may never come. Source:
/// `clusterRedirectBlockedClientIfNeeded`.
pub(crate) fn route_waiter(
    view: &ClusterView,
    slot: Slot,
    access: Access,
    asker: Asker,
) -> Result<(), Redirection<'_>> {
    if !view.state_ok {
        return Err(Redirection::Down);
    }
    route(view, slot, access, Rules::default(), asker, Presence::default)
}

/// Why the shard channels of a slot are served here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardOwner {
    /// The slot belongs to this member: this node, or its primary.
    Member(NodeId),
    /// The slot is being imported: for those who have sent ASKING.
    Arriving,
}

impl ShardOwner {
    /// Whether who subscribed when the slot was served for one reason stays when it is for the other.
    #[must_use]
    pub fn is_followed_by(self, later: Self) -> bool {
        self == later || self == Self::Arriving
    }
}

/// Why the shard channels of a slot are served here, if they are.
#[must_use]
pub fn shard_owner(view: &ClusterView, slot: Slot) -> Option<ShardOwner> {
    let owner = view.owner(slot)?;
    if view.is_me(owner) || view.me().facts.primary_key() == Some(owner.key) {
        return Some(ShardOwner::Member(*owner.facts.id()));
    }
    match view.open_slot(slot) {
        Some(OpenSlot::Importing(_)) => Some(ShardOwner::Arriving),
        _ => None,
    }
}

fn check_state(view: &ClusterView, access: Access, rules: Rules) -> Result<(), Redirection<'static>> {
    match access {
        _ if view.state_ok => Ok(()),
        Access::ShardChannel if rules.shard_channels_when_down => Ok(()),
        Access::Read if rules.reads_when_down => Ok(()),
        Access::Write | Access::Migrate if rules.reads_when_down => Err(Redirection::DownForWrites),
        _ => Err(Redirection::Down),
    }
}
