//! A replica stands for election in the place of its failed primary. Source: spec of the bus, 8.1 to 8.3 and 8.5.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use rand_core::Rng;
use slotmesh_table::{Health, NodeKey};
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, ReplOffset};
use slotmesh_wire::Kind;

use crate::action::{DataOrder, Durability};
use crate::config::Rules;
use crate::engine::Engine;
use crate::event::Event;
use crate::replication::PrimaryLink;

/// Longest fixed part of the delay before an election: the time that FAIL is given to spread.
const DELAY_MAX: Duration = Duration::from_millis(500);
/// A replica that has processed nothing waits so much longer.
const EMPTY_PENALTY: Duration = Duration::from_millis(500);
/// Votes are waited for at least this long.
const AUTH_TIMEOUT_MIN: Duration = Duration::from_secs(2);
/// Votes that may have gone to several candidates are waited for at least this long: voters save before they answer.
const SPLIT_PATIENCE_MIN: Duration = Duration::from_millis(200);

/// Why a replica of a failed primary does not stand for election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailoverBlock {
    /// Its data are too old, or it has none.
    DataAge,
    /// The delay before the election is not over.
    Delay,
    /// The votes did not come in time; the next attempt is later.
    Expired,
    /// Votes are waited for.
    Votes,
}

impl fmt::Display for FailoverBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataAge => {
                "Disconnected from primary for longer than allowed, or never synchronised with it. Please check the \
                 'cluster-replica-validity-factor' configuration option."
            }
            Self::Delay => "Waiting the delay before I can start a new failover.",
            Self::Expired => "Failover attempt expired.",
            Self::Votes => "Waiting for votes, but majority still not reached.",
        })
    }
}

/// How far this node's own candidacy has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Election {
    /// To be looked at when the present input is done.
    pub(crate) due: bool,
    /// When votes may be asked for; `None` before the first attempt and after a cancelled one.
    start: Option<Mono>,
    /// The epoch asked in, once votes have been asked for.
    asked: Option<CurrentEpoch>,
    /// When to ask in another epoch, since others have asked in this one.
    again: Option<Mono>,
    voters: BTreeSet<NodeKey>,
    /// How many nodes had a vote when votes were asked for.
    electorate: usize,
    rank: u32,
    failed_rank: u32,
    /// The start is set by somebody else than the ranks: an operator, or being the best.
    immediate: bool,
    block: Option<FailoverBlock>,
}

impl Election {
    /// Forgets the attempt: the next one may be scheduled at once.
    pub(crate) fn cancel(&mut self) {
        *self = Self { due: self.due, ..Self::default() };
    }

    /// Whether votes are waited for.
    pub(crate) fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }

    /// A voter's word counts once, and only while that node is known.
    pub(crate) fn forget_voter(&mut self, key: NodeKey) {
        self.voters.remove(&key);
    }
}

impl Engine {
    /// Another primary claims `epoch`: an election for an epoch not above that is lost.
    pub(crate) fn note_claimed_epoch(&mut self, epoch: ConfigEpoch) {
        if self.election.asked.is_some_and(|asked| asked.as_config() <= epoch) {
            self.election.cancel();
            self.election.due = true;
        }
    }

    /// Moves the own candidacy on. Source: spec of the bus, 8.2.
    pub(crate) fn advance_election(&mut self) {
        let Some(primary) = self.table.me().primary_key() else { return };
        let manual = self.handover_can_start();
        if !manual && (self.table.node(primary).health != Health::Fail || self.config.no_failover) {
            self.election.block = None;
            return;
        }
        if !manual && !self.data_is_fresh() {
            return self.note_block(FailoverBlock::DataAge);
        }
        let now = self.now.mono;
        let stale = |start: Mono| now.since(start) > self.auth_timeout() * 2;
        match self.election.start {
            Some(start) if !stale(start) => self.reconsider_start(primary),
            _ => self.schedule_election(primary, manual),
        }
        let Some(start) = self.election.start else { return };
        if start > now {
            self.note_block(FailoverBlock::Delay);
        } else if now.since(start) > self.auth_timeout() {
            self.note_block(FailoverBlock::Expired);
        } else if self.election.asked.is_none() {
            self.ask_for_votes(manual);
        } else {
            self.count_up(primary, manual);
        }
    }

    /// Somebody asks for votes in the epoch in which this node has asked, or in a newer one: there may be a majority for
    /// nobody. Who has none soon asks again, in another epoch and in its turn, instead of when the votes expire [vote-4].
    pub(crate) fn note_rival(&mut self, epoch: CurrentEpoch) {
        let concerned = self.election.asked.is_some_and(|asked| epoch >= asked) && self.election.again.is_none();
        if concerned && self.config.rules == Rules::Slotmesh {
            let patience = self.delay().max(SPLIT_PATIENCE_MIN);
            self.election.again = Some(self.now.mono.after(patience + self.up_to(patience)));
            self.election.due = true;
        }
    }

    /// Wins by the votes of a majority of those that had one when they were asked for, and of those that have one now. A vote
    /// that was given stands when its voter loses its slots or others are forgotten: a majority of the few that are left
    /// would be no majority of those who could vote in this epoch for somebody else [vote-2].
    fn count_up(&mut self, primary: NodeKey, manual: bool) {
        let votes = self.election.voters.len();
        let needed = (self.election.electorate / 2 + 1).max(self.quorum());
        if votes >= needed {
            self.win(primary);
        } else if votes >= self.quorum() || self.election.again.is_some_and(|again| again <= self.now.mono) {
            // It would do for those that are left, or others have asked as well. An epoch of its own will tell.
            self.schedule_election(primary, manual);
        } else {
            self.note_block(FailoverBlock::Votes);
        }
    }

    /// When the candidacy has to be looked at again by itself.
    pub(crate) fn election_deadline(&self) -> Option<Mono> {
        let primary = self.table.me().primary_key()?;
        let now = self.now.mono;
        if self.table.node(primary).health != Health::Fail && !self.handover_can_start() {
            return None;
        }
        let Some(start) = self.election.start else { return Some(now.after(Duration::from_millis(100))) };
        let again = self.election.again.unwrap_or(start);
        let steps = [start, again, start.after(self.auth_timeout()), start.after(self.auth_timeout() * 2)];
        // Each step is over when its time has passed, not when it is reached.
        let next = steps.into_iter().map(|at| at.after(Duration::from_micros(1))).find(|at| *at > now);
        Some(next.unwrap_or_else(|| now.after(Duration::from_millis(100))))
    }

    /// A vote came. Source: spec of the bus, 8.4.
    pub(crate) fn count_vote(&mut self, voter: NodeKey, epoch: CurrentEpoch) {
        let counts = self.table.node(voter).is_voting() && self.election.asked.is_some_and(|asked| epoch >= asked);
        if counts && self.election.voters.insert(voter) {
            self.election.due = true;
        }
    }

    /// The primary is gone by agreement, and its replicas may have to act.
    pub(crate) fn note_primary_failed(&mut self) {
        let me = self.table.my_key();
        self.table.facts_mut(me).capabilities.my_primary_fail = true;
        self.election.due = true;
    }

    /// The primary is well again.
    pub(crate) fn note_primary_well(&mut self) {
        let me = self.table.my_key();
        self.table.facts_mut(me).capabilities.my_primary_fail = false;
        self.election.due = true;
    }

    fn auth_timeout(&self) -> Duration {
        (self.config.node_timeout * 2).max(AUTH_TIMEOUT_MIN)
    }

    fn delay(&self) -> Duration {
        (self.config.node_timeout / 30).min(DELAY_MAX)
    }

    fn data_is_fresh(&self) -> bool {
        let now = self.now.mono;
        let age = match self.replication.link {
            PrimaryLink::Never => return false,
            PrimaryLink::Up { heard } => now.since(heard),
            PrimaryLink::Lost { since } => now.since(since),
        };
        let factor = self.config.replica_validity_factor;
        if factor == 0 {
            return true;
        }
        // Silence shorter than the node timeout is what a failure begins with.
        let timeout = self.config.node_timeout;
        let age = if age > timeout { age - timeout } else { age };
        age <= self.config.repl_ping_period.saturating_add(timeout.saturating_mul(factor))
    }

    fn schedule_election(&mut self, primary: NodeKey, manual: bool) {
        let (rank, failed_rank) = if manual { (0, 0) } else { self.ranks(primary) };
        let best = !manual && self.is_best_ranked(primary, rank, failed_rank);
        let delay = if manual || best { Duration::ZERO } else { self.draw_delay(rank, failed_rank) };
        self.election = Election {
            start: Some(self.now.mono.after(delay)),
            rank,
            failed_rank,
            immediate: manual || best,
            ..Election::default()
        };
        let offset = self.replication.offset;
        self.emit(Event::ElectionScheduled { delay, rank, failed_rank, offset });
        self.tell_siblings(primary);
    }

    fn draw_delay(&mut self, rank: u32, failed_rank: u32) -> Duration {
        let delay = self.delay();
        let random = self.up_to(delay);
        let penalty = if self.replication.offset == ReplOffset(0) { EMPTY_PENALTY } else { Duration::ZERO };
        delay + random + delay * 2 * rank + delay * failed_rank + penalty
    }

    /// A time by chance, shorter than `most`.
    fn up_to(&mut self, most: Duration) -> Duration {
        let spread = u64::try_from(most.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(self.rng.next_u64() % spread)
    }

    /// Before votes are asked for, news about the others move the start.
    fn reconsider_start(&mut self, primary: NodeKey) {
        if self.election.asked.is_some() || self.election.immediate {
            return;
        }
        let (rank, failed_rank) = self.ranks(primary);
        if self.is_best_ranked(primary, rank, failed_rank) {
            self.election.start = Some(self.now.mono);
            self.election.immediate = true;
        } else if let Some(start) = self.election.start {
            let delay = self.delay();
            let weight = |rank: u32, failed: u32| delay * 2 * rank + delay * failed;
            let (old, new) = (weight(self.election.rank, self.election.failed_rank), weight(rank, failed_rank));
            self.election.start = Some(start.after(new).before(old));
        }
        (self.election.rank, self.election.failed_rank) = (rank, failed_rank);
    }

    /// How many replicas of the own primary come first, and how many failed shards.
    fn ranks(&self, primary: NodeKey) -> (u32, u32) {
        let (me, mine) = (self.table.my_key(), self.replication.offset);
        let my_id = self.table.me().id();
        let siblings = self.table.node(primary).replicas().iter().filter(|key| **key != me);
        let better = siblings.filter(|key| {
            let node = self.table.node(**key);
            let offset = node.liveness.offset;
            !node.no_failover && (offset > mine || (offset == mine && node.id() < my_id))
        });
        let horizon = self.config.node_timeout.saturating_mul(self.config.replica_validity_factor);
        let shard = self.table.me().shard;
        let failed = self.failed.iter().map(|key| self.table.node(*key)).filter(|node| {
            let since = node.liveness.fail_since.map_or(Duration::ZERO, |at| self.now.mono.since(at));
            node.is_voting()
                && !node.replicas().is_empty()
                && node.shard < shard
                && (horizon.is_zero() || since <= horizon)
        });
        (better.count() as u32, failed.count() as u32)
    }

    /// Nobody can have better data, and every sibling agrees that the primary is gone.
    fn is_best_ranked(&self, primary: NodeKey, rank: u32, failed_rank: u32) -> bool {
        let agree = |key: &NodeKey| self.table.node(*key).capabilities.my_primary_fail;
        self.replication.offset != ReplOffset(0)
            && rank == 0
            && failed_rank == 0
            && self.table.node(primary).replicas().iter().all(agree)
            && !self.may_fail_before()
    }

    /// Whether a shard that comes first is about to fail as well. When many fail at once each replica hears of the failures in
    /// an order of its own, and all those that have not heard of others would ask for votes in the same epoch, where none of
    /// them may get enough [vote-3].
    fn may_fail_before(&self) -> bool {
        let shard = self.table.me().shard;
        let precedes = |key: &NodeKey| {
            let node = self.table.node(*key);
            node.is_voting() && !node.replicas().is_empty() && node.shard < shard
        };
        self.config.rules == Rules::Slotmesh && self.suspects.iter().any(precedes)
    }

    /// The replicas of the shard learn this node's offset.
    fn tell_siblings(&mut self, primary: NodeKey) {
        for key in self.table.node(primary).replicas().to_vec() {
            if let Some(link) = self.standing(key).filter(|_| key != self.table.my_key()) {
                self.send_heartbeat(Kind::Pong, link, Some(key), &[]);
            }
        }
    }

    fn ask_for_votes(&mut self, manual: bool) {
        let epoch = self.table.current_epoch.next();
        if !self.table.raise_current_epoch(epoch) {
            // A peer has driven the clock to its end: there is no epoch left to be elected in.
            return self.note_block(FailoverBlock::Expired);
        }
        self.election.asked = Some(epoch);
        self.election.voters.clear();
        self.election.electorate = self.table.voting();
        self.election.block = None;
        self.emit(Event::ElectionStarted { epoch });
        let force = manual || self.election.immediate;
        let mut bytes = Vec::with_capacity(2256);
        self.header().auth_request(force, &mut bytes);
        let bytes = Bytes::from(bytes);
        for key in self.table.keys() {
            let member = key != self.table.my_key() && !self.table.node(key).handshake;
            if let Some(link) = self.peers[key].outbound.filter(|_| member) {
                self.promise(link, Kind::AuthRequest, bytes.clone());
            }
        }
        self.want_save(Durability::Barrier);
        self.state.due = true;
    }

    fn win(&mut self, primary: NodeKey) {
        let epoch = self.election.asked.map_or(ConfigEpoch(0), CurrentEpoch::as_config);
        let me = self.table.my_key();
        if self.table.me().config_epoch < epoch {
            self.table.facts_mut(me).config_epoch = epoch;
        }
        self.emit(Event::ElectionWon { epoch });
        self.take_over(primary);
    }

    /// This node is the primary of its shard now, with every slot of `old`.
    pub(crate) fn take_over(&mut self, old: NodeKey) {
        let me = self.table.my_key();
        self.leave_primary();
        for slot in self.table.node(old).slots().clone().iter() {
            self.table.bind(slot, me);
        }
        self.order(DataOrder::Lead { keep_data: true });
        self.abort_handover();
        self.election.cancel();
        self.want_save(Durability::Barrier);
        self.broadcast = true;
        self.state.due = true;
    }

    /// Tells once why nothing happens.
    fn note_block(&mut self, block: FailoverBlock) {
        if self.election.block != Some(block) {
            self.election.block = Some(block);
            self.emit(Event::FailoverBlocked(block));
        }
    }
}
