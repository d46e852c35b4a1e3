//! How much memory what grows bit by bit asks for.

/// An allocator hands out pieces in steps of so many bytes, of which it keeps some. So it does on most systems; where it does
/// not, nothing breaks.
const STEP: usize = 16;
const KEPT: usize = 8;
/// No piece is smaller.
const LEAST: usize = 24;
/// What is smaller than this gets no more than what its piece has anyway: most of it does not grow any more. What is bigger gets
/// somewhat more, so that whoever adds to it bit by bit does not move it each time; but little, as what is moved leaves a gap behind
/// that the next one has to fit into: a sixteenth made long lists take a tenth more.
const SMALL: usize = 512;
const MORE: usize = 64;

/// Bytes to ask for where so many are needed now and maybe more soon.
pub(crate) fn room_for(bytes: usize) -> usize {
    whole_room(bytes + if bytes < SMALL { 0 } else { MORE })
}

/// Bytes that are had by whoever asks for so many.
pub(crate) fn whole_room(bytes: usize) -> usize {
    ((bytes + KEPT).next_multiple_of(STEP) - KEPT).max(LEAST)
}

/// Has a vector take so many bytes more.
pub(crate) fn make_room(bytes: &mut Vec<u8>, more: usize) {
    let needed = bytes.len() + more;
    if needed > bytes.capacity() {
        bytes.reserve_exact(room_for(needed) - bytes.len());
    }
}

/// Gives memory back when an eighth is not used. Less is likely to be wanted again.
pub(crate) fn give_back(bytes: &mut Vec<u8>) {
    let (room, capacity) = (room_for(bytes.len()), bytes.capacity());
    if room < capacity && capacity - bytes.len() > capacity / 8 {
        bytes.shrink_to(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_is_given_what_an_allocator_gives_anyway() {
        assert_eq!([0, 24, 25, 40, 41, 100].map(room_for), [24, 24, 40, 40, 56, 104]);
    }

    #[test]
    fn what_grows_byte_by_byte_is_seldom_moved_and_has_little_to_spare() {
        let (mut bytes, mut moves) = (Vec::new(), 0);
        for length in 1..=8192 {
            let before = bytes.capacity();
            make_room(&mut bytes, 1);
            bytes.push(0);
            moves += usize::from(bytes.capacity() != before);
            assert!(bytes.capacity() - length < 24 + MORE, "{} for {length}", bytes.capacity());
        }
        assert!(moves < 200, "{moves}");
    }

    #[test]
    fn what_has_shrunk_gives_back_what_it_does_not_use() {
        let mut bytes = vec![0; 1000];
        for length in (0..1000).rev() {
            bytes.truncate(length);
            give_back(&mut bytes);
            assert!(bytes.capacity() <= (length + 24) * 8 / 7 + 24, "{} for {length}", bytes.capacity());
        }
    }
}
