//! How others reach the task of a connection.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use slotmesh_command::Driver;
use tokio::sync::Notify;

/// The connection has to end.
const KILLED: u8 = 1;
/// There is something to send that nobody asked for.
const PUSHED: u8 = 2;

/// How others reach the task of a connection. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals(Arc<Raised>);

/// The task looks at its flags with each packet that arrives, so that costs no more than reading them.
#[derive(Debug, Default)]
struct Raised {
    flags: AtomicU8,
    /// The task, once it runs. A connection that moves to another thread has another.
    task: Mutex<Option<Waker>>,
    served: Notify,
}

impl Signals {
    /// From here on this task is woken. Call it before the others that wait for a flag; they are for this task only.
    pub(crate) async fn attach(&self) {
        // Whoever raises a flag and finds no task, or the last one, has done so before this, and the task will see it.
        poll_fn(|cx| {
            *self.0.task.lock() = Some(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
    }

    /// Waits until the connection has to end.
    pub(crate) async fn killed(&self) {
        self.lowered(KILLED).await;
    }

    /// Waits until the request that waits for keys may have been served. Any task may.
    pub(crate) async fn served(&self) {
        self.0.served.notified().await;
    }

    /// There is more to send that nobody asked for.
    pub(crate) fn more(&self) {
        self.raise(PUSHED);
    }

    /// Waits until there is something to send that nobody asked for.
    pub(crate) async fn pushed(&self) {
        self.lowered(PUSHED).await;
    }

    fn raise(&self, flag: u8) {
        self.0.flags.fetch_or(flag, Ordering::AcqRel);
        if let Some(task) = &*self.0.task.lock() {
            task.wake_by_ref();
        }
    }

    /// Waits until a flag is raised, and lowers it.
    async fn lowered(&self, flag: u8) {
        poll_fn(|cx| {
            debug_assert!(
                self.0.task.lock().as_ref().is_some_and(|task| task.will_wake(cx.waker())),
                "a task of its own"
            );
            if self.0.flags.load(Ordering::Acquire) & flag == 0 {
                return Poll::Pending;
            }
            self.0.flags.fetch_and(!flag, Ordering::AcqRel);
            Poll::Ready(())
        })
        .await;
    }
}

impl Driver for Signals {
    fn served(&self) {
        self.0.served.notify_one();
    }

    fn killed(&self) {
        self.raise(KILLED);
    }

    fn pushed(&self) {
        self.raise(PUSHED);
    }
}
