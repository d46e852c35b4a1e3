//! What all services share.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::ClusterView;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tonic::Status;

use crate::course::Courses;
use crate::event_log::EventLog;
use crate::journal::{Journal, Standing};
use crate::node::Node;
use crate::once::Once;
use crate::proto;

/// Most streams that are watched at the same time.
pub(crate) const WATCHERS_MAX: usize = 4096;

/// Most answers of reading calls that are made or wait to be taken, all connections together: who takes none could have a
/// topology of 300 KiB kept for every call otherwise.
pub(crate) const ANSWERS_MAX: usize = 512;

/// The state behind every service. Clones share it.
#[derive(Clone)]
pub(crate) struct Api(Arc<Shared>);

/// What [`Api`] holds.
pub(crate) struct Shared {
    pub(crate) node: Arc<dyn Node>,
    pub(crate) journal: Journal,
    pub(crate) events: EventLog,
    pub(crate) once: Arc<Once>,
    pub(crate) applies: Arc<Courses<proto::ApplyResponse>>,
    pub(crate) recoveries: Arc<Courses<proto::ExecuteRecoveryResponse>>,
    /// Held by whoever changes more than one node: one at a time.
    pub(crate) campaign: Arc<Mutex<()>>,
    pub(crate) version: String,
    watchers: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("run_id", &self.journal.run_id()).finish_non_exhaustive()
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Api {
    pub(crate) fn new(node: Arc<dyn Node>, run_id: String, cluster_name: String, version: String) -> Self {
        let journal = Journal::new(run_id.clone(), cluster_name);
        journal.note(&node.view());
        Self(Arc::new(Shared {
            node,
            journal,
            events: EventLog::new(run_id),
            once: Arc::default(),
            applies: Arc::default(),
            recoveries: Arc::default(),
            campaign: Arc::default(),
            version,
            watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
            answers: Arc::new(Semaphore::new(ANSWERS_MAX)),
        }))
    }

    /// A place among the watchers, held while the stream lives.
    pub(crate) fn watcher(&self) -> Result<OwnedSemaphorePermit, Status> {
        Arc::clone(&self.watchers).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!(
                "{WATCHERS_MAX} streams are watched already; end some, or ask another node"
            ))
        })
    }

    /// A place among the answers, held until the answer is taken.
    pub(crate) fn answer(&self) -> Result<OwnedSemaphorePermit, Status> {
        Arc::clone(&self.answers).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!(
                "{ANSWERS_MAX} answers wait for clients that do not take them; find those, or ask another node"
            ))
        })
    }
}

impl Shared {
    /// Takes the latest view into the journal, and tells where it stands: what was done before is seen after.
    pub(crate) fn catch_up(&self) -> Standing {
        self.journal.note(&self.node.view());
        self.journal.standing()
    }

    /// Waits until a view is as wanted, at most so long. Gives whether one was.
    pub(crate) async fn shows(&self, within: Duration, wanted: impl Fn(&ClusterView) -> bool) -> bool {
        let mut head = self.journal.head();
        let seen = async {
            loop {
                head.borrow_and_update();
                if wanted(&self.node.view()) {
                    return true;
                }
                if head.changed().await.is_err() {
                    return false;
                }
            }
        };
        timeout(within, seen).await.unwrap_or(false)
    }

    pub(crate) fn revision(&self) -> proto::Revision {
        self.journal.revision(self.catch_up().revision)
    }
}
