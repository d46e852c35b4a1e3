//! Connections as the machines at their ends hold them.

use std::collections::VecDeque;

use slotmesh_types::Mono;

use crate::network::{End, Payload};
use crate::parcel::Parcel;

/// Names a connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId {
    place: u32,
    serial: u32,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) ends: [Option<End>; 2],
    /// Whether the node at that end still holds it.
    pub(crate) open: [bool; 2],
    /// What is under way to each end.
    pub(crate) streams: [VecDeque<Payload<Parcel>>; 2],
    /// When the last thing under way to each end arrives: what is sent later arrives later.
    pub(crate) last: [Mono; 2],
    /// The caller has been told that it stands.
    pub(crate) established: bool,
    /// Packets get nowhere any more.
    pub(crate) broken: bool,
}

impl Connection {
    /// A connection that the nodes at these ends hold.
    pub(crate) fn new(now: Mono, ends: [Option<End>; 2]) -> Self {
        let open = ends.map(|end| end.is_some());
        Self { ends, open, streams: Default::default(), last: [now; 2], established: false, broken: false }
    }

    /// Takes out what arrives next at one end.
    pub(crate) fn take(&mut self, side: usize) -> Option<Payload<Parcel>> {
        let payload = self.streams[side].pop_front();
        if self.streams[side].is_empty() {
            // A big world has millions of connections, and most are silent: an empty queue shall cost nothing.
            self.streams[side] = VecDeque::new();
        }
        payload
    }

    /// Whether nobody holds it and nothing is under way.
    pub(crate) fn is_over(&self) -> bool {
        self.open == [false, false] && self.streams.iter().all(VecDeque::is_empty)
    }
}

/// Every connection.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    places: Vec<(u32, Option<Box<Connection>>)>,
    free: Vec<u32>,
}

impl Connections {
    pub(crate) fn add(&mut self, connection: Connection) -> ConnectionId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            u32::try_from(self.places.len() - 1).expect("a world has fewer connections than that")
        });
        let (serial, held) = &mut self.places[place as usize];
        *serial += 1;
        *held = Some(Box::new(connection));
        ConnectionId { place, serial: *serial }
    }

    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        let (serial, held) = self.places.get(id.place as usize)?;
        held.as_deref().filter(|_| *serial == id.serial)
    }

    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let (serial, held) = self.places.get_mut(id.place as usize)?;
        held.as_deref_mut().filter(|_| *serial == id.serial)
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        self.get(id)?;
        self.free.push(id.place);
        self.places[id.place as usize].1.take().map(|connection| *connection)
    }
}
