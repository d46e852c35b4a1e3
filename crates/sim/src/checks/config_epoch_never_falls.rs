//! A node's own config epoch only rises, also across a crash; it is on disk before anybody hears of it.

use slotmesh_gossip::Engine;
use slotmesh_types::{ConfigEpoch, NodeId};
use slotmesh_wire::Header;

use crate::disk::Promises;

pub(super) struct Epochs(Vec<Seen>);

#[derive(Clone, Default)]
struct Seen {
    mine: ConfigEpoch,
    /// Highest own config epoch that left in a packet.
    told: ConfigEpoch,
    /// What a power failure would leave.
    safe: ConfigEpoch,
    safe_id: Option<NodeId>,
    /// A hard reset is not on disk yet.
    resetting: bool,
}

impl Epochs {
    pub(super) fn new(nodes: usize) -> Self {
        Self(vec![Seen::default(); nodes])
    }

    pub(super) fn check(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let (table, seen) = (engine.table(), &mut self.0[node]);
        let (current, mine) = (table.current_epoch, table.me().config_epoch);
        if mine < seen.mine {
            return Err(format!("the own config epoch fell from {} to {mine}", seen.mine));
        }
        if current < mine.as_current() {
            return Err(format!("the own config epoch {mine} is ahead of the current epoch {current}"));
        }
        seen.mine = mine;
        Ok(())
    }

    pub(super) fn sent(&mut self, node: usize, header: &Header<'_>) -> Result<(), String> {
        let (seen, epoch) = (&mut self.0[node], header.config_epoch());
        if header.sender().id() != seen.safe_id {
            return Err("speaks under a name that is not on disk".to_owned());
        }
        // A replica shows its primary's epoch, which is no promise of its own.
        if !header.replica_of().is_null() {
            return Ok(());
        }
        if epoch > seen.safe {
            return Err(format!("tells its config epoch {epoch} while {} is on disk", seen.safe));
        }
        seen.told = seen.told.max(epoch);
        Ok(())
    }

    pub(super) fn saved(&mut self, node: usize, safe: &Promises) {
        let seen = &mut self.0[node];
        if seen.resetting && seen.safe_id != Some(safe.id) {
            // From here on the node is somebody else.
            seen.resetting = false;
            seen.told = ConfigEpoch(0);
        }
        seen.safe = safe.config_epoch;
        seen.safe_id = Some(safe.id);
    }

    pub(super) fn restarted(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let (table, seen) = (engine.table(), &mut self.0[node]);
        let mine = table.me().config_epoch;
        // The save that carried a new name may have got further than was known.
        if seen.safe_id != Some(*table.me().id()) {
            seen.told = ConfigEpoch(0);
        }
        if table.me().is_replica() {
            // Its own last claim is over, and not saved.
            seen.told = ConfigEpoch(0);
        }
        if mine < seen.told {
            return Err(format!("told its config epoch {} and has {mine} after a restart", seen.told));
        }
        // A process finds what was written, and that is what it builds on.
        (seen.safe, seen.mine) = (mine, mine);
        seen.safe_id = Some(*table.me().id());
        seen.resetting = false;
        Ok(())
    }

    pub(super) fn reset(&mut self, node: usize) {
        let seen = &mut self.0[node];
        seen.mine = ConfigEpoch(0);
        seen.resetting = true;
    }
}
