//! Connections between nodes, and what is under way on them.
//!
//! A connection is a TCP connection: two streams, each in order. Nothing on a stream is lost, doubled or overtaken
//! unless the connection breaks; connections of one pair of nodes know nothing of each other, and so the bus sees old
//! packets after newer ones only across connections.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use slotmesh_gossip::{ConnectError, LinkId};
use slotmesh_types::Mono;

use crate::agenda::Agenda;
use crate::connections::{Connection, ConnectionId, Connections};
use crate::faults::{Dice, Faults};
use crate::parcel::{Parcel, Parcels};

/// One end of a connection: a link of a node in one of its lives. A restarted node counts its links afresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) node: usize,
    pub(crate) life: u32,
    pub(crate) link: LinkId,
}

/// The end that asked for a connection, and the one that was asked.
const CALLER: usize = 0;
const CALLED: usize = 1;

/// What travels to one end.
#[derive(Clone, Debug)]
pub(crate) enum Payload<P> {
    /// The connection stands.
    Established,
    /// A packet.
    Packet(P),
    /// The other end is closed.
    Fin,
}

/// What happens when time comes.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// An attempt to connect arrives; it is repeated until `deadline` while nothing gets through.
    Dial { connection: ConnectionId, from: End, to: usize, deadline: Mono },
    /// An attempt to connect has failed.
    Failed { connection: ConnectionId, error: ConnectError },
    /// The next payload towards one end arrives.
    Arrive { connection: ConnectionId, side: usize },
    /// A node's save is done.
    Saved { node: usize, life: u32 },
    /// A node's disk has had its rest after a save.
    Rested { node: usize, life: u32 },
    /// A node's seeds are resolved.
    Resolved { node: usize, life: u32 },
    /// Replication streams move.
    Write,
    /// A cut that comes and goes does either.
    Flap { from: usize, to: usize, period: Duration },
}

/// What arrived where.
pub(crate) struct Arrival {
    pub(crate) at: End,
    pub(crate) from: Option<End>,
    pub(crate) payload: Payload<Bytes>,
}

/// Every connection, and everything that will happen, in order.
pub(crate) struct Network {
    connections: Connections,
    ends: Vec<Ends>,
    agenda: Agenda<Due>,
    pub(crate) parcels: Parcels,
    /// Pairs of nodes between which nothing gets through, in one direction.
    cuts: BTreeSet<(usize, usize)>,
    /// Pairs of nodes where the first can't connect to the second: something on the way refuses.
    bars: BTreeSet<(usize, usize)>,
    /// What waits behind a cut.
    held: Vec<Due>,
    /// Cuts that come and go.
    flapping: BTreeSet<(usize, usize)>,
    pub(crate) faults: Faults,
    pub(crate) dice: Dice,
    /// Bytes sent so far.
    pub(crate) bytes: u64,
    /// Packets sent so far.
    pub(crate) packets: u64,
}

impl Network {
    pub(crate) fn new(nodes: usize, dice: Dice) -> Self {
        Self {
            connections: Connections::default(),
            ends: vec![Ends::default(); nodes],
            agenda: Agenda::new(),
            parcels: Parcels::default(),
            cuts: BTreeSet::new(),
            bars: BTreeSet::new(),
            held: Vec::new(),
            flapping: BTreeSet::new(),
            faults: Faults::NONE,
            dice,
            bytes: 0,
            packets: 0,
        }
    }

    pub(crate) fn schedule(&mut self, at: Mono, due: Due) {
        self.agenda.schedule(at, due);
    }

    pub(crate) fn next_at(&self) -> Option<Mono> {
        self.agenda.next_at()
    }

    pub(crate) fn pop(&mut self, now: Mono) -> Option<Due> {
        self.agenda.pop(now)
    }

    pub(crate) fn latency(&mut self) -> Duration {
        self.dice.latency(&self.faults)
    }

    /// Lets nothing through from one node to another; what is sent waits, as TCP would send it again and again.
    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.cuts.insert((from, to));
    }

    /// Ends one cut: what waited behind it arrives.
    pub(crate) fn mend(&mut self, now: Mono, from: usize, to: usize) {
        self.cuts.remove(&(from, to));
        let connections = &self.connections;
        let passes = |due: &Due| match due {
            Due::Arrive { connection, side } => connections.get(*connection).is_none_or(|state| {
                let node = |side: usize| state.ends[side].map(|end| end.node);
                (node(1 - side), node(*side)) == (Some(from), Some(to))
            }),
            _ => false,
        };
        let (passing, held) = std::mem::take(&mut self.held).into_iter().partition(passes);
        self.held = held;
        self.deliver(now, passing);
    }

    /// The cut from one node to another comes and goes, each time after `period`, until [`Network::heal`].
    pub(crate) fn flap(&mut self, now: Mono, from: usize, to: usize, period: Duration) {
        if self.flapping.insert((from, to)) {
            self.schedule(now, Due::Flap { from, to, period });
        }
    }

    /// The time of a flapping cut has come.
    pub(crate) fn turn(&mut self, now: Mono, from: usize, to: usize, period: Duration) {
        if !self.flapping.contains(&(from, to)) {
            return;
        }
        if self.is_cut(from, to) {
            self.mend(now, from, to);
        } else {
            self.cut(from, to);
        }
        self.schedule(now.after(period), Due::Flap { from, to, period });
    }

    /// Ends the connections between two nodes and refuses new ones, in both directions.
    pub(crate) fn bar(&mut self, now: Mono, one: usize, other: usize) {
        self.bars.extend([(one, other), (other, one)]);
        for end in self.ends[one].all() {
            let Some((connection, side)) = self.ends[end.node].get(end) else { continue };
            let far = self.connections.get(connection).and_then(|state| state.ends[1 - side]);
            if far.is_some_and(|far| far.node == other) {
                self.break_connection(now, connection);
            }
        }
    }

    /// Ends every cut and every bar: what waited behind a cut arrives.
    pub(crate) fn heal(&mut self, now: Mono) {
        self.flapping.clear();
        self.cuts.clear();
        self.bars.clear();
        let held = std::mem::take(&mut self.held);
        self.deliver(now, held);
    }

    /// Whose affair it is what happens, if it is one of a node.
    pub(crate) fn addressee(&self, due: &Due) -> Option<usize> {
        let node = |connection, side: usize| Some(self.connections.get(connection)?.ends[side]?.node);
        match *due {
            Due::Dial { to, .. } => Some(to),
            Due::Failed { connection, .. } => node(connection, CALLER),
            Due::Arrive { connection, side } => node(connection, side),
            Due::Saved { node, .. } | Due::Rested { node, .. } | Due::Resolved { node, .. } => Some(node),
            Due::Flap { .. } | Due::Write => None,
        }
    }

    fn deliver(&mut self, now: Mono, held: Vec<Due>) {
        for due in held {
            let at = now.after(self.latency());
            self.schedule(at, due);
        }
    }

    pub(crate) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts.contains(&(from, to))
    }

    /// `from` wants a connection to the node that listens at an address; to nobody if none does.
    pub(crate) fn dial(&mut self, now: Mono, from: End, to: Option<usize>, patience: Duration) {
        let connection = self.connections.add(Connection::new(now, [Some(from), None]));
        self.ends[from.node].insert(from, connection, CALLER);
        let (at, deadline) = (now.after(self.latency()), now.after(patience));
        let barred = to.is_some_and(|to| self.bars.contains(&(from.node, to)));
        let refused = self.dice.hits(self.faults.refuse_rate);
        let hangs = self.dice.hits(self.faults.hang_rate);
        let kinds = [ConnectError::Refused, ConnectError::Unreachable, ConnectError::Other];
        match to {
            _ if barred => self.schedule(at, Due::Failed { connection, error: ConnectError::Refused }),
            _ if hangs => self.schedule(deadline, Due::Failed { connection, error: ConnectError::TimedOut }),
            Some(to) if !refused => self.schedule(at, Due::Dial { connection, from, to, deadline }),
            _ => {
                let error = kinds[self.dice.below(3) as usize];
                self.schedule(at, Due::Failed { connection, error });
            }
        }
    }

    /// Whether an attempt gets through now; if not, it is repeated or fails by itself.
    pub(crate) fn dial_arrives(&mut self, now: Mono, dial: &Due) -> bool {
        let Due::Dial { connection, from, to, deadline } = *dial else { return false };
        if self.connections.get(connection).is_none() {
            return false;
        }
        if !self.is_cut(from.node, to) && !self.is_cut(to, from.node) {
            return true;
        }
        if now >= deadline {
            self.schedule(now, Due::Failed { connection, error: ConnectError::TimedOut });
        } else {
            self.schedule(now.after(Duration::from_secs(1)).min(deadline), dial.clone());
        }
        false
    }

    /// The called node has a link for the connection.
    pub(crate) fn accept(&mut self, now: Mono, connection: ConnectionId, called: End) {
        let Some(state) = self.connections.get_mut(connection) else { return };
        state.ends[CALLED] = Some(called);
        state.open[CALLED] = true;
        self.ends[called.node].insert(called, connection, CALLED);
        self.push(now, connection, CALLER, Payload::Established);
    }

    /// Somebody's second attempt that nobody waits for: it stands for a while and ends.
    pub(crate) fn accept_twin(&mut self, now: Mono, called: End) {
        let connection = self.connections.add(Connection::new(now, [None, Some(called)]));
        self.ends[called.node].insert(called, connection, CALLED);
        let later = now.after(self.dice.up_to(Duration::from_secs(5)));
        self.push(later, connection, CALLED, Payload::Fin);
    }

    /// The caller of a connection that could not be made, unless it has given up already.
    pub(crate) fn fail(&mut self, connection: ConnectionId) -> Option<End> {
        let caller = self.connections.remove(connection)?.ends[CALLER]?;
        self.ends[caller.node].remove(caller);
        Some(caller)
    }

    /// Sends a packet. Tells whether it is under way; if not, it is lost at once.
    pub(crate) fn send(&mut self, now: Mono, from: End, bytes: Bytes) -> bool {
        self.bytes += bytes.len() as u64;
        self.packets += 1;
        let Some((connection, side)) = self.ends[from.node].get(from) else { return false };
        let breaks = self.dice.hits(self.faults.break_rate);
        let stalls = self.dice.hits(self.faults.stall.0);
        let stalled = self.dice.up_to(self.faults.stall.1);
        let repeated = self.dice.retransmission(&self.faults);
        let Some(state) = self.connections.get_mut(connection) else { return false };
        assert!(
            side == CALLED || state.established,
            "a packet is sent on a connection that does not stand yet: {from:?}"
        );
        if state.broken {
            self.push(now, connection, side, Payload::Fin);
            return false;
        }
        if breaks {
            self.break_connection(now, connection);
            return false;
        }
        let late = if stalls { repeated + stalled } else { repeated };
        state.last[1 - side] = state.last[1 - side].max(now.after(late));
        let parcel = self.pack(bytes, 0);
        self.push(now, connection, 1 - side, Payload::Packet(parcel));
        true
    }

    /// A packet that is kept for a while, as one of all under way and so many more.
    pub(crate) fn pack(&mut self, packet: Bytes, more: usize) -> Parcel {
        self.parcels.pack(packet, self.agenda.len() + self.held.len() + more)
    }

    /// A node closes its end; what it has sent still arrives.
    pub(crate) fn close(&mut self, now: Mono, end: End) {
        let Some((connection, side)) = self.ends[end.node].remove(end) else { return };
        let Some(state) = self.connections.get_mut(connection) else { return };
        state.open[side] = false;
        state.streams[side].clear();
        if state.open[1 - side] && !state.broken {
            self.push(now, connection, 1 - side, Payload::Fin);
        }
        self.tidy(connection);
    }

    /// A node loses its end without a word to the other.
    pub(crate) fn vanish(&mut self, end: End) {
        let Some((connection, side)) = self.ends[end.node].remove(end) else { return };
        let Some(state) = self.connections.get_mut(connection) else { return };
        state.open[side] = false;
        state.streams[side].clear();
        self.tidy(connection);
    }

    /// Takes out what arrives at one end now, unless a cut holds it back.
    pub(crate) fn arrive(&mut self, connection: ConnectionId, side: usize) -> Option<Arrival> {
        let state = self.connections.get_mut(connection)?;
        let pair = state.ends[1 - side].zip(state.ends[side]).map(|(from, to)| (from.node, to.node));
        if pair.is_some_and(|pair| self.cuts.contains(&pair)) {
            self.held.push(Due::Arrive { connection, side });
            return None;
        }
        let payload = state.take(side)?;
        let (at, from) = (state.ends[side]?, state.ends[1 - side].filter(|_| state.open[1 - side]));
        if matches!(payload, Payload::Fin) {
            if !state.open[side] {
                return None;
            }
            state.open[side] = false;
            self.ends[at.node].remove(at);
            self.tidy(connection);
        }
        let payload = match payload {
            Payload::Packet(parcel) => Payload::Packet(self.parcels.unfold(parcel)),
            Payload::Established => {
                self.establish(connection);
                Payload::Established
            }
            Payload::Fin => Payload::Fin,
        };
        Some(Arrival { at, from, payload })
    }

    fn establish(&mut self, connection: ConnectionId) {
        if let Some(state) = self.connections.get_mut(connection) {
            state.established = true;
        }
    }

    /// Nobody there knows the connection any more: its sender is told.
    pub(crate) fn reject(&mut self, now: Mono, sender: End) {
        if let Some((connection, side)) = self.ends[sender.node].get(sender) {
            self.push(now, connection, side, Payload::Fin);
        }
    }

    /// Every end at a node.
    pub(crate) fn ends_of(&self, node: usize) -> Vec<End> {
        self.ends[node].all()
    }

    fn break_connection(&mut self, now: Mono, connection: ConnectionId) {
        let silent = [0, 1].map(|_| self.dice.hits(self.faults.silent_break_rate));
        let Some(state) = self.connections.get_mut(connection) else { return };
        state.broken = true;
        for stream in &mut state.streams {
            stream.clear();
        }
        for side in [CALLER, CALLED] {
            if !silent[side] {
                self.push(now, connection, side, Payload::Fin);
            }
        }
    }

    fn push(&mut self, now: Mono, connection: ConnectionId, side: usize, payload: Payload<Parcel>) {
        let latency = self.latency();
        let Some(state) = self.connections.get_mut(connection) else { return };
        let at = now.after(latency).max(state.last[side]);
        state.last[side] = at;
        state.streams[side].push_back(payload);
        self.schedule(at, Due::Arrive { connection, side });
    }

    fn tidy(&mut self, connection: ConnectionId) {
        let Some(state) = self.connections.get(connection) else { return };
        if state.is_over() {
            self.connections.remove(connection);
        }
    }
}

/// Which connection each end belongs to, by node.
#[derive(Clone, Default)]
struct Ends {
    /// By the place of the link.
    places: Vec<Option<Held>>,
    /// Those whose place is another link's already: the node is done with them, and waits for its disk before it says so.
    late: Vec<Held>,
}

#[derive(Clone, Copy)]
struct Held {
    end: End,
    connection: ConnectionId,
    side: usize,
}

impl Ends {
    fn insert(&mut self, end: End, connection: ConnectionId, side: usize) {
        let place = end.link.place();
        if self.places.len() <= place {
            self.places.resize(place + 1, None);
        }
        self.late.extend(self.places[place].replace(Held { end, connection, side }));
    }

    fn get(&self, end: End) -> Option<(ConnectionId, usize)> {
        let held = self.places.get(end.link.place())?.iter().chain(&self.late).find(|held| held.end == end)?;
        Some((held.connection, held.side))
    }

    fn remove(&mut self, end: End) -> Option<(ConnectionId, usize)> {
        let found = self.get(end)?;
        if self.places[end.link.place()].take_if(|held| held.end == end).is_none() {
            self.late.retain(|held| held.end != end);
        }
        Some(found)
    }

    fn all(&self) -> Vec<End> {
        self.places.iter().flatten().chain(&self.late).map(|held| held.end).collect()
    }
}
