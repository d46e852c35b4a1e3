//! Manual failover: a primary hands over to its replica, without a write lost. Source: spec of the bus, 8.6.

use std::time::Duration;

use slotmesh_table::{Health, NodeKey};
use slotmesh_types::{Mono, Now, ReplOffset};
use slotmesh_wire::{Header, Kind};

use crate::action::DataOrder;
use crate::engine::Engine;
use crate::event::Event;
use crate::link::LinkId;

/// How a replica takes over on an operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailoverMode {
    /// The primary pauses until the replica has everything.
    Coordinated,
    /// Without the primary, but with the votes of a majority.
    Force,
    /// Without anybody.
    Takeover,
}

/// Why a manual failover was not started; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailoverError {
    /// This node is a primary.
    #[error("You should send CLUSTER FAILOVER to a replica")]
    NotReplica,
    /// Nobody knows whose place it would take.
    #[error("I'm a replica but my master is unknown to me")]
    UnknownPrimary,
    /// The primary can't take part.
    #[error("Master is down or failed, please use CLUSTER FAILOVER FORCE")]
    PrimaryDown,
    /// A peer has driven the cluster's clock to its end.
    #[error("There is no config epoch left to take over with")]
    NoEpoch,
}

/// How far a manual failover has come; one that nobody wants is [`Handover::None`].
#[derive(Clone, Debug, Default)]
pub(crate) enum Handover {
    #[default]
    None,
    /// This node is the primary: it pauses writes, for this replica.
    Giving { until: Mono, to: NodeKey },
    /// This node is the replica.
    Taking {
        until: Mono,
        /// Where the paused primary stands, once it has told.
        primary_offset: Option<ReplOffset>,
        /// Everything of the primary is here, or is done without.
        ready: bool,
    },
}

impl Engine {
    /// CLUSTER FAILOVER, on a replica.
    ///
    /// # Errors
    /// See [`FailoverError`].
    pub fn failover(&mut self, now: Now, mode: FailoverMode) -> Result<(), FailoverError> {
        self.now = now;
        let me = self.table.me();
        if me.is_primary() {
            return Err(FailoverError::NotReplica);
        }
        let primary = me.primary_key().ok_or(FailoverError::UnknownPrimary)?;
        let link = self.peers[primary].outbound;
        let down = self.table.node(primary).health == Health::Fail || link.is_none();
        if mode == FailoverMode::Coordinated && down {
            return Err(FailoverError::PrimaryDown);
        }
        self.abort_handover();
        if mode == FailoverMode::Takeover {
            if !self.has_highest_epoch() && !self.raise_own_epoch() {
                return Err(FailoverError::NoEpoch);
            }
            self.emit(Event::TakingOver);
            self.take_over(primary);
            self.settle();
            return Ok(());
        }
        let until = now.mono.after(self.config.manual_failover_timeout);
        let ready = mode == FailoverMode::Force;
        self.handover = Handover::Taking { until, primary_offset: None, ready };
        self.emit(Event::HandoverRequested { forced: ready });
        if ready {
            self.election.cancel();
            self.election.due = true;
        } else if let Some(link) = link {
            let mut bytes = Vec::with_capacity(2256);
            self.header().bare(Kind::MfStart, &mut bytes);
            self.transmit(link, Kind::MfStart, bytes);
        }
        self.clock.wake = now.mono;
        self.settle();
        Ok(())
    }

    /// A replica asks this node to hand over.
    pub(crate) fn receive_mfstart(&mut self, link: LinkId, sender: NodeKey) {
        let me = self.table.my_key();
        if self.table.node(sender).primary_key() != Some(me) {
            return;
        }
        self.abort_handover();
        let (now, patience) = (self.now.mono, self.config.manual_failover_timeout);
        self.handover = Handover::Giving { until: now.after(patience), to: sender };
        self.order(DataOrder::PauseWrites { until: now.after(patience * 2) });
        let to = self.name(sender);
        self.emit(Event::HandoverStarted { to });
        // The header says so from now on.
        self.touch();
        self.look_at(sender, now);
        self.send_heartbeat(Kind::Ping, link, Some(sender), &[]);
    }

    /// The primary has paused: this is where it stands.
    pub(crate) fn note_paused(&mut self, sender: NodeKey, header: &Header<'_>) {
        let mine = self.is_my_primary(sender);
        if let Handover::Taking { primary_offset: offset @ None, .. } = &mut self.handover
            && mine
            && header.message_flags().is_paused()
        {
            *offset = Some(header.offset());
            self.election.due = true;
        }
    }

    /// Everything has arrived: the election may begin.
    pub(crate) fn advance_handover(&mut self) {
        let own = self.replication.offset;
        if let Handover::Taking { primary_offset: Some(offset), ready: ready @ false, .. } = &mut self.handover
            && *offset == own
        {
            *ready = true;
            self.election.cancel();
            self.emit(Event::HandoverReady { offset: own });
        }
    }

    /// Whether this node is a replica that is to take over and has all it needs.
    pub(crate) fn handover_can_start(&self) -> bool {
        matches!(self.handover, Handover::Taking { ready: true, .. })
    }

    pub(crate) fn is_replica_in_handover(&self) -> bool {
        matches!(self.handover, Handover::Taking { .. })
    }

    /// Whether this node is a primary that pauses writes to hand over.
    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.handover, Handover::Giving { .. })
    }

    /// Whether a replica waits for this node to hand over to it: it is pinged at every tick.
    pub(crate) fn is_handing_over_to(&self, key: NodeKey) -> bool {
        matches!(self.handover, Handover::Giving { to, .. } if to == key)
    }

    /// Gives up a manual failover whose time is over; tells when to look again.
    pub(crate) fn expire_handover(&mut self) -> Option<Mono> {
        let (Handover::Giving { until, .. } | Handover::Taking { until, .. }) = self.handover else { return None };
        let past = until.after(Duration::from_micros(1));
        if self.now.mono >= past {
            self.emit(Event::HandoverTimedOut);
            self.abort_handover();
            return None;
        }
        Some(past)
    }

    /// Ends a manual failover, whatever became of it.
    pub(crate) fn abort_handover(&mut self) {
        if let Handover::Giving { .. } = std::mem::take(&mut self.handover) {
            self.order(DataOrder::ResumeWrites);
            self.touch();
        }
    }
}
