//! Seeds: places to look for the cluster without an operator. They are used in two cases.
//!
//! - **Alone** [seed-1]: a node that knows nobody MEETs its seeds, as an operator would, until it is a member.
//! - **Lost** [seed-2]: a node that knows others and for a while has not reached so many of them that they and it are a majority
//!   asks who is at its seeds. It sends a PING, never a MEET: whoever does not know this node ignores it, so no two
//!   clusters merge. The answer carries the id of who gave it. If that is a node we know and do not reach, it has moved
//!   there; if not, nothing follows. Once one node is found, the rest is gossip.
//!
//! The driver resolves: names and files may give other addresses each time, so every round asks anew. Rounds come with
//! growing pauses, each drawn at random within a range so that nodes that start together do not stay in step [seed-3].

use std::collections::BTreeMap;
use std::time::Duration;

use rand_core::Rng;
use slotmesh_table::{Address, Health, NodeKey};
use slotmesh_types::{Host, Mono, Now};
use slotmesh_wire::{Header, Kind};

use crate::action::{Action, Durability};
use crate::engine::Engine;
use crate::event::Event;
use crate::handshake::{Handshake, HandshakeEnd, HandshakeOrigin, HandshakeRecord};
use crate::link::{Direction, Link, LinkId};
use crate::meet::MeetTarget;

/// Pauses between rounds: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// How long too few members may be unreached before their seeds are asked: at least and at most; else half the node
/// timeout, so that the search is under way when the cluster begins to suspect.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// An address that turned out to be this node's own, or no place for it, is left alone this long.
const REST: Duration = Duration::from_mins(1);
/// Addresses left alone that are kept in mind.
const RESTING_MAX: usize = 1024;
/// Handshakes and questions that may be under way.
const UNDER_WAY_MAX: usize = 64;

/// How the search for the cluster stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seeds {
    /// When the next round may begin; `None` until there is a need.
    next: Option<Mono>,
    /// Whether the driver resolves.
    resolving: bool,
    /// Rounds since the need arose.
    rounds: u32,
    /// Since when too few members are reached.
    lost_since: Option<Mono>,
    /// Connections on which somebody is asked who it is, and when that is given up.
    questions: BTreeMap<LinkId, Mono>,
    /// Addresses that are not tried before then.
    resting: BTreeMap<(Host, u16), Mono>,
    /// An operator made this node leave its cluster: it does not go back by itself [seed-4].
    pub(crate) left: bool,
}

/// Why seeds are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Alone,
    Lost,
}

impl Engine {
    /// The seeds have changed: they are asked at once if there is a need, also by a node that was made to leave.
    pub fn renew_seeds(&mut self, now: Now) {
        self.now = now;
        if std::mem::take(&mut self.seeds.left) {
            self.want_save(Durability::Lazy);
        }
        self.seeds.resting.clear();
        self.restart_search();
        self.handle_timeout(now);
    }

    /// Some seeds have been resolved to these places. May come any number of times for one [`Action::ResolveSeeds`].
    pub fn handle_seed_addresses(&mut self, now: Now, targets: &[MeetTarget]) {
        self.now = now;
        self.seeds.resting.retain(|_, until| *until > now.mono);
        if let Some(need) = self.need() {
            // From anywhere in the list: its start must not take all the room each time.
            let start = self.rng.next_u32() as usize % targets.len().max(1);
            let (front, back) = targets.split_at(start);
            for target in back.iter().chain(front) {
                self.try_seed(need, target);
            }
        }
        self.clock.wake = now.mono;
        self.settle();
    }

    /// Everything that the seeds have resolved to was handed over.
    pub fn handle_seeds_resolved(&mut self, now: Now) {
        self.now = now;
        self.seeds.resolving = false;
        self.seeds.next = Some(now.mono.after(self.draw_pause()));
        self.clock.wake = now.mono;
        self.settle();
    }

    /// Whether this node looks for its cluster.
    #[must_use]
    pub fn is_seeking(&self) -> bool {
        self.seeds.next.is_some() || self.seeds.resolving
    }

    /// Begins a round if one is due; gives up questions nobody answers. Tells when to look again.
    pub(crate) fn attend_seeds(&mut self) -> Option<Mono> {
        let now = self.now.mono;
        let overdue: Vec<_> =
            self.seeds.questions.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
        overdue.into_iter().for_each(|id| self.close_link(id));
        let links = &self.links;
        self.seeds.questions.retain(|id, _| links.get(*id).is_some());
        let first_question = self.seeds.questions.values().min().copied();
        let before = self.is_seeking();
        let round = self.attend_round();
        if self.is_seeking() != before {
            self.touch();
        }
        [first_question, round].into_iter().flatten().min()
    }

    fn attend_round(&mut self) -> Option<Mono> {
        let now = self.now.mono;
        if self.need().is_none() {
            self.seeds.next = None;
            self.seeds.rounds = 0;
            return self.seeds.lost_since.map(|since| since.after(self.patience()));
        }
        if self.seeds.resolving {
            return None;
        }
        let due = *self.seeds.next.get_or_insert(now);
        if due > now {
            return Some(due);
        }
        self.seeds.resolving = true;
        self.seeds.rounds = self.seeds.rounds.saturating_add(1);
        self.ask_driver(Action::ResolveSeeds);
        None
    }

    /// Whether and why this node has to look for its cluster. Notes since when too few are reached.
    fn need(&mut self) -> Option<Need> {
        let now = self.now.mono;
        if !self.config.has_seeds || self.seeds.left {
            self.seeds.lost_since = None;
            return None;
        }
        let me = self.table.my_key();
        let (mut members, mut reached) = (1_usize, 1_usize);
        for (key, _) in self.table.nodes().filter(|(key, node)| *key != me && !node.handshake) {
            members += 1;
            reached += usize::from(self.is_reached(key));
        }
        let lost = members > 1 && reached * 2 <= members;
        self.seeds.lost_since = if lost { self.seeds.lost_since.or(Some(now)) } else { None };
        if members == 1 {
            return Some(Need::Alone);
        }
        let since = self.seeds.lost_since?;
        (now.since(since) >= self.patience()).then_some(Need::Lost)
    }

    /// Whether a node is connected and not suspected: what nobody answers on is no link.
    fn is_reached(&self, key: NodeKey) -> bool {
        self.standing(key).is_some() && self.table.node(key).health == Health::Online
    }

    fn patience(&self) -> Duration {
        (self.config.node_timeout / 2).clamp(PATIENCE.0, PATIENCE.1)
    }

    /// Doubles with each round; drawn between half and the whole, so that nodes do not stay in step.
    fn draw_pause(&mut self) -> Duration {
        let doublings = self.seeds.rounds.saturating_sub(1).min(16);
        let whole = (PAUSE.0 * 2_u32.pow(doublings)).min(PAUSE.1);
        let half = whole / 2;
        half + Duration::from_micros(u64::from(self.rng.next_u32()) % (half.as_micros() as u64 + 1))
    }

    fn try_seed(&mut self, need: Need, target: &MeetTarget) {
        let host = Host::from(target.ip);
        if self.is_own_place(host, target.bus_port) || self.seeds.resting.contains_key(&(host, target.bus_port)) {
            return;
        }
        match need {
            Need::Alone => self.meet_seed(target),
            Need::Lost => self.question(host, target.bus_port),
        }
    }

    /// Whether this node is known to listen there itself.
    fn is_own_place(&self, host: Host, bus_port: u16) -> bool {
        let own = self.table.me().address;
        own.host.is_same(&host) && own.bus_port == bus_port
    }

    fn meet_seed(&mut self, target: &MeetTarget) {
        if self.handshakes.count(HandshakeOrigin::Seed) >= UNDER_WAY_MAX {
            return;
        }
        // A full table has members, so nobody with one is alone.
        let _ = self.begin_meeting(*target, HandshakeOrigin::Seed);
    }

    /// Connects to ask who is there.
    fn question(&mut self, host: Host, bus_port: u16) {
        let asked =
            |link: &Link| link.direction == Direction::Outbound && link.peer.is_same(&host) && link.port == bus_port;
        let under_way = self.seeds.questions.keys().any(|id| self.links.get(*id).is_some_and(asked));
        if under_way || self.seeds.questions.len() >= UNDER_WAY_MAX {
            return;
        }
        let id = self.open_link(None, host, bus_port);
        let until = self.now.mono.after(self.config.handshake_timeout());
        self.seeds.questions.insert(id, until);
    }

    /// A connection for a question stands.
    pub(crate) fn put_question(&mut self, id: LinkId) {
        if self.is_question(id) {
            self.send_heartbeat(Kind::Ping, id, None, &[]);
        }
    }

    /// Whether a link is there to ask somebody who it is.
    pub(crate) fn is_question(&self, id: LinkId) -> bool {
        self.seeds.questions.contains_key(&id)
    }

    /// Something came on such a link. Only a PONG answers; it is all that is ever used of it.
    pub(crate) fn hear_answer(&mut self, id: LinkId, header: &Header<'_>) {
        if header.kind() != Kind::Pong {
            return;
        }
        let Some(link) = self.links.get(id) else { return };
        let place = (link.peer, link.port);
        let named = header.sender().id().and_then(|name| self.table.lookup(&name));
        let named = named.filter(|key| !self.is_other_cluster(header) && !self.table.node(*key).handshake);
        let address = self.announced_address(id, header);
        match (named, address) {
            (Some(key), _) if key == self.table.my_key() => self.rest(place),
            (Some(key), Some(address)) => {
                // Who is reached where it is has not moved: it just has a second address.
                if !self.is_reached(key) {
                    let node = self.name(key);
                    self.emit(Event::SeedKnown { node, address });
                    self.move_node(key, address);
                    self.peers[key].connect_after = self.now.mono;
                }
            }
            _ => {
                let id = header.sender().id();
                self.emit(Event::SeedUnknown { host: place.0, bus_port: place.1, id });
                self.rest(place);
            }
        }
        self.close_link(id);
        self.clock.wake = self.now.mono;
    }

    /// A handshake with a seed has ended. Where nothing can come of the next one, none is begun for a while.
    pub(crate) fn note_seed_handshake(&mut self, record: &HandshakeRecord) {
        let Handshake { origin, address: Address { host, bus_port, .. }, .. } = record.handshake;
        if matches!(record.end, HandshakeEnd::Joined(_)) && std::mem::take(&mut self.seeds.left) {
            self.want_save(Durability::Lazy);
        }
        let hopeless = matches!(record.end, HandshakeEnd::Itself | HandshakeEnd::OtherCluster | HandshakeEnd::NotABus);
        if origin == HandshakeOrigin::Seed && hopeless {
            self.rest((host, bus_port));
        }
    }

    fn rest(&mut self, place: (Host, u16)) {
        if self.seeds.resting.len() < RESTING_MAX {
            self.seeds.resting.insert(place, self.now.mono.after(REST));
        }
    }

    /// The next need is met without a pause.
    pub(crate) fn restart_search(&mut self) {
        self.seeds.next = None;
        self.seeds.rounds = 0;
        self.clock.wake = self.now.mono;
    }
}
