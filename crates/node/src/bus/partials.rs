//! What strangers have sent of packets that are not complete.

use std::collections::BTreeMap;

use slotmesh_gossip::LinkId;

/// Most bytes of unfinished packets that all strangers together can make the node hold.
const BYTES_MAX: usize = 64 << 20;

/// Bytes of unfinished packets, by link. A packet of a stranger is bounded, and so is the number of strangers; but one
/// times the other is gigabytes.
#[derive(Debug, Default)]
pub(super) struct Partials {
    held: BTreeMap<LinkId, usize>,
    sum: usize,
}

impl Partials {
    /// So many bytes are held for this link now. Gives the link to close if that is too much: the one that holds most,
    /// so that whoever sends little gets through.
    pub(super) fn note(&mut self, link: LinkId, bytes: usize) -> Option<LinkId> {
        self.sum -= self.held.remove(&link).unwrap_or(0);
        if bytes > 0 {
            self.held.insert(link, bytes);
            self.sum += bytes;
        }
        if self.sum <= BYTES_MAX {
            return None;
        }
        let (greedy, bytes) = self.held.iter().max_by_key(|(_, bytes)| **bytes).map(|(link, bytes)| (*link, *bytes))?;
        self.held.remove(&greedy);
        self.sum -= bytes;
        Some(greedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greediest_link_makes_room() {
        let mut partials = Partials::default();
        let mib = 1 << 20;
        assert_eq!(partials.note(LinkId(1), 40 * mib), None);
        assert_eq!(partials.note(LinkId(2), 24 * mib), None);
        assert_eq!(partials.note(LinkId(3), 1), Some(LinkId(1)));
        assert_eq!(partials.note(LinkId(1), 0), None);
        assert_eq!(partials.note(LinkId(2), 64 * mib), Some(LinkId(2)));
        assert_eq!(partials.note(LinkId(2), mib), None);
        assert_eq!(partials.note(LinkId(3), 0), None);
        assert_eq!((partials.sum, partials.held.len()), (mib, 1));
    }
}
