//! What commands ask of the keys.

use slotmesh_types::Slot;

/// What a slot has cost since it came here, or since its figures were last set back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotUsage {
    /// Time spent in commands, in microseconds.
    pub cpu_micros: u64,
    /// Bytes of requests.
    pub bytes_in: u64,
    /// Bytes of replies.
    pub bytes_out: u64,
}

/// The keys of this node, as far as the commands of this crate look at them. Expired keys may be counted.
pub trait Keyspace: Send + Sync {
    /// How many keys of a slot are here, whoever owns the slot.
    fn count(&self, slot: Slot) -> u64;

    /// At most `max` keys of a slot, in no particular order.
    fn keys(&self, slot: Slot, max: usize) -> Vec<Vec<u8>>;

    /// How many keys are here.
    fn len(&self) -> u64;

    /// Whether no key is here.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Deletes the keys of a slot.
    fn flush_slot(&self, slot: Slot);

    /// Deletes every key.
    fn flush(&self);

    /// What a slot has cost.
    fn usage(&self, slot: Slot) -> SlotUsage;
}
