//! How many nodes a radix tree of ids would have, for those who ask a stream for it.

use crate::stream::id::StreamId;

/// Bytes of a key.
const DEPTH: i32 = 16;

/// How many nodes the radix tree has in which real servers keep ids that rise: one for each key and each place where keys part,
/// and one for each run of bytes between these. A tree without keys has its root.
pub(super) fn radix_nodes(mut ids: impl Iterator<Item = StreamId>) -> usize {
    let Some(mut id) = ids.next() else { return 1 };
    // Depths at which keys part on the way to the last one.
    let mut forks = Vec::new();
    let (mut nodes, mut before) = (0, -1);
    loop {
        let next = ids.next();
        let shared = next.map_or(-1, |next| shared_bytes(id, next));
        nodes += 1 + run(before.max(shared), DEPTH);
        while let Some(fork) = forks.pop_if(|fork| *fork > shared) {
            nodes += 1 + run(forks.last().copied().unwrap_or(-1).max(shared), fork);
        }
        let Some(next) = next else { return nodes };
        if forks.last() != Some(&shared) {
            forks.push(shared);
        }
        (id, before) = (next, shared);
    }
}

/// Whether there are bytes between a fork, whose byte is its own, and another or the end of a key.
fn run(from: i32, to: i32) -> usize {
    usize::from(to > from + 1)
}

fn shared_bytes(one: StreamId, other: StreamId) -> i32 {
    let pairs = one.to_bytes().into_iter().zip(other.to_bytes());
    pairs.take_while(|(one, other)| one == other).count() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: &[(u64, u64)]) -> usize {
        radix_nodes(ids.iter().map(|(ms, seq)| StreamId::new(*ms, *seq)))
    }

    #[test]
    fn it_is_what_real_servers_count() {
        assert_eq!((nodes(&[]), nodes(&[(1, 1)])), (1, 2));
        assert_eq!(nodes(&[(1, 1), (1, 2)]), 4, "one run, one fork, two keys");
        assert_eq!(nodes(&[(1, 1), (2, 1)]), 6, "and a run behind each byte of the fork");
        assert_eq!(nodes(&[(1, 1), (1, 2), (2, 1)]), 8);
    }
}
