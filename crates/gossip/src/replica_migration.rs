//! Replicas move to primaries that have none. Source: spec of the bus, 5.12.

use std::time::Duration;

use slotmesh_table::{Health, NodeKey};

use crate::action::{Durability, Resync};
use crate::engine::Engine;
use crate::event::Event;

/// A primary is without replicas for so long before one moves.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Evaluated by a replica at each tick.
    pub(crate) fn consider_migration(&mut self) {
        let Some(mine) = self.table.me().primary_key() else { return };
        let target = self.note_orphans();
        let most = self.healthy_primaries().map(|key| self.count_replicas(key)).max().unwrap_or(0);
        let rich = most >= 2 && self.table.node(mine).health != Health::Fail && self.count_replicas(mine) == most;
        let Some(target) = target.filter(|_| rich && self.config.allow_replica_migration && self.state.ok) else {
            return;
        };
        let good = self.table.node(mine).replicas().iter();
        let good = good.filter(|key| self.table.node(**key).health == Health::Online).count();
        if good <= self.config.migration_barrier {
            return;
        }
        let rich_primaries = self.healthy_primaries().filter(|key| self.count_replicas(*key) == most);
        let replicas = rich_primaries.flat_map(|key| self.table.node(key).replicas().iter().copied());
        let candidate = replicas
            .filter(|key| self.table.node(*key).health != Health::Fail)
            .min_by_key(|key| *self.table.node(*key).id());
        let waited = self.peers[target].orphaned_since.is_some_and(|since| self.now.mono.since(since) > PATIENCE);
        if candidate == Some(self.table.my_key()) && waited {
            let to = self.name(target);
            self.emit(Event::Migrating { to });
            self.follow(target, Resync::Full);
            self.want_save(Durability::Synced);
            self.broadcast = true;
        }
    }

    /// Keeps the time since when primaries are orphaned; gives the first that is.
    fn note_orphans(&mut self) -> Option<NodeKey> {
        let mut first = None;
        for key in self.table.keys() {
            let node = self.table.node(key);
            let orphaned =
                node.is_voting() && node.health != Health::Fail && node.migrate_to && self.count_replicas(key) == 0;
            let since = &mut self.peers[key].orphaned_since;
            *since = orphaned.then(|| since.unwrap_or(self.now.mono));
            if orphaned && first.is_none() {
                first = Some(key);
            }
        }
        first
    }

    fn healthy_primaries(&self) -> impl Iterator<Item = NodeKey> {
        let healthy = self.table.nodes().filter(|(_, node)| node.is_primary() && node.health != Health::Fail);
        healthy.map(|(key, _)| key)
    }

    /// Replicas that have not failed.
    fn count_replicas(&self, primary: NodeKey) -> usize {
        let replicas = self.table.node(primary).replicas().iter();
        replicas.filter(|key| self.table.node(**key).health != Health::Fail).count()
    }
}
