//! KEYS: a walk over all keys that lets others go first now and then.

use slotmesh_config::glob;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_types::{Now, Slot};

use super::key_walk::{Cursor, Pace, slot_of_pattern, walk};
use crate::output::Output;
use crate::server::Server;

/// Keys that are looked at in one go, but for the rest of their slot: less than a millisecond.
const KEYS_AT_ONCE: usize = 2000;

/// A search for the keys that match a pattern. What is there from its beginning to its end is found, once.
#[derive(Debug)]
pub(crate) struct KeySearch {
    /// The words of the request.
    words: [Box<[u8]>; 2],
    /// All that can match is in there, if it is one slot.
    only: Option<Slot>,
    /// Where it goes on; `None` at the end.
    next: Option<Cursor>,
    /// The keys as they are replied, and how many.
    found: Vec<u8>,
    count: usize,
}

impl KeySearch {
    pub(super) fn new(words: [&[u8]; 2]) -> Self {
        let only = slot_of_pattern(words[1]);
        let next = Some(Cursor::start_of(only.unwrap_or(Slot::from_hash(0))));
        Self { words: words.map(Box::from), only, next, found: Vec::new(), count: 0 }
    }

    /// Goes on for a while.
    pub(crate) fn step(&mut self, server: &Server, now: Now) {
        self.look(server, now, KEYS_AT_ONCE);
    }

    /// Goes on to the end.
    pub(super) fn finish(&mut self, server: &Server, now: Now) {
        self.look(server, now, usize::MAX);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.next.is_none()
    }

    pub(crate) fn words(&self) -> [&[u8]; 2] {
        [&self.words[0], &self.words[1]]
    }

    /// Writes the reply; what was found is given away.
    pub(crate) fn reply(&mut self, protocol: Protocol, out: &mut Output) {
        ReplyWriter::new(out.own(), protocol).array(self.count);
        out.share(&std::mem::take(&mut self.found).into());
    }

    fn look(&mut self, server: &Server, now: Now, keys: usize) {
        let Some(from) = self.next else { return };
        let pattern = &*self.words[1];
        let (everything, only) = (pattern == b"*", self.only);
        // A bulk string is the same in both protocols.
        let (found, mut matching) = (&mut self.found, 0);
        let wanted = |slot| only.is_none_or(|only| only == slot);
        self.next = walk(server, now, from, Pace { keys, whole_slots: true }, wanted, |key, _| {
            if everything || glob::matches(pattern, key) {
                ReplyWriter::new(found, Protocol::Resp2).bulk(key);
                matching += 1;
            }
        });
        self.count += matching;
    }
}
