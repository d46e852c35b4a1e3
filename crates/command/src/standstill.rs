//! Slots without keys into which nothing is written while it is decided about them.

use slotmesh_types::Slot;

use crate::beside::bit;
use crate::keyspace::{Group64, group_of, groups};
use crate::server::Server;

/// Slots that are decided about together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// This one.
    One(Slot),
    /// All.
    All,
}

impl Span {
    fn groups(self) -> impl Iterator<Item = (Group64, u64)> {
        let (one, all) = match self {
            Self::One(slot) => (Some((group_of(slot), bit(slot))), None),
            Self::All => (None, Some(groups().map(|slots| (slots, u64::MAX)))),
        };
        one.into_iter().chain(all.into_iter().flatten())
    }
}

/// Slots that are without keys, and stay so until this is dropped: whoever would write into them waits, and is woken
/// then. Reads go on.
///
/// So a decision that rests on there being no keys can be made elsewhere, on another thread: no write comes between the
/// look at the keys and what follows from it.
#[derive(Debug)]
#[must_use = "when it is dropped, writes go on"]
pub struct Standstill<'s> {
    server: &'s Server,
    /// The first slot of each group, and those that stand still, a bit for each.
    groups: Vec<(Slot, u64)>,
}

impl Server {
    /// Has slots stand still if they are without keys; `None` if any has some, those that have expired and were not
    /// taken out yet included. Waits for commands that run.
    pub fn stand_still(&self, span: Span) -> Option<Standstill<'_>> {
        let mut still = Standstill { server: self, groups: Vec::new() };
        for (slots, bits) in span.groups() {
            let mut group = self.keyspace.lock(slots.start);
            let has_keys = |slot| group.peek(slot).is_some_and(|keys| !keys.is_empty());
            if slots.iter().any(|slot| bits & bit(slot) != 0 && has_keys(slot)) {
                return None;
            }
            group.beside.stand_still(bits);
            still.groups.push((slots.start, bits));
        }
        Some(still)
    }
}

impl Drop for Standstill<'_> {
    fn drop(&mut self) {
        for (first, bits) in &self.groups {
            self.server.keyspace.lock(*first).beside.move_on(*bits);
        }
    }
}
