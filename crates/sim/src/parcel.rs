//! Packets under way, folded to a tenth of their size.
//!
//! When a thousand nodes form a mesh, a million packets are under way at once, each with a hundred gossip entries. The
//! entries are nearly all the same, since everybody tells the same about the same nodes, and so are the slot bitmaps: each
//! is kept once. What is no heartbeat mostly goes to everybody, and is one piece of memory for all of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::Range;

use bytes::Bytes;
use slotmesh_wire::{FULL_HEADER_BYTES as HEADER_BYTES, GossipEntry};

use crate::trace::Trace;

const GOSSIP_BYTES: usize = size_of::<GossipEntry>();
/// Where a header's bitmap of slots is.
const SLOTS: Range<usize> = 80..2128;
/// Where a header has the type of the packet, and how many gossip entries follow it.
const KIND: Range<usize> = 12..14;
const COUNT: Range<usize> = 14..16;

/// A packet under way.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    Plain(Bytes),
    Folded(Box<Folded>),
}

#[derive(Clone, Debug)]
pub(crate) struct Folded {
    /// The header without its bitmap.
    header: [u8; HEADER_BYTES - (SLOTS.end - SLOTS.start)],
    slots: u32,
    entries: Box<[u32]>,
    rest: Box<[u8]>,
}

/// Folds packets and unfolds them.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    slots: Pieces<{ SLOTS.end - SLOTS.start }>,
    entries: Pieces<GOSSIP_BYTES>,
}

/// From so many packets under way on they are folded, which takes longer than all else that the simulator does with one.
const CROWD: usize = 10_000;

impl Parcels {
    /// Takes a packet that joins so many under way.
    pub(crate) fn pack(&mut self, packet: Bytes, under_way: usize) -> Parcel {
        if under_way < CROWD { Parcel::Plain(packet) } else { self.fold(packet) }
    }

    fn fold(&mut self, packet: Bytes) -> Parcel {
        let Some((header, entries, rest)) = parts(&packet) else {
            return Parcel::Plain(packet);
        };
        let mut short = [0; HEADER_BYTES - (SLOTS.end - SLOTS.start)];
        short[..SLOTS.start].copy_from_slice(&header[..SLOTS.start]);
        short[SLOTS.start..].copy_from_slice(&header[SLOTS.end..]);
        let slots = header[SLOTS].try_into().expect("the range has the length of a bitmap");
        let folded = Folded {
            header: short,
            slots: self.slots.keep(slots),
            entries: entries.iter().map(|entry| self.entries.keep(entry)).collect(),
            rest: rest.into(),
        };
        Parcel::Folded(Box::new(folded))
    }

    pub(crate) fn unfold(&self, parcel: Parcel) -> Bytes {
        let folded = match parcel {
            Parcel::Plain(packet) => return packet,
            Parcel::Folded(folded) => folded,
        };
        let mut packet = Vec::with_capacity(HEADER_BYTES + folded.entries.len() * GOSSIP_BYTES + folded.rest.len());
        packet.extend_from_slice(&folded.header[..SLOTS.start]);
        packet.extend_from_slice(self.slots.get(folded.slots));
        packet.extend_from_slice(&folded.header[SLOTS.start..]);
        for entry in &folded.entries {
            packet.extend_from_slice(self.entries.get(*entry));
        }
        packet.extend_from_slice(&folded.rest);
        packet.into()
    }
}

type Parts<'a> = (&'a [u8; HEADER_BYTES], &'a [[u8; GOSSIP_BYTES]], &'a [u8]);

/// Header, gossip entries and the rest of a heartbeat; nothing for other packets.
fn parts(packet: &[u8]) -> Option<Parts<'_>> {
    let (header, body) = packet.split_first_chunk::<HEADER_BYTES>()?;
    let word = |at: Range<usize>| usize::from(u16::from_be_bytes([header[at.start], header[at.start + 1]]));
    let (kind, count) = (word(KIND), word(COUNT));
    let (entries, rest) = body.split_at_checked(count * GOSSIP_BYTES)?;
    (kind <= 2).then_some((header, entries.as_chunks().0, rest))
}

/// Pieces of packets, each kept once.
#[derive(Debug)]
struct Pieces<const N: usize> {
    places: HashMap<Piece<N>, u32, BuildHasherDefault<Trace>>,
    pieces: Vec<[u8; N]>,
}

#[derive(Debug, PartialEq, Eq)]
struct Piece<const N: usize>([u8; N]);

impl<const N: usize> Hash for Piece<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl<const N: usize> Default for Pieces<N> {
    fn default() -> Self {
        Self { places: HashMap::default(), pieces: Vec::new() }
    }
}

impl<const N: usize> Pieces<N> {
    fn keep(&mut self, piece: &[u8; N]) -> u32 {
        let next = u32::try_from(self.pieces.len()).expect("fewer pieces than that fit into memory");
        let place = *self.places.entry(Piece(*piece)).or_insert(next);
        if place == next {
            self.pieces.push(*piece);
        }
        place
    }

    fn get(&self, place: u32) -> &[u8; N] {
        &self.pieces[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(entries: u8, rest: usize) -> Vec<u8> {
        let mut packet: Vec<u8> = (0..HEADER_BYTES).map(|at| at as u8).collect();
        packet[KIND].copy_from_slice(&[0, 1]);
        packet[COUNT].copy_from_slice(&[0, entries]);
        packet.extend((0..entries).flat_map(|entry| [entry; GOSSIP_BYTES]));
        packet.extend(std::iter::repeat_n(7, rest));
        packet
    }

    #[test]
    fn what_was_folded_comes_out_as_it_was() {
        let mut parcels = Parcels::default();
        for packet in [heartbeat(3, 0), heartbeat(3, 40), heartbeat(0, 8), vec![1; 2256], vec![1; 20], Vec::new()] {
            let parcel = parcels.fold(packet.clone().into());
            assert_eq!(parcels.unfold(parcel), packet);
        }
    }

    #[test]
    fn pieces_are_kept_once() {
        let mut parcels = Parcels::default();
        let folded: Vec<Parcel> = (0..10).map(|_| parcels.fold(heartbeat(3, 0).into())).collect();
        assert!(folded.iter().all(|parcel| matches!(parcel, Parcel::Folded(_))));
        assert_eq!((parcels.slots.pieces.len(), parcels.entries.pieces.len()), (1, 3));
    }
}
