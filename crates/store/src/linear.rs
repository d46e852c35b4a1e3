//! Linear hashing: where things belong in a table that grows by one bucket at a time.
//!
//! The next bucket in turn is split in two by one more bit of the hash, and the last one joins the one that it was split from.
//! So nothing is ever moved in one go, and the table has as many buckets as its items need: the price is that those whose turn
//! has not come hold twice as much as the others.
//!
//! Buckets stand for ranges of the hash with its bits reversed, and the range of one that is split is that of the two. A
//! cursor is a position among reversed hashes, of so many bits as it may have, and means the same however the table has changed.

/// The bucket of a hash among so many: its low bits, one less of them where that bucket is yet to come.
pub(crate) fn bucket_of(hash: u64, count: usize) -> Option<u32> {
    let mask = count.checked_next_power_of_two().filter(|_| count > 0)? - 1;
    let index = hash as usize & mask;
    Some(if index < count { index } else { index & (mask >> 1) } as u32)
}

/// All buckets where hashes with these low bits can be.
pub(crate) fn buckets_of(low: u64, bits: u32, count: usize) -> impl Iterator<Item = u32> {
    let first = bucket_of(low, count);
    let more = (low as u32..count as u32).step_by(1 << bits).filter(move |index| Some(*index) != first);
    first.into_iter().chain(more)
}

/// The bucket from which the next one in turn, whose number is given, is split: it has all of its hash but the highest bit.
pub(crate) fn origin(index: u32) -> u32 {
    index & !(1 << index.ilog2())
}

/// The hash at a position of so many bits. What no cursor was is taken by its low bits.
pub(crate) fn hash_at(position: u64, bits: u32) -> u64 {
    (position << (u64::BITS - bits)).reverse_bits()
}

/// The place of a hash among positions of so many bits.
pub(crate) fn position_of(hash: u64, bits: u32) -> u64 {
    hash.reverse_bits() >> (u64::BITS - bits)
}

/// The position behind the bucket at a position of so many bits; 0 behind the last.
pub(crate) fn behind(position: u64, bits: u32, count: usize) -> u64 {
    let Some(index) = bucket_of(hash_at(position, bits), count) else { return 0 };
    let (range, end) = (1 << (bits - depth_of(index, count)), 1 << bits);
    ((position & (end - range)) + range) % end
}

/// The bits of a hash that are kept beside its item: high ones, since the low ones choose the bucket.
pub(crate) fn tag(hash: u64) -> u8 {
    (hash >> 56) as u8
}

/// How many bits of a hash say that it belongs to a bucket.
fn depth_of(index: u32, count: usize) -> u32 {
    let (index, bits) = (index as usize, count.next_power_of_two().trailing_zeros());
    // Its other half is yet to come.
    let whole = bits > 0 && index + (1 << (bits - 1)) >= count && index < 1 << (bits - 1);
    bits - u32::from(whole)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::generator::generator;

    #[test]
    fn a_hash_stays_where_it_is_or_goes_to_the_bucket_that_is_new() {
        let mut random = generator(1);
        assert_eq!(bucket_of(5, 0), None);
        for count in 1..300 {
            for hash in (0..50).map(|_| random()) {
                let (before, after) = (bucket_of(hash, count), bucket_of(hash, count + 1));
                let moves = after == Some(count as u32) && before == Some(origin(count as u32));
                assert!(before == after || moves, "{hash:x} among {count}");
            }
        }
    }

    #[test]
    fn all_buckets_are_walked_once_in_the_order_of_positions() {
        for bits in [32, 48] {
            for count in 1..300 {
                let (mut seen, mut position) = (BTreeSet::new(), 0);
                loop {
                    assert!(seen.insert(bucket_of(hash_at(position, bits), count)), "{position:x} among {count}");
                    let next = behind(position, bits, count);
                    // Wherever in the bucket.
                    let last = if next == 0 { (1 << bits) - 1 } else { next - 1 };
                    assert_eq!((behind(last, bits, count), next < 1 << bits), (next, true));
                    if next == 0 {
                        break;
                    }
                    assert!(next > position);
                    position = next;
                }
                assert_eq!(seen.len(), count);
            }
        }
    }

    #[test]
    fn hashes_with_the_same_low_bits_are_in_few_buckets() {
        let mut random = generator(2);
        for count in [1, 3, 5, 8, 9, 13, 16, 37] {
            for low in 0..8 {
                let buckets: BTreeSet<_> = buckets_of(low, 3, count).collect();
                let hashes = (0..200).map(|_| random() & !7 | low);
                let expected: BTreeSet<_> = hashes.filter_map(|hash| bucket_of(hash, count)).collect();
                assert_eq!(buckets, expected, "{low} among {count}");
            }
        }
    }
}
