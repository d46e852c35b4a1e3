//! Giving the entries of a stream to the consumers of a group.

use std::ops::Deref;

use crate::stream::consumer::ConsumerId;
use crate::stream::cost::Cost;
use crate::stream::entry::Entry;
use crate::stream::group::{Group, Pending};
use crate::stream::id::StreamId;
use crate::stream::log::Log;

/// A group with the stream that it reads, to change it; it shows all that a [`Group`] does.
#[derive(Debug)]
pub struct GroupMut<'a> {
    log: &'a Log,
    group: &'a mut Group,
    /// What all groups of the stream cost.
    total: &'a mut Cost,
    /// What this one cost before.
    before: Cost,
}

/// How a pending entry changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Only if it was given to its consumer so many milliseconds ago or more.
    pub idle_min: u64,
    /// When it is said to have been given to the new one, in milliseconds of the wall clock.
    pub delivered: u64,
    /// How often it is said to have been given; otherwise once more than before, if the entry itself is wanted.
    pub count: Option<u64>,
    /// Whether one that is not pending will be.
    pub force: bool,
    /// Whether only the id is wanted.
    pub id_only: bool,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug)]
pub enum Claimed<'a> {
    /// Nothing: it is not pending, or not for so long.
    Nothing,
    /// It was pending but is not in the stream any more: it is not pending either now.
    Gone(Pending),
    /// It is the new consumer's.
    Taken(Entry<'a>, Pending),
}

/// So many entries are looked at for each that XAUTOCLAIM may give.
const LOOKS: usize = 10;

impl Deref for GroupMut<'_> {
    type Target = Group;

    fn deref(&self) -> &Group {
        self.group
    }
}

impl Drop for GroupMut<'_> {
    fn drop(&mut self) {
        *self.total -= self.before;
        *self.total += self.group.cost();
    }
}

impl<'a> GroupMut<'a> {
    pub(super) fn new(log: &'a Log, group: &'a mut Group, total: &'a mut Cost) -> Self {
        let before = group.cost();
        Self { log, group, total, before }
    }

    /// Sets the id of the last entry that was given to anyone, and how many were read until then.
    pub fn set_last(&mut self, last: StreamId, read: Option<u64>) {
        self.group.last = last;
        self.group.read = read;
    }

    /// Sets the id of the last entry that was given to anyone if it is higher; tells whether it was.
    pub fn raise_last(&mut self, last: StreamId) -> bool {
        let higher = last > self.group.last;
        self.group.last = self.group.last.max(last);
        higher
    }

    /// The consumer of that name, made if it is not there, and whether it was made. It is seen now.
    pub fn consumer_or_new(&mut self, name: &[u8], now: u64) -> (ConsumerId, bool) {
        match self.group.consumers.find(name) {
            Some(id) => {
                self.group.consumers.edit(id, |consumer| consumer.seen = now);
                (id, false)
            }
            None => (self.group.consumers.add(name, now), true),
        }
    }

    /// Takes a consumer out with all that is pending with it; gives how many entries that were. `None` if it was not there.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let id = self.group.consumers.find(name)?;
        let consumer = self.group.consumers.remove(id)?;
        for id in consumer.pending_ids() {
            self.group.pending.remove(id);
        }
        Some(consumer.pending_len())
    }

    /// Gives a consumer the next new entries, at most so many; gives how many those were. Each is pending then with the count
    /// 1, unless it is not to be acknowledged, and [`Group::last`] and [`Group::read`] go on with each.
    pub fn read_new(
        &mut self,
        consumer: ConsumerId,
        most: usize,
        acknowledged: Acknowledged,
        now: u64,
        mut show: impl FnMut(Entry<'a>),
    ) -> usize {
        let Some(start) = self.group.last.next() else { return 0 };
        let mut shown = 0;
        for entry in self.log.range(start, StreamId::MAX).take(most) {
            self.group.read = self.log.reads_after(self.group.last, self.group.read, entry.id());
            self.group.last = entry.id();
            if acknowledged == Acknowledged::Later {
                self.group.give(entry.id(), Pending { delivered: now, count: 1, consumer });
                self.group.consumers.edit(consumer, |consumer| consumer.active = Some(now));
            }
            show(entry);
            shown += 1;
        }
        shown
    }

    /// Gives a consumer what is pending with it behind an id, at most so many; gives how many those were. Those that are still
    /// in the stream were given once more then.
    pub fn read_again(
        &mut self,
        consumer: ConsumerId,
        after: StreamId,
        most: usize,
        now: u64,
        mut show: impl FnMut(StreamId, Option<Entry<'a>>),
    ) -> usize {
        let (log, group) = (self.log, &mut *self.group);
        let (Some(start), Some(consumer)) = (after.next(), group.consumers.get(consumer)) else { return 0 };
        let mut shown = 0;
        for (id, ()) in consumer.pending.range(start, StreamId::MAX).take(most) {
            let entry = log.range(id, id).next();
            if let Some(pending) = group.pending.get_mut(id).filter(|_| entry.is_some()) {
                pending.delivered = now;
                pending.count = pending.count.saturating_add(1);
            }
            show(id, entry);
            shown += 1;
        }
        shown
    }

    /// An entry is done with; tells whether it was pending.
    pub fn acknowledge(&mut self, id: StreamId) -> bool {
        self.group.release(id).is_some()
    }

    /// Gives an entry to another consumer.
    pub fn claim(&mut self, consumer: ConsumerId, id: StreamId, claim: &Claim, now: u64) -> Claimed<'a> {
        let Some(entry) = self.log.range(id, id).next() else {
            return self.group.release(id).map_or(Claimed::Nothing, Claimed::Gone);
        };
        let before = match self.group.pending.get(id) {
            Some(pending) if now.saturating_sub(pending.delivered) < claim.idle_min => return Claimed::Nothing,
            Some(pending) => pending.count,
            // As if it had been given once.
            None if claim.force => 1,
            None => return Claimed::Nothing,
        };
        let count = claim.count.unwrap_or(before.saturating_add(u64::from(!claim.id_only)));
        let pending = Pending { delivered: claim.delivered, count, consumer };
        self.group.give(id, pending);
        self.group.consumers.edit(consumer, |consumer| consumer.active = Some(now));
        Claimed::Taken(entry, pending)
    }

    /// Gives pending entries from an id on to another consumer, and forgets those that are gone from the stream: at most so many
    /// together, and ten times as many are looked at. Gives where to go on; `None` at the end.
    pub fn claim_from(
        &mut self,
        consumer: ConsumerId,
        start: StreamId,
        most: usize,
        claim: &Claim,
        now: u64,
        mut show: impl FnMut(StreamId, Claimed<'a>),
    ) -> Option<StreamId> {
        let (mut next, mut left) = (Some(start), most);
        for _ in 0..most.saturating_mul(LOOKS) {
            let (id, _) = self.group.pending.first_from(next?)?;
            if left == 0 {
                break;
            }
            next = id.next();
            match self.claim(consumer, id, claim, now) {
                Claimed::Nothing => {}
                claimed => {
                    left -= 1;
                    show(id, claimed);
                }
            }
        }
        self.group.pending.first_from(next?).map(|(id, _)| id)
    }

    /// An entry is pending as it was when the stream was saved; tells whether it was not yet.
    pub fn restore_pending(&mut self, id: StreamId, pending: Pending) -> bool {
        let is_new = self.group.pending.get(id).is_none() && self.group.consumers.get(pending.consumer).is_some();
        if is_new {
            self.group.give(id, pending);
        }
        is_new
    }

    /// When a consumer was last seen and last got something, as it was when the stream was saved.
    pub fn restore_times(&mut self, consumer: ConsumerId, seen: u64, active: Option<u64>) {
        self.group.consumers.edit(consumer, |consumer| {
            consumer.seen = seen;
            consumer.active = active;
        });
    }
}

/// When an entry that is given to a consumer is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// By the consumer: it is pending until then.
    Later,
    /// With that: it is never pending.
    AtOnce,
}
