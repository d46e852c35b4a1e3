//! Random members.

use super::SortedSetRef;
use crate::listpack::Packed;
use crate::seek::{below, distinct};

impl<'a> SortedSetRef<'a> {
    /// An entry, each as likely as any other; `None` if there is none. `random` gives numbers.
    pub fn random(self, mut random: impl FnMut() -> u64) -> Option<(Packed<'a>, f64)> {
        let rank = below(self.len(), &mut random)?;
        self.entries(rank..rank + 1).next()
    }

    /// Shows so many entries, each time any of them, until `show` gives `false`.
    pub fn random_repeated(
        self,
        count: usize,
        mut random: impl FnMut() -> u64,
        mut show: impl FnMut(Packed<'a>, f64) -> bool,
    ) {
        // The entries of a listpack can't be found by rank without walking.
        let known: Vec<_> = if self.as_listpack().is_some() { self.iter().collect() } else { Vec::new() };
        for _ in 0..count {
            let Some(rank) = below(self.len(), &mut random) else { return };
            let entry = known.get(rank).copied().or_else(|| self.entries(rank..rank + 1).next());
            if !entry.is_some_and(|(member, score)| show(member, score)) {
                return;
            }
        }
    }

    /// Shows so many different entries in their order, each choice of them as likely as any other; all if there are no more.
    /// Takes a step for each entry of a small set or if a quarter or more are wanted, else one for each that is shown.
    pub fn random_distinct(self, count: usize, mut random: impl FnMut() -> u64, mut show: impl FnMut(Packed<'a>, f64)) {
        let len = self.len();
        // The entries of a listpack are found by walking: once for all of them.
        if self.as_listpack().is_none() && count < len / 4 {
            let ranks = distinct(count, len, &mut random);
            return ranks
                .into_iter()
                .flat_map(|rank| self.entries(rank..rank + 1))
                .for_each(|(member, score)| show(member, score));
        }
        let mut wanted = count;
        for (rank, (member, score)) in self.iter().enumerate() {
            if below(len - rank, &mut random).is_some_and(|drawn| drawn < wanted) {
                wanted -= 1;
                show(member, score);
            }
        }
    }
}
