//! The cluster's clock only rises at a node; across a crash as far as the node has promised it.
//!
//! What others say about the clock is not saved by itself, so it may be lower after a crash. A node that asks for votes, votes
//! or claims an epoch of its own relies on it, so that much must be on disk before the packet leaves.

use slotmesh_gossip::Engine;
use slotmesh_types::{CurrentEpoch, NodeId};
use slotmesh_wire::{Header, Kind};

use crate::disk::Promises;

pub(super) struct Clocks(Vec<Seen>);

#[derive(Clone, Default)]
struct Seen {
    id: Option<NodeId>,
    current: CurrentEpoch,
    /// What a power failure would leave.
    safe: CurrentEpoch,
    /// Highest epoch that the node has relied on in a packet.
    promised: CurrentEpoch,
}

impl Clocks {
    pub(super) fn new(nodes: usize) -> Self {
        Self(vec![Seen::default(); nodes])
    }

    pub(super) fn check(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let (current, seen) = (engine.table().current_epoch, &mut self.0[node]);
        if current < seen.current {
            return Err(format!("the current epoch fell from {} to {current}", seen.current));
        }
        seen.current = current;
        Ok(())
    }

    pub(super) fn sent(&mut self, node: usize, header: &Header<'_>) -> Result<(), String> {
        let seen = &mut self.0[node];
        let epoch = match header.kind() {
            Kind::AuthRequest | Kind::AuthAck => header.current_epoch(),
            _ if header.replica_of().is_null() => header.config_epoch().as_current(),
            _ => return Ok(()),
        };
        if epoch > seen.safe {
            return Err(format!(
                "relies on epoch {epoch} in a {} while {} is on disk",
                header.kind().name(),
                seen.safe
            ));
        }
        seen.promised = seen.promised.max(epoch);
        Ok(())
    }

    pub(super) fn saved(&mut self, node: usize, safe: &Promises) {
        let seen = &mut self.0[node];
        seen.is_now(safe.id);
        seen.safe = safe.current_epoch;
    }

    pub(super) fn restarted(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let (table, seen) = (engine.table(), &mut self.0[node]);
        // A save that brought a new name may have got further than was known.
        seen.is_now(*table.me().id());
        let (current, least) = (table.current_epoch, seen.safe.max(seen.promised));
        if current < least {
            return Err(format!("had the current epoch {least} on disk or promised it, has {current} after a restart"));
        }
        (seen.current, seen.safe) = (current, current);
        Ok(())
    }

    /// A hard reset: from its first save on the node is somebody else.
    pub(super) fn reset(&mut self, node: usize) {
        self.0[node].current = CurrentEpoch(0);
    }
}

impl Seen {
    fn is_now(&mut self, id: NodeId) {
        if self.id != Some(id) {
            (self.safe, self.promised) = (CurrentEpoch(0), CurrentEpoch(0));
            self.id = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{Sample, promises};

    #[test]
    fn a_request_for_votes_waits_for_the_disk() {
        let mut clocks = Clocks::new(1);
        clocks.saved(0, &promises(1, 4, 0));
        let request = |epoch| Sample::new(1).current(epoch).packet(Kind::AuthRequest);
        assert!(request(4).with_header(|header| clocks.sent(0, header)).is_ok());
        assert!(request(5).with_header(|header| clocks.sent(0, header)).is_err());
        clocks.saved(0, &promises(1, 5, 0));
        assert!(request(5).with_header(|header| clocks.sent(0, header)).is_ok());
    }

    #[test]
    fn an_own_epoch_is_a_promise_and_a_primary_s_is_not() {
        let mut clocks = Clocks::new(1);
        clocks.saved(0, &promises(1, 4, 0));
        let claim = Sample::new(1).current(9).config(5);
        assert!(claim.clone().packet(Kind::Ping).with_header(|header| clocks.sent(0, header)).is_err());
        assert!(claim.replica_of(2).packet(Kind::Ping).with_header(|header| clocks.sent(0, header)).is_ok());
    }
}
