//! Why a node ends.

use std::thread;

use tokio::sync::mpsc::UnboundedSender;

/// Why a node ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A client sent SHUTDOWN.
    Shutdown,
    /// It can't go on, for this reason.
    Fatal(String),
}

/// Ends the node when what holds this panics: a node that lacks a part of itself must not look alive.
pub(crate) struct TellPanic {
    endings: UnboundedSender<Ending>,
    what: &'static str,
}

impl TellPanic {
    /// `what` says what would have panicked.
    pub(crate) fn new(endings: &UnboundedSender<Ending>, what: &'static str) -> Self {
        Self { endings: endings.clone(), what }
    }

    /// Runs a task under its eyes. The runtime keeps a panic of a task to itself.
    pub(crate) async fn watch(self, task: impl Future<Output = ()>) {
        let _held_by_the_task = self;
        task.await;
    }
}

impl Drop for TellPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody listens any more: the node is ending already.
            let _ = self.endings.send(Ending::Fatal(format!("{} panicked; please report this", self.what)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_task_that_panics_ends_the_node() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (told, mut endings) = tokio::sync::mpsc::unbounded_channel();
        runtime.block_on(async {
            let watch = |task: fn()| TellPanic::new(&told, "a task").watch(async move { task() });
            assert!(tokio::spawn(watch(|| {})).await.is_ok());
            let cancelled = tokio::spawn(TellPanic::new(&told, "another").watch(std::future::pending()));
            cancelled.abort();
            assert!(cancelled.await.is_err());
            assert!(endings.try_recv().is_err());
            assert!(tokio::spawn(watch(|| panic!("on purpose"))).await.is_err());
            assert_eq!(endings.try_recv(), Ok(Ending::Fatal("a task panicked; please report this".into())));
        });
    }
}
