//! Fields drawn at random.

use std::collections::HashSet;

use super::view::View;
use super::{HashRef, Parts, pairs};
use crate::listpack::Packed;
use crate::seek::{below, distinct, reservoir};

/// So often a field is drawn that turns out to have expired, before all are looked at.
const DRAWS_MAX: usize = 64;

impl<'a> HashRef<'a> {
    /// A field with its value, each about as likely as any other. `random` gives numbers.
    ///
    /// When nearly all fields of a big hash have expired and were not taken out yet, all of them are looked at.
    pub fn random(self, now: u64, mut random: impl FnMut() -> u64) -> Option<(Packed<'a>, Packed<'a>)> {
        match self.0 {
            View::Packed(pack) => pairs(pack).nth(below(self.len(), random)?),
            View::Table(fields) => {
                let drawn = (0..DRAWS_MAX).find_map(|_| fields.random(&mut random).filter(|field| field.lives(now)));
                let found = drawn.or_else(|| {
                    let living = fields.iter().filter(|field| field.lives(now));
                    reservoir(1, living, random).pop()
                });
                found.map(|field| (Packed::Text(field.name), Packed::Text(field.value)))
            }
        }
    }

    /// So many times a field with its value, each draw on its own; none where no field is left.
    pub fn random_repeated(
        self,
        count: usize,
        now: u64,
        mut random: impl FnMut() -> u64,
    ) -> impl Iterator<Item = (Packed<'a>, Packed<'a>)> {
        // Looking at all of them once is cheap beside drawing as often as there are any, and then nothing is drawn in vain.
        let living: Vec<_> = match self.len() {
            length if length <= count => self.iter(now).map(|(name, value, _)| (name, value)).collect(),
            _ => Vec::new(),
        };
        (0..count).map_while(move |_| match living.len() {
            0 => self.random(now, &mut random),
            length => Some(living[below(length, &mut random)?]),
        })
    }

    /// So many different fields with their values, or all of them, each choice about as likely as any other.
    ///
    /// It takes as long as `count` is, or as the hash is where `count` is a good part of that.
    pub fn random_distinct(
        self,
        count: usize,
        now: u64,
        mut random: impl FnMut() -> u64,
    ) -> Vec<(Packed<'a>, Packed<'a>)> {
        if let (View::Table(fields), true) = (self.0, (1..self.len() / 4).contains(&count)) {
            let (mut names, mut chosen) = (HashSet::<&[u8]>::new(), Vec::new());
            for _ in 0..count * 2 + DRAWS_MAX {
                let drawn: Option<Parts<'a>> = fields.random(&mut random);
                if let Some(field) = drawn.filter(|field| field.lives(now) && names.insert(field.name)) {
                    chosen.push((Packed::Text(field.name), Packed::Text(field.value)));
                }
                if chosen.len() >= count {
                    return chosen;
                }
            }
        }
        if let View::Packed(pack) = self.0 {
            let mut chosen = distinct(count, self.len(), random).into_iter().peekable();
            let drawn = pairs(pack).enumerate().filter(|(index, _)| chosen.next_if_eq(index).is_some());
            return drawn.map(|(_, pair)| pair).collect();
        }
        reservoir(count, self.iter(now).map(|(name, value, _)| (name, value)), random)
    }
}
