//! What the bus knows, for readers on any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use slotmesh_table::{BusStats, ClusterView, Table};
use slotmesh_types::Now;

/// The latest view of the cluster. Reading it takes no lock and never waits for the bus.
#[derive(Debug)]
pub struct Topology {
    view: ArcSwap<ClusterView>,
    version: AtomicU64,
}

impl Topology {
    pub(crate) fn new(table: &Table) -> Self {
        let view = ClusterView::new(table, Now::default(), false, 0, BusStats::default());
        Self { version: AtomicU64::new(u64::MAX), view: ArcSwap::from_pointee(view) }
    }

    /// The latest view.
    #[must_use]
    pub fn view(&self) -> Arc<ClusterView> {
        self.view.load_full()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    pub(crate) fn publish(&self, view: ClusterView) {
        self.version.store(view.version, Ordering::Relaxed);
        self.view.store(Arc::new(view));
    }
}
