//! At most one node wins the election of an epoch.

use std::collections::BTreeMap;

use slotmesh_gossip::Event;
use slotmesh_types::{ConfigEpoch, NodeId};

#[derive(Default)]
pub(super) struct Winners(BTreeMap<ConfigEpoch, NodeId>);

impl Winners {
    pub(super) fn check(&mut self, id: NodeId, events: &[Event]) -> Result<(), String> {
        for event in events {
            if let Event::ElectionWon { epoch } = event
                && let Some(before) = self.0.insert(*epoch, id)
            {
                return Err(format!("wins the election of epoch {epoch}, which {before} has won"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::id;

    #[test]
    fn an_epoch_has_one_winner() {
        let mut winners = Winners::default();
        let won = |epoch| [Event::ElectionWon { epoch: ConfigEpoch(epoch) }];
        assert!(winners.check(id(1), &won(3)).is_ok());
        assert!(winners.check(id(2), &won(4)).is_ok());
        assert!(winners.check(id(2), &won(3)).is_err());
    }
}
