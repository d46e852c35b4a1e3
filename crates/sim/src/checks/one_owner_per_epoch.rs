//! Two primaries do not both own a slot at the same config epoch once messages between them flow.
//!
//! Each may have come to its epoch and its slots while it heard nothing of the other, so a dispute as such is no fault. But
//! the one with the smaller name has to take another epoch when it hears the other's claim. A packet may be lost on it: one
//! that comes on a link that is just being closed, say.

use std::collections::BTreeMap;

use slotmesh_gossip::Engine;
use slotmesh_types::NodeId;
use slotmesh_wire::Header;

/// Claims that a node may hear without giving way.
const DEAF_TO: u32 = 3;

#[derive(Default)]
pub(super) struct Disputes {
    /// How often a node has heard the claim of another one in a dispute in which it has to give way.
    heard: BTreeMap<(usize, NodeId), u32>,
}

impl Disputes {
    /// A node has dealt with a packet.
    pub(super) fn received(&mut self, node: usize, engine: &Engine, header: &Header<'_>) -> Result<(), String> {
        let Some(id) = header.sender().id() else { return Ok(()) };
        if !has_to_give_way(engine, id, header) {
            self.heard.remove(&(node, id));
            return Ok(());
        }
        let heard = self.heard.entry((node, id)).or_default();
        *heard += 1;
        if *heard <= DEAF_TO {
            return Ok(());
        }
        let epoch = header.config_epoch();
        Err(format!("has heard {heard} times that {id} owns some of its slots at the epoch {epoch} as well"))
    }
}

fn has_to_give_way(engine: &Engine, id: NodeId, header: &Header<'_>) -> bool {
    let (table, me) = (engine.table(), engine.table().me());
    header.kind().is_heartbeat()
        && header.replica_of().is_null()
        && me.is_primary()
        && me.config_epoch == header.config_epoch()
        && *me.id() < id
        && table.lookup(&id).is_some_and(|key| !table.node(key).handshake)
        && me.slots().as_bytes().iter().zip(header.slots()).any(|(mine, theirs)| mine & theirs != 0)
}

#[cfg(test)]
mod tests {
    use slotmesh_wire::Kind;

    use super::*;
    use crate::checks::samples::{Sample, engine_that_knows};

    #[test]
    fn who_has_to_give_way_may_not_go_on_for_ever() {
        let mut disputes = Disputes::default();
        let engine = engine_that_knows(2);
        let claim = |epoch| Sample::new(2).config(epoch).slot(7).packet(Kind::Ping);
        for _ in 0..DEAF_TO {
            assert!(claim(1).with_header(|header| disputes.received(0, &engine, header)).is_ok());
        }
        assert!(claim(2).with_header(|header| disputes.received(0, &engine, header)).is_ok(), "the other gave way");
        for _ in 0..DEAF_TO {
            assert!(claim(1).with_header(|header| disputes.received(0, &engine, header)).is_ok());
        }
        assert!(claim(1).with_header(|header| disputes.received(0, &engine, header)).is_err());
    }

    #[test]
    fn strangers_and_owners_of_other_slots_are_no_dispute() {
        let mut disputes = Disputes::default();
        let engine = engine_that_knows(2);
        for _ in 0..2 * DEAF_TO {
            let elsewhere = Sample::new(2).config(1).slot(8).packet(Kind::Ping);
            assert!(elsewhere.with_header(|header| disputes.received(0, &engine, header)).is_ok());
            let stranger = Sample::new(3).config(1).slot(7).packet(Kind::Ping);
            assert!(stranger.with_header(|header| disputes.received(0, &engine, header)).is_ok());
        }
    }
}
