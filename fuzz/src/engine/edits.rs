//! What operators and clients do besides joining and leaving roles: slots, epochs, messages, links.

use slotmesh_gossip::SlotChange;
use slotmesh_types::{ConfigEpoch, Slot, SlotRange};

use crate::engine::driver::Driver;
use crate::input::Input;

impl Driver {
    /// An edit may be refused; what it does must fit together all the same.
    pub(crate) fn edit(&mut self, input: &mut Input<'_>) {
        match input.below(10) {
            0 => {
                let _ = self.engine.add_slots(self.now, &[some_range(input)]);
            }
            1 => {
                let _ = self.engine.del_slots(self.now, &[some_range(input)]);
            }
            2 => {
                let _ = self.engine.flush_slots(self.now, input.flag());
            }
            3 | 4 => self.set_slot(input),
            5 => {
                let epoch = ConfigEpoch(input.pick(&[0, 1, 7, 1 << 40]));
                let _ = self.engine.set_config_epoch(self.now, epoch);
            }
            6 => {
                let _ = self.engine.bump_epoch(self.now);
            }
            7 => {
                let _ = self.engine.leave(self.now, input.flag());
            }
            8 => self.publish(input),
            _ => {
                let id = self.some_id(input);
                self.engine.kill_links(self.now, &id, input.flag(), input.flag());
            }
        }
        self.drain();
    }

    fn set_slot(&mut self, input: &mut Input<'_>) {
        let (slot, id) = (some_range(input).first(), self.some_id(input));
        let change = input.pick(&[
            SlotChange::Importing(id),
            SlotChange::Migrating(id),
            SlotChange::Owner(id),
            SlotChange::Owner(*self.engine.table().me().id()),
            SlotChange::Stable,
        ]);
        let _ = self.engine.set_slot(self.now, slot, change, input.below(4) == 3);
    }

    fn publish(&mut self, input: &mut Input<'_>) {
        let message = vec![b'm'; input.pick(&[0, 1, 300, 5000])];
        if input.flag() {
            self.engine.publish_shard(self.now, b"channel", &message);
        } else {
            self.engine.publish(self.now, b"channel", &message);
        }
    }
}

/// A few slots, at the borders of everything that is counted in words and in thirds.
fn some_range(input: &mut Input<'_>) -> SlotRange {
    let first = input.pick(&[0, 1, 63, 64, 5460, 5461, 10_922, 10_923, 16_383]);
    let last = (first + input.pick(&[0, 0, 1, 100, 16_383])).min(Slot::COUNT - 1);
    let slot = |raw| Slot::new(raw).expect("below the count");
    SlotRange::new(slot(first), slot(last)).expect("the last is no lower")
}
