//! The keys of this node: none, for no command writes one yet.

use slotmesh_command::{Keyspace, SlotUsage};
use slotmesh_types::Slot;

/// A keyspace that stays empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoKeys;

impl Keyspace for NoKeys {
    fn count(&self, _slot: Slot) -> u64 {
        0
    }

    fn keys(&self, _slot: Slot, _max: usize) -> Vec<Vec<u8>> {
        Vec::new()
    }

    fn len(&self) -> u64 {
        0
    }

    fn flush_slot(&self, _slot: Slot) {}

    fn flush(&self) {}

    fn usage(&self, _slot: Slot) -> SlotUsage {
        SlotUsage::default()
    }
}
