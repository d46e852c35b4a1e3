//! Epochs: those of others, what happens when two primaries have one, and what an operator may do about the own one.
//! Source: spec of the bus, 5.3 (P3), 5.11 and 10.1.

use std::time::Duration;

use rand_core::Rng;
use slotmesh_table::NodeKey;
use slotmesh_types::{ConfigEpoch, Now, ReplOffset};
use slotmesh_wire::Header;

use crate::action::Durability;
use crate::config::Rules;
use crate::engine::Engine;
use crate::event::Event;

/// A primary without slots lives with a collision at least this long,
const EPOCH_PAUSE: Duration = Duration::from_millis(50);
/// and up to this much longer for each known node.
const EPOCH_SPREAD_MICROS: u64 = 10_000;

/// Whether an own epoch was taken without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochBump {
    /// This node has this new config epoch, the highest of all.
    Bumped(ConfigEpoch),
    /// It keeps this one, which is the highest already (or there is no higher one).
    Still(ConfigEpoch),
}

/// Why a config epoch was not set; nothing changed. The words are those of Valkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetConfigEpochError {
    /// Others may have heard of the epoch that it has.
    #[error("The user can assign a config epoch only when the node does not know any other node.")]
    NotAlone,
    /// It has one.
    #[error("Node config epoch is already non-zero")]
    NotZero,
}

impl Engine {
    /// Takes the highest config epoch of all for this node, unless it has it already. Nobody is asked: two nodes that do so
    /// at the same time get the same one, and part again as colliding nodes do.
    pub fn bump_epoch(&mut self, now: Now) -> EpochBump {
        self.now = now;
        let bumped = self.bump_own_epoch();
        self.handle_timeout(now);
        let epoch = self.table.me().config_epoch;
        if bumped { EpochBump::Bumped(epoch) } else { EpochBump::Still(epoch) }
    }

    /// Gives this node its first config epoch, so that the nodes of a new cluster start with different ones.
    ///
    /// # Errors
    /// See [`SetConfigEpochError`].
    pub fn set_config_epoch(&mut self, now: Now, epoch: ConfigEpoch) -> Result<(), SetConfigEpochError> {
        if self.table.len() > 1 {
            return Err(SetConfigEpochError::NotAlone);
        }
        if self.table.me().config_epoch != ConfigEpoch(0) {
            return Err(SetConfigEpochError::NotZero);
        }
        self.now = now;
        self.table.raise_current_epoch(epoch.as_current());
        let me = self.table.my_key();
        self.table.facts_mut(me).config_epoch = epoch;
        self.emit(Event::EpochSet(epoch));
        self.want_save(Durability::Barrier);
        self.state.due = true;
        self.handle_timeout(now);
        Ok(())
    }

    /// A new own epoch without a vote, unless the own one is the highest. Tells whether it was taken.
    pub(crate) fn bump_own_epoch(&mut self) -> bool {
        let bumped = !self.has_highest_epoch() && self.raise_own_epoch();
        if bumped {
            self.emit(Event::EpochTaken(self.table.me().config_epoch));
        }
        bumped
    }

    /// Takes over what the header of a member says about epochs and offset.
    pub(crate) fn note_epochs(&mut self, sender: NodeKey, header: &Header<'_>) {
        self.table.raise_current_epoch(header.current_epoch());
        let claims_primary = header.replica_of().is_null();
        self.note_paused(sender, header);
        if claims_primary && header.config_epoch() > self.table.node(sender).config_epoch {
            self.table.facts_mut(sender).config_epoch = header.config_epoch();
            // No promise relies on it, and its owner says it again with each heartbeat: in a big mesh that forms, a save for
            // each of them would be all that the disks do.
            self.want_save(Durability::Lazy);
            self.note_claimed_epoch(header.config_epoch());
        }
        let offset = header.offset();
        let before = std::mem::replace(&mut self.table.liveness_mut(sender).offset, offset);
        if (before == ReplOffset(0)) != (offset == ReplOffset(0)) {
            // Readers of the topology are shown replicas that have data only.
            self.table.touch();
        }
        if offset != before && self.table.me().is_replica() {
            // A sibling's offset decides who comes first.
            self.election.due = true;
        }
    }

    /// Two primaries have one config epoch: the one with the smaller name takes a new one.
    ///
    /// Fresh nodes all have epoch 0, so a new mesh is full of collisions, and nodes that act at once choose the same next
    /// epoch again and tell everybody each time. A primary without slots has nothing to lose by the collision: it waits a
    /// moment, the longer the more nodes there are, and mostly finds its next epoch free [epoch-1].
    pub(crate) fn resolve_collision(&mut self, sender: NodeKey) {
        if !self.must_yield_to(sender) {
            return;
        }
        if self.table.me().slot_count() > 0 || self.config.rules == Rules::Valkey {
            return self.take_new_epoch(sender);
        }
        if self.clock.collision.is_none() {
            let spread = EPOCH_SPREAD_MICROS * self.table.len() as u64;
            let pause = EPOCH_PAUSE + Duration::from_micros(self.rng.next_u64() % spread);
            let due = self.now.mono.after(pause);
            self.clock.collision = Some(due);
            self.clock.wake = self.clock.wake.min(due);
        }
    }

    /// The pause is over: if the collision still stands, it ends now.
    pub(crate) fn end_collision(&mut self) {
        let standing = self.table.keys().into_iter().find(|key| self.must_yield_to(*key));
        if let Some(other) = standing {
            self.take_new_epoch(other);
        }
    }

    fn must_yield_to(&self, key: NodeKey) -> bool {
        let (me, other) = (self.table.me(), self.table.node(key));
        let collides = me.is_primary() && other.is_primary() && me.config_epoch == other.config_epoch;
        collides && !other.handshake && me.id() < other.id()
    }

    /// Whether nobody is known to have a higher epoch than this node.
    pub(crate) fn has_highest_epoch(&self) -> bool {
        let mine = self.table.me().config_epoch;
        let highest = self.table.nodes().map(|(_, node)| node.config_epoch).max().unwrap_or(mine);
        mine != ConfigEpoch(0) && mine >= highest && mine.as_current() >= self.table.current_epoch
    }

    /// Takes the next epoch without asking anybody. Tells whether there is one: a peer may have driven the clock to its end.
    pub(crate) fn raise_own_epoch(&mut self) -> bool {
        let next = self.table.current_epoch.next();
        if !self.table.raise_current_epoch(next) {
            return false;
        }
        let me = self.table.my_key();
        self.table.facts_mut(me).config_epoch = next.as_config();
        self.want_save(Durability::Barrier);
        self.broadcast = true;
        true
    }

    fn take_new_epoch(&mut self, other: NodeKey) {
        // At the end of the clock there is no use in telling the old epoch again.
        if self.raise_own_epoch() {
            let (node, epoch) = (self.name(other), self.table.me().config_epoch);
            self.emit(Event::EpochCollision { node, epoch });
        }
    }
}
