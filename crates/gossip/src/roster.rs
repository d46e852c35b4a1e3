//! Comparing with members of ours whom we know, and asking for those we lack [roster-1] to [roster-4].
//!
//! Every heartbeat to a member shows a digest of all names its sender knows. Who hears one that differs asks, with a PING
//! that holds the names it knows; the PONG tells of the others. One question is under way at a time, so that the next one
//! already knows what the last one brought: that is why a mesh forms without everybody telling everybody everything.

use std::time::Duration;

use rand_core::Rng;
use slotmesh_table::{Health, NodeKey};
use slotmesh_types::Mono;
use slotmesh_wire::{Extension, Header, Heartbeat, Kind, NameFilter, RosterDigest};

use crate::engine::Engine;
use crate::link::LinkId;

/// An answer that has not come by then is not waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// After an answer that brought nothing the next question waits, each time twice as long: digests differ for good
/// where a node is known to some and banned by others.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Most nodes in one answer. Who lacks more asks again.
const ANSWER_MAX: usize = 4096;

/// The own side of the comparison.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    /// Of every listed node, this one included.
    digest: RosterDigest,
    asked: Option<Question>,
    /// Answers in a row that brought nothing new.
    fruitless: u32,
    /// Not before then is the next question.
    ask_after: Mono,
    /// A digest that differs was heard and may be worth a question.
    open: bool,
}

#[derive(Clone, Copy, Debug)]
struct Question {
    to: NodeKey,
    since: Mono,
    fruitful: bool,
}

impl Engine {
    /// The digest to show.
    pub(crate) fn roster_digest(&self) -> RosterDigest {
        self.roster.digest
    }

    /// Puts a node on the roster, or takes it off, or changes its name there: whatever its state asks for.
    pub(crate) fn relist(&mut self, key: NodeKey) {
        let node = self.table.node(key);
        let listed = (!node.handshake && !self.is_hearsay(key)).then(|| *node.id());
        let before = std::mem::replace(&mut self.peers[key].listed, listed);
        if before != listed {
            before.iter().chain(&listed).for_each(|name| self.roster.digest.toggle(name));
        }
    }

    /// Takes a node that goes off the roster.
    pub(crate) fn unlist(&mut self, key: NodeKey) {
        if let Some(name) = self.peers[key].listed.take() {
            self.roster.digest.toggle(&name);
        }
        if self.roster.asked.is_some_and(|asked| asked.to == key) {
            self.roster.asked = None;
        }
    }

    /// A member's heartbeat has been used: what does it know?
    pub(crate) fn hear_roster(&mut self, key: NodeKey, link: LinkId, header: &Header<'_>) {
        let marks = header.own_marks();
        let now = self.now.mono;
        self.peers[key].compares = marks.compares;
        self.peers[key].roster = marks.roster.map(|digest| (digest, now));
        if header.kind() == Kind::Pong && self.is_outbound(link) && self.is_asked(key) {
            self.end_question();
        }
        self.roster.open |= marks.roster.is_some_and(|theirs| theirs != self.roster.digest);
        if let Some(due) = self.attend_roster() {
            self.clock.wake = self.clock.wake.min(due);
        }
    }

    /// Somebody new has been heard of.
    pub(crate) fn note_learned(&mut self) {
        self.roster.fruitless = 0;
        self.roster.ask_after = self.now.mono;
        if let Some(asked) = &mut self.roster.asked {
            asked.fruitful = true;
        }
    }

    /// Asks whoever seems to know more, if it is time to; tells when to look again.
    pub(crate) fn attend_roster(&mut self) -> Option<Mono> {
        let now = self.now.mono;
        if self.roster.asked.is_some_and(|asked| now >= asked.since.after(PATIENCE)) {
            self.end_question();
        }
        if !self.roster.open {
            return None;
        }
        if let Some(asked) = self.roster.asked {
            return Some(asked.since.after(PATIENCE));
        }
        if now < self.roster.ask_after {
            return Some(self.roster.ask_after);
        }
        match self.whom_to_ask() {
            Some((key, link)) => {
                self.ask(key, link);
                Some(now.after(PATIENCE))
            }
            None => {
                self.roster.open = false;
                None
            }
        }
    }

    /// Of those that know something else and listen to us, the one whose word is newest.
    fn whom_to_ask(&self) -> Option<(NodeKey, LinkId)> {
        let differing = self.table.nodes().filter_map(|(key, node)| {
            let peer = &self.peers[key];
            let (digest, heard) = peer.roster?;
            let able = digest != self.roster.digest && peer.inbound.is_some() && !node.handshake;
            let link = self.standing(key).filter(|_| able && node.health == Health::Online)?;
            Some((heard, key, link))
        });
        differing.max_by_key(|(heard, ..)| *heard).map(|(_, key, link)| (key, link))
    }

    /// Asks a member for those whom this node lacks [roster-2].
    fn ask(&mut self, key: NodeKey, link: LinkId) {
        let now = self.now.mono;
        self.roster.asked = Some(Question { to: key, since: now, fruitful: false });
        let salt = self.rng.next_u64();
        let known = self.table.keys().into_iter().filter_map(|key| self.peers[key].listed.as_ref());
        let known = NameFilter::encode(salt, self.table.len(), known);
        let question = NameFilter::read(&known).map(Extension::Roster);
        self.send_heartbeat_with(Kind::Ping, link, Some(key), &[], question);
        self.expect_pong(key);
    }

    fn is_asked(&self, key: NodeKey) -> bool {
        self.roster.asked.is_some_and(|asked| asked.to == key)
    }

    fn end_question(&mut self) {
        let Some(asked) = self.roster.asked.take() else { return };
        let roster = &mut self.roster;
        if asked.fruitful {
            return;
        }
        let pause = (PAUSE * 2_u32.saturating_pow(roster.fruitless.min(16))).min(PAUSE_MAX);
        roster.fruitless = roster.fruitless.saturating_add(1);
        roster.ask_after = self.now.mono.after(pause);
    }

    /// The answer to a question of `from`: those who have shown who they are and whom it does not know, newest first
    /// [roster-3].
    pub(crate) fn answer_roster(&self, from: NodeKey, known: &NameFilter<'_>) -> Vec<NodeKey> {
        let told = self
            .roll
            .values()
            .rev()
            .copied()
            .filter(|key| *key != from && self.has_address(*key) && !known.may_hold(self.table.node(*key).id()));
        told.take(ANSWER_MAX).collect()
    }
}

/// The question in a heartbeat, if it holds one.
pub(crate) fn question<'a>(heartbeat: &Heartbeat<'a>) -> Option<NameFilter<'a>> {
    heartbeat.extensions().find_map(|extension| match extension {
        Extension::Roster(known) => Some(known),
        _ => None,
    })
}
