//! A digest of everything that happens in a world.

/// Folds what happens into one number. Any difference between two runs of a seed shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace(u64);

impl Trace {
    pub(crate) fn note(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    pub(crate) fn note_bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.note(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.note(u64::from(*byte));
        }
    }

    pub(crate) fn digest(self) -> u64 {
        self.0
    }
}

/// Also a hasher for tables that are only looked up in.
impl std::hash::Hasher for Trace {
    fn write(&mut self, bytes: &[u8]) {
        self.note_bytes(bytes);
    }

    fn finish(&self) -> u64 {
        // The high bits of a product are the good ones.
        self.0 ^ (self.0 >> 32)
    }
}
