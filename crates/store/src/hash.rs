//! The hash of keys, fields and members.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

static STATE: OnceLock<SeedableRandomState> = OnceLock::new();

/// Seeds the hash, once for the process. Later seeds, and those that come after the first use, change nothing.
pub(crate) fn seed_hash(seed: u64) {
    STATE.get_or_init(|| seeded(seed));
}

/// The hash of some bytes.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = STATE.get_or_init(|| seeded(0)).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

fn seeded(seed: u64) -> SeedableRandomState {
    // A process has one.
    let shared: &'static SharedSeed = Box::leak(Box::new(SharedSeed::from_u64(seed)));
    SeedableRandomState::with_seed(seed.rotate_left(32), shared)
}
