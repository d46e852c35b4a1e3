//! Finding and drawing values of a listpack.

use crate::listpack::{Listpack, Sought};

/// The place of the first value that is this text, of every `step`-th one.
pub(crate) fn find(pack: &Listpack, text: &[u8], step: usize) -> Option<usize> {
    let sought = Sought::new(text);
    pack.places().step_by(step).find(|(_, value)| sought.is(*value)).map(|(place, _)| place)
}

/// So many different numbers below `of`, or all of them, in their order; each choice is as likely as any other. It takes as
/// long as `of` is.
pub(crate) fn choose(count: usize, of: usize, mut random: impl FnMut() -> u64) -> Vec<usize> {
    let mut wanted = count.min(of);
    let chosen = (0..of).filter(|number| {
        let is_chosen = random() % ((of - number) as u64) < wanted as u64;
        wanted -= usize::from(is_chosen);
        is_chosen
    });
    chosen.collect()
}

/// So many of the items, or all of them; each choice is as likely as any other. All are looked at.
pub(crate) fn reservoir<T>(count: usize, items: impl Iterator<Item = T>, mut random: impl FnMut() -> u64) -> Vec<T> {
    let mut chosen = Vec::new();
    for (seen, item) in items.enumerate() {
        if chosen.len() < count {
            chosen.push(item);
        } else if let Some(place) = chosen.get_mut((random() % (seen as u64 + 1)) as usize) {
            *place = item;
        }
    }
    chosen
}
