//! Drawing.

use std::collections::BTreeSet;

/// So many different numbers below `end`, or all of them; each choice is as likely as any other. Of the numbers that are left out
/// so far, the highest takes the place of whoever is drawn twice.
pub(crate) fn distinct(count: usize, end: usize, mut random: impl FnMut() -> u64) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    for highest in end - count.min(end)..end {
        let drawn = below(highest + 1, &mut random).unwrap_or(highest);
        if !chosen.insert(drawn) {
            chosen.insert(highest);
        }
    }
    chosen
}

/// A number below `end`; `None` if there is none.
pub(crate) fn below(end: usize, mut random: impl FnMut() -> u64) -> Option<usize> {
    (end > 0).then(|| ((u128::from(random()) * end as u128) >> 64) as usize)
}

/// So many of the items, or all of them; each choice is as likely as any other. All are looked at.
pub(crate) fn reservoir<T>(count: usize, items: impl Iterator<Item = T>, mut random: impl FnMut() -> u64) -> Vec<T> {
    let mut chosen = Vec::new();
    for (seen, item) in items.enumerate() {
        if chosen.len() < count {
            chosen.push(item);
        } else if let Some(place) = below(seen + 1, &mut random).and_then(|place| chosen.get_mut(place)) {
            *place = item;
        }
    }
    chosen
}
