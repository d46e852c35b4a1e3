//! The fields of a big hash.

use super::field::{Field, Parts, head, set_deadline};
use crate::clumps::Clumps;
use crate::deadlines::{Deadlines, HASH_BITS, Term};
use crate::hash::hash;

/// The fields of a hash that is big, or some of whose fields expire.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    clumps: Clumps<Field>,
    /// By the low bits of the hashes.
    deadlines: Deadlines,
}

/// The name of a field, which is hashed once for all that is done with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) bytes: &'a [u8],
    hash: u64,
}

impl<'a> Name<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hash: hash(bytes) }
    }
}

impl Fields {
    pub(super) fn len(&self) -> usize {
        self.clumps.len()
    }

    pub(super) fn expiring(&self) -> usize {
        self.deadlines.count()
    }

    pub(super) fn bytes(&self) -> usize {
        self.clumps.bytes() + self.deadlines.bytes()
    }

    pub(super) fn pieces(&self) -> usize {
        self.clumps.pieces() + self.deadlines.pieces()
    }

    /// A field, also one that has expired.
    pub(super) fn get(&self, name: Name<'_>) -> Option<Parts<'_>> {
        self.clumps.get(name.hash, name.bytes).map(Parts::of)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Parts<'_>> {
        self.clumps.iter().map(Parts::of)
    }

    pub(super) fn scan<'a>(&'a self, position: u64, mut show: impl FnMut(Parts<'a>)) -> u64 {
        self.clumps.scan(position, |item| show(Parts::of(item)))
    }

    pub(super) fn random(&self, random: impl FnMut() -> u64) -> Option<Parts<'_>> {
        self.clumps.random(random).map(Parts::of)
    }

    /// Sets a field with all that it has; `before` is the deadline that it had.
    pub(super) fn put(&mut self, name: Name<'_>, value: &[u8], before: Option<u64>, deadline: Option<u64>) {
        let (head, head_length) = head(name.bytes, deadline.is_some());
        let term = deadline.unwrap_or_default().to_le_bytes();
        let term = if deadline.is_some() { &term[..] } else { &[] };
        self.clumps.put(name.hash, name.bytes, &[&head[..head_length], name.bytes, term, value]);
        self.change_term(name, before, deadline);
    }

    /// Gives a field another deadline, or none. It is there.
    pub(super) fn set_deadline(&mut self, name: Name<'_>, deadline: Option<u64>) {
        let Some(item) = self.clumps.get_mut(name.hash, name.bytes) else { return };
        let parts = Parts::of(item);
        let before = parts.deadline;
        if let (Some(_), Some(deadline)) = (before, deadline) {
            set_deadline(item, deadline);
            self.change_term(name, before, Some(deadline));
        } else if before != deadline {
            let value = parts.value.to_vec();
            self.put(name, &value, before, deadline);
        }
    }

    /// Takes a field out, also one that has expired.
    pub(super) fn remove(&mut self, name: Name<'_>) {
        let before = self.get(name).and_then(|field| field.deadline);
        self.clumps.remove(name.hash, name.bytes);
        self.change_term(name, before, None);
    }

    /// When the next field has expired for sure.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(Term::end)
    }

    /// Some fields whose deadline is next, if it is past; hardly ever more than one.
    pub(super) fn expired(&self, now: u64) -> Vec<Box<[u8]>> {
        let mut names = Vec::new();
        if let Some(term) = self.deadlines.due(now) {
            show_term(&self.clumps, term, |name| names.push(name.into()));
        }
        names
    }

    fn change_term(&mut self, name: Name<'_>, before: Option<u64>, after: Option<u64>) {
        if before == after {
            return;
        }
        let clumps = &self.clumps;
        self.deadlines.change(name.hash, before, after, |term| {
            let mut is_shared = false;
            show_term(clumps, term, |_| is_shared = true);
            is_shared
        });
    }
}

/// Shows the names of the fields that have a term.
fn show_term(clumps: &Clumps<Field>, term: Term, mut show: impl FnMut(&[u8])) {
    clumps.show_hashes(term.bits(), HASH_BITS, |item| {
        let field = Parts::of(item);
        // Most have another deadline, and need no hash.
        if term.has(field.deadline) && hash(field.name) & ((1 << HASH_BITS) - 1) == term.bits() {
            show(field.name);
        }
    });
}
