//! Who is told what happens on the bus.

use std::io;

use slotmesh_gossip::Event;
use slotmesh_table::ClusterView;
use slotmesh_types::Now;

/// Told about everything that happens, on the bus thread: nothing of it may wait.
pub(crate) trait Observer: Send {
    /// The engine tells of something.
    fn event(&self, now: Now, event: &Event);

    /// nodes.conf was saved, or could not be.
    fn saved(&self, now: Now, result: &io::Result<()>);

    /// This is how the cluster looks now.
    fn published(&self, now: Now, view: &ClusterView);
}
