//! Members drawn at random.

use std::collections::HashSet;

use super::view::View;
use super::{Repr, Set, SetRef};
use crate::listpack::Packed;
use crate::seek::{below, distinct, reservoir};

impl<'a> SetRef<'a> {
    /// A member, each about as likely as any other. `random` gives numbers.
    pub fn random(self, random: impl FnMut() -> u64) -> Option<Packed<'a>> {
        match self.0 {
            View::Ints(ints) => ints.get(below(ints.len(), random)?).map(Packed::Number),
            View::Packed(pack) => pack.iter().nth(below(pack.len(), random)?),
            View::Table(members) => members.random(random).map(Packed::Text),
        }
    }

    /// So many different members, or all of them, each choice about as likely as any other.
    ///
    /// It takes as long as `count` is, or as the set is where `count` is a good part of that.
    pub fn random_distinct(self, count: usize, mut random: impl FnMut() -> u64) -> Vec<Packed<'a>> {
        let View::Table(members) = self.0 else {
            let mut chosen = distinct(count, self.len(), random).into_iter().peekable();
            let drawn = self.iter().enumerate().filter(|(index, _)| chosen.next_if_eq(index).is_some());
            return drawn.map(|(_, member)| member).collect();
        };
        if count >= self.len() / 4 {
            return reservoir(count, self.iter(), random);
        }
        let (mut seen, mut chosen) = (HashSet::new(), Vec::new());
        while chosen.len() < count {
            let drawn = members.random(&mut random);
            chosen.extend(drawn.filter(|member| seen.insert(*member)).map(Packed::Text));
        }
        chosen
    }
}

impl Set {
    /// Takes a member out, each about as likely as any other.
    pub fn pop(&mut self, random: impl FnMut() -> u64) -> Option<Vec<u8>> {
        let member = self.random(random)?.to_vec();
        self.remove(&member);
        Some(member)
    }

    /// Takes so many members out, or all of them, each choice about as likely as any other.
    ///
    /// It takes as long as `count` is, or as the set is where `count` is a good part of that or the set is no table.
    pub fn pop_many(&mut self, count: usize, mut random: impl FnMut() -> u64) -> Vec<Vec<u8>> {
        if let Repr::Table(_) = &self.0 {
            let members: Vec<_> = self.random_distinct(count, random).into_iter().map(Packed::to_vec).collect();
            members.iter().for_each(|member| {
                self.remove(member);
            });
            return members;
        }
        let mut chosen = distinct(count, self.len(), &mut random).into_iter().peekable();
        let members = self.iter().enumerate();
        let (gone, left): (Vec<_>, Vec<_>) = members.partition(|(index, _)| chosen.next_if_eq(index).is_some());
        let gone = gone.into_iter().map(|(_, member)| member.to_vec()).collect();
        self.0 = match &self.0 {
            Repr::Ints(_) => Repr::Ints(left.into_iter().filter_map(|(_, member)| number(member)).collect()),
            _ => Repr::Packed(left.into_iter().map(|(_, member)| member.to_vec()).collect()),
        };
        gone
    }
}

fn number(member: Packed<'_>) -> Option<i64> {
    match member {
        Packed::Number(number) => Some(number),
        Packed::Text(_) => None,
    }
}
