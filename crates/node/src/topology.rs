//! What the bus knows, for readers on any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use arc_swap::ArcSwap;
use slotmesh_table::{BusStats, ClusterView, Table};
use slotmesh_types::Now;
use tokio::sync::watch;

/// The latest view of the cluster. Reading it takes no lock and never waits for the bus.
#[derive(Debug)]
pub struct Topology {
    view: ArcSwap<ClusterView>,
    versions: watch::Sender<u64>,
    version: AtomicU64,
    link_bytes: AtomicU64,
}

impl Topology {
    pub(crate) fn new(table: &Table) -> Self {
        let view = ClusterView::new(table, Now::default(), false, 0, BusStats::default());
        Self {
            versions: watch::Sender::new(u64::MAX),
            version: AtomicU64::new(u64::MAX),
            view: ArcSwap::from_pointee(view),
            link_bytes: AtomicU64::new(0),
        }
    }

    /// The latest view.
    #[must_use]
    pub fn view(&self) -> Arc<ClusterView> {
        self.view.load_full()
    }

    /// The version of the latest view, or of the one before: whoever sees it finds that view, or a later one. u64::MAX
    /// before the first.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Acquire)
    }

    /// Tells about new versions; u64::MAX before the first.
    #[cfg(feature = "admin")]
    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.versions.subscribe()
    }

    /// How many bytes wait on the connections of the bus to be sent, as of its last tick.
    pub(crate) fn link_bytes(&self) -> u64 {
        self.link_bytes.load(Relaxed)
    }

    pub(crate) fn note_link_bytes(&self, bytes: u64) {
        self.link_bytes.store(bytes, Relaxed);
    }

    /// Shows a new view. Tells whether it shows another topology than the one before.
    pub(crate) fn publish(&self, view: ClusterView) -> bool {
        let version = view.version;
        // Whoever is told finds the view there.
        self.view.store(Arc::new(view));
        self.version.store(version, Release);
        self.versions.send_if_modified(|known| std::mem::replace(known, version) != version)
    }
}
