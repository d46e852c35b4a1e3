//! Votes: at most one for each epoch, and none that is not on disk [vote-1]. Source: spec of the bus, 8.4.

use std::fmt;

use slotmesh_table::{Health, NodeKey};
use slotmesh_types::SlotSet;
use slotmesh_wire::{Header, Kind};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

/// Why a candidate got no vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteRefusal {
    /// It asks for an epoch that is over.
    OldEpoch,
    /// This node has voted in that epoch.
    Voted,
    /// It is a primary itself.
    Primary,
    /// Its primary is not known here.
    UnknownPrimary,
    /// Its primary is up.
    PrimaryUp,
    /// Somebody owns its slots with a newer claim.
    OldClaim,
    /// This node has only just started, and may not know what happened meanwhile.
    JustStarted,
}

impl fmt::Display for VoteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OldEpoch => "its epoch is over",
            Self::Voted => "already voted in that epoch",
            Self::Primary => "it is a primary node",
            Self::UnknownPrimary => "I don't know its primary",
            Self::PrimaryUp => "its primary is up",
            Self::OldClaim => "a slot of it has an owner with a newer config epoch",
            Self::JustStarted => "this node has only just started",
        })
    }
}

impl Engine {
    /// A candidate asks for a vote. Those who have none keep silent.
    pub(crate) fn consider_vote(&mut self, candidate: NodeKey, header: &Header<'_>) {
        self.note_rival(header.current_epoch());
        if !self.table.me().is_voting() {
            return;
        }
        let epoch = self.table.current_epoch;
        let node = self.name(candidate);
        match self.judge(candidate, header) {
            Ok(()) => {
                self.table.last_vote_epoch = epoch;
                self.want_save(Durability::Barrier);
                self.emit(Event::VoteGranted { node, epoch });
                if let Some(link) = self.peers[candidate].outbound {
                    let mut bytes = Vec::with_capacity(2256);
                    self.header().bare(Kind::AuthAck, &mut bytes);
                    self.promise(link, Kind::AuthAck, bytes);
                }
            }
            Err(reason) => self.emit(Event::VoteDenied { node, epoch: header.current_epoch(), reason }),
        }
    }

    fn judge(&mut self, candidate: NodeKey, header: &Header<'_>) -> Result<(), VoteRefusal> {
        if self.has_just_started() {
            return Err(VoteRefusal::JustStarted);
        }
        // The epoch of the request has raised ours already, unless it is older.
        if header.current_epoch() < self.table.current_epoch {
            return Err(VoteRefusal::OldEpoch);
        }
        if self.table.last_vote_epoch >= self.table.current_epoch {
            return Err(VoteRefusal::Voted);
        }
        let node = self.table.node(candidate);
        if node.is_primary() {
            return Err(VoteRefusal::Primary);
        }
        let primary = node.primary_key().ok_or(VoteRefusal::UnknownPrimary)?;
        if self.table.node(primary).health != Health::Fail && !header.message_flags().is_force_ack() {
            return Err(VoteRefusal::PrimaryUp);
        }
        let claim = SlotSet::from_bytes(*header.slots());
        let newer = claim.iter().find_map(|slot| {
            let owner = self.table.owner(slot)?;
            let newer = self.table.node(owner).config_epoch > header.config_epoch();
            (newer && !self.table.is_not_claiming(slot)).then_some(owner)
        });
        if let Some(owner) = newer {
            self.send_update(candidate, owner);
            return Err(VoteRefusal::OldClaim);
        }
        Ok(())
    }
}
