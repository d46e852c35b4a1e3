//! How others reach the task of a connection.

use std::sync::Arc;

use slotmesh_command::Driver;
use tokio::sync::Notify;

/// How others reach the task of a connection. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals(Arc<Both>);

#[derive(Debug, Default)]
struct Both {
    killed: Notify,
    pushed: Notify,
    served: Notify,
}

impl Signals {
    /// Waits until the connection has to end.
    pub(crate) async fn killed(&self) {
        self.0.killed.notified().await;
    }

    /// Waits until the request that waits for keys may have been served.
    pub(crate) async fn served(&self) {
        self.0.served.notified().await;
    }

    /// There is more to send that nobody asked for.
    pub(crate) fn more(&self) {
        self.0.pushed.notify_one();
    }

    /// Waits until there is something to send that nobody asked for.
    pub(crate) async fn pushed(&self) {
        self.0.pushed.notified().await;
    }
}

impl Driver for Signals {
    fn served(&self) {
        self.0.served.notify_one();
    }

    fn killed(&self) {
        self.0.killed.notify_one();
    }

    fn pushed(&self) {
        self.0.pushed.notify_one();
    }
}
