//! Leaving a cluster for good: the others forget this node, then it forgets them.
//!
//! Real servers have no message for it. They take FORGOTTEN_NODE about anybody but themselves and their primary, also
//! about its very sender, and then crash: they go on to use the entry that they have just freed (seen with Valkey 8.1.8 and
//! 9.1.2). So that is never sent about ourselves [leave-1]. Instead a mark in the header, which real servers do not look at, asks
//! slotmesh members to forget the sender; they tell everybody else with FORGOTTEN_NODE, which is then about a third node.

use std::time::Duration;

use slotmesh_table::NodeKey;
use slotmesh_types::{Mono, Now};
use slotmesh_wire::{Header, Kind};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

/// How long the first member may take to say that it has forgotten us.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a node does not leave; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaveError {
    /// It owns slots, which would be served by nobody.
    #[error("this node owns {0} slots; move them away first, or leave with FORCE and let them go unserved")]
    HasSlots(u16),
    /// No member that is reached would heed it.
    #[error(
        "no slotmesh node is reached that could tell the others, and real servers know no such message; \
         send CLUSTER FORGET with this node's id to every other node, then CLUSTER RESET to this one"
    )]
    NobodyHeeds,
    /// It is leaving already.
    #[error("this node is leaving already")]
    UnderWay,
}

/// How leaving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveEnd {
    /// A member has forgotten this node and tells the others; this node knows nobody any more.
    Left,
    /// Nobody said so in time: this node is still a member.
    NoAnswer,
}

impl Engine {
    /// Asks to be forgotten and then resets itself softly; the end comes as [`Event::LeaveEnded`]. A node that knows
    /// nobody has left at once.
    ///
    /// # Errors
    /// See [`LeaveError`].
    pub fn leave(&mut self, now: Now, force: bool) -> Result<(), LeaveError> {
        self.now = now;
        let slots = if self.table.me().is_primary() { self.table.me().slot_count() } else { 0 };
        if slots > 0 && !force {
            return Err(LeaveError::HasSlots(slots));
        }
        if self.leaving.is_some() {
            return Err(LeaveError::UnderWay);
        }
        let me = self.table.my_key();
        let members = self.table.nodes().filter(|(key, node)| *key != me && !node.handshake);
        if members.count() == 0 {
            self.complete_leave();
            return Ok(());
        }
        if self.heeding().is_empty() {
            return Err(LeaveError::NobodyHeeds);
        }
        self.leaving = Some(now.mono.after(PATIENCE));
        self.header = None;
        for key in self.heeding() {
            self.ping(key);
        }
        self.clock.wake = now.mono;
        self.settle();
        Ok(())
    }

    /// Members that are reached and heed the mark.
    fn heeding(&self) -> Vec<NodeKey> {
        let keys = self.table.keys();
        keys.into_iter().filter(|key| self.peers[*key].heeds_leave && self.standing(*key).is_some()).collect()
    }

    /// A member speaks on its own link or ours. If it says that it leaves, it is forgotten, and everybody is told; gives
    /// whether it is gone.
    pub(crate) fn heed_leave(&mut self, key: NodeKey, header: &Header<'_>) -> bool {
        let marks = header.own_marks();
        self.peers[key].heeds_leave = marks.heeds_leave;
        let node = self.table.node(key);
        if !marks.leaving || node.handshake || self.is_my_primary(key) {
            return false;
        }
        let name = self.name(key);
        let ours = self.standing(key);
        let ttl = self.config.forget_ttl;
        self.table.forgotten.insert(name.id, self.now.mono, ttl);
        if let Some(link) = ours {
            // It waits for this. It is about the receiver, which is one of ours, never about the sender.
            self.send_heartbeat(Kind::Pong, link, Some(key), &[]);
        }
        self.forget_node(key, ttl, Some(name));
        self.broadcast = true;
        true
    }

    /// A member says that it has forgotten this node, or (by speaking as one that knows it) that it has not.
    pub(crate) fn note_forgot_us(&mut self, key: NodeKey, forgot: bool) {
        if std::mem::replace(&mut self.peers[key].forgot_us, forgot) == forgot {
            return;
        }
        if forgot {
            let name = self.name(key);
            self.emit(Event::ForgottenByCluster(name));
        }
        self.touch();
        self.want_save(Durability::Lazy);
    }

    /// If this node waits to be forgotten and `key` has done so, it has left. Tells whether.
    pub(crate) fn finish_leave(&mut self, key: NodeKey) -> bool {
        let done = self.leaving.is_some() && self.peers[key].forgot_us;
        if done {
            self.complete_leave();
        }
        done
    }

    fn complete_leave(&mut self) {
        let now = self.now;
        self.emit(Event::LeaveEnded(LeaveEnd::Left));
        self.reset(now, false);
    }

    /// Gives up when nobody answers. Tells when that is.
    pub(crate) fn attend_leave(&mut self) -> Option<Mono> {
        let until = self.leaving?;
        if until > self.now.mono {
            return Some(until);
        }
        self.leaving = None;
        self.header = None;
        self.emit(Event::LeaveEnded(LeaveEnd::NoAnswer));
        None
    }
}
