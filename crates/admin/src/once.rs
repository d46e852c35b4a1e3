//! Calls that act once, however often they are sent.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use prost::Message;
use tokio::sync::watch;
use tonic::Status;

/// Longest idempotency key in bytes.
const KEY_BYTES_MAX: usize = 128;

/// What is said of a call that ended without saying so.
pub(crate) const CUT_OFF: &str = "the call with that idempotency key was cut off; look at the topology and try again";

type Outcome = Option<Result<Vec<u8>, Status>>;

/// The keys of calls that have succeeded or are under way.
#[derive(Debug, Default)]
pub(crate) struct Once {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    calls: BTreeMap<String, Call>,
    /// Keys, oldest first.
    order: VecDeque<String>,
}

#[derive(Clone, Debug)]
struct Call {
    /// Checksum of the request: a key names one request.
    request: u64,
    outcome: watch::Receiver<Outcome>,
}

impl Once {
    /// Most keys that are remembered.
    pub(crate) const KEYS_MAX: usize = 1024;

    /// Runs `work`, unless a call of the method with that key has run or is running: then gives its answer. With a key the
    /// work goes on when the caller goes away, so that a repeated call finds what became of it. Without a key it just runs.
    pub(crate) async fn run<R>(
        self: &Arc<Self>,
        method: &str,
        key: &str,
        request: &impl Message,
        work: impl Future<Output = Result<R, Status>> + Send + 'static,
    ) -> Result<R, Status>
    where
        R: Message + Default,
    {
        if key.is_empty() {
            return work.await;
        }
        check_key(key)?;
        let checksum = checksum(&request.encode_to_vec());
        let mut outcome = match self.enter(&format!("{method} {key}"), checksum)? {
            Entry::Known(outcome) => outcome,
            Entry::New(outcome, sender) => {
                let running = Running { once: Arc::clone(self), outcome: sender };
                tokio::spawn(async move {
                    let result = work.await.map(|response| response.encode_to_vec());
                    running.end(result);
                });
                outcome
            }
        };
        let ended = outcome.wait_for(Option::is_some).await;
        let bytes = ended.ok().and_then(|outcome| outcome.clone()).unwrap_or_else(|| Err(Status::aborted(CUT_OFF)))?;
        R::decode(&bytes[..]).map_err(|error| Status::internal(format!("a remembered answer can't be read: {error}")))
    }

    fn enter(&self, name: &str, request: u64) -> Result<Entry, Status> {
        let mut known = self.lock();
        if let Some(call) = known.calls.get(name) {
            check_request(call.request, request)?;
            return Ok(Entry::Known(call.outcome.clone()));
        }
        if known.order.len() >= Self::KEYS_MAX {
            known.drop_oldest_ended()?;
        }
        let (sender, outcome) = watch::channel(None);
        known.calls.insert(name.to_owned(), Call { request, outcome: outcome.clone() });
        known.order.push_back(name.to_owned());
        Ok(Entry::New(outcome, sender))
    }

    /// Forgets the call that ends with `outcome`, and no later one of its name.
    fn drop_call(&self, outcome: &watch::Sender<Outcome>) {
        let ended = outcome.subscribe();
        let Known { calls, order } = &mut *self.lock();
        calls.retain(|_, call| !call.outcome.same_channel(&ended));
        order.retain(|name| calls.contains_key(name));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock()
    }
}

impl Known {
    /// Makes room. A call that is under way keeps its place: forgotten, it would run twice.
    fn drop_oldest_ended(&mut self) -> Result<(), Status> {
        let ended = |name: &String| self.calls.get(name).is_none_or(|call| call.outcome.borrow().is_some());
        let oldest = self.order.iter().position(ended).and_then(|index| self.order.remove(index));
        let oldest = oldest.ok_or_else(|| {
            Status::resource_exhausted(format!(
                "{} calls with an idempotency key are under way; wait for one to end",
                Once::KEYS_MAX
            ))
        })?;
        self.calls.remove(&oldest);
        Ok(())
    }
}

/// A call under way. Dropped without an end it was cut off.
struct Running {
    once: Arc<Once>,
    outcome: watch::Sender<Outcome>,
}

impl Running {
    fn end(&self, result: Result<Vec<u8>, Status>) {
        if result.is_err() {
            self.once.drop_call(&self.outcome);
        }
        self.outcome.send_replace(Some(result));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.outcome.borrow().is_none() {
            self.end(Err(Status::aborted(CUT_OFF)));
        }
    }
}

enum Entry {
    Known(watch::Receiver<Outcome>),
    New(watch::Receiver<Outcome>, watch::Sender<Outcome>),
}

/// Refuses a key that is too long.
pub(crate) fn check_key(key: &str) -> Result<(), Status> {
    if key.len() > KEY_BYTES_MAX {
        return Err(Status::invalid_argument(format!("options.idempotency_key: at most {KEY_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Refuses a key that stands for another request.
pub(crate) fn check_request(known: u64, request: u64) -> Result<(), Status> {
    if known != request {
        let reason = "options.idempotency_key: this key was used for another request; take a new one";
        return Err(Status::invalid_argument(reason));
    }
    Ok(())
}

/// What two requests are compared by.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::proto::{Revision, SlotRange};

    async fn call(
        once: &Arc<Once>,
        key: &str,
        first: u32,
        count: &Arc<AtomicU64>,
        fail: bool,
    ) -> Result<Revision, Status> {
        let count = Arc::clone(count);
        let request = SlotRange { first, last: 9 };
        once.run("Method", key, &request, async move {
            let number = count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if fail { Err(Status::unavailable("no")) } else { Ok(Revision { run_id: String::new(), number }) }
        })
        .await
    }

    #[tokio::test]
    async fn one_key_acts_once_also_for_calls_at_the_same_time() {
        let (once, count) = (Arc::new(Once::default()), Arc::new(AtomicU64::new(7)));
        let (a, b) = tokio::join!(call(&once, "k", 1, &count, false), call(&once, "k", 1, &count, false));
        assert_eq!((a.unwrap().number, b.unwrap().number), (7, 7));
        assert_eq!(call(&once, "k", 1, &count, false).await.unwrap().number, 7);
        assert_eq!(call(&once, "", 1, &count, false).await.unwrap().number, 8, "without a key each call acts");
        let other = call(&once, "k", 2, &count, false).await.unwrap_err();
        assert_eq!(other.code(), tonic::Code::InvalidArgument);
        let long = call(&once, &"k".repeat(129), 2, &count, false).await.unwrap_err();
        assert_eq!(long.code(), tonic::Code::InvalidArgument);
    }

    #[tokio::test]
    async fn a_failed_call_may_be_tried_again_and_old_keys_make_room() {
        let (once, count) = (Arc::new(Once::default()), Arc::new(AtomicU64::new(0)));
        assert_eq!(call(&once, "k", 1, &count, true).await.unwrap_err().code(), tonic::Code::Unavailable);
        assert_eq!(call(&once, "k", 1, &count, false).await.unwrap().number, 1);
        for key in 0..Once::KEYS_MAX {
            call(&once, &key.to_string(), 1, &count, false).await.unwrap();
        }
        assert_eq!(once.lock().order.len(), Once::KEYS_MAX);
        let again = call(&once, "k", 1, &count, false).await.unwrap().number;
        assert_eq!(again, 2 + Once::KEYS_MAX as u64, "the oldest key was forgotten");
    }

    #[tokio::test]
    async fn a_call_goes_on_without_its_caller() {
        let (once, count) = (Arc::new(Once::default()), Arc::new(AtomicU64::new(0)));
        {
            let gone = call(&once, "k", 1, &count, false);
            tokio::pin!(gone);
            assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(gone.as_mut().poll(cx).is_pending())).await);
        }
        assert_eq!(call(&once, "k", 1, &count, false).await.unwrap().number, 0, "the answer of the first call");
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    async fn begun<R>(call: impl Future<Output = R>) {
        tokio::pin!(call);
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    }

    #[tokio::test]
    async fn a_call_under_way_keeps_its_key_and_too_many_are_refused() {
        let (once, count) = (Arc::new(Once::default()), Arc::new(AtomicU64::new(0)));
        let request = SlotRange { first: 1, last: 9 };
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let work = async move { wait.await.map(|()| Revision::default()).map_err(|_| Status::unavailable("no")) };
        begun(once.run("Method", "k", &request, work)).await;
        for key in 0..Once::KEYS_MAX {
            call(&once, &key.to_string(), 1, &count, false).await.unwrap();
        }
        let again = once.run("Method", "k", &request, async { Ok(Revision { run_id: "second".into(), number: 1 }) });
        go.send(()).unwrap();
        assert_eq!(again.await.unwrap(), Revision::default(), "the answer of the first call");
        let once = Arc::new(Once::default());
        for key in 0..Once::KEYS_MAX {
            let never = std::future::pending::<Result<Revision, Status>>();
            begun(once.run("Method", &key.to_string(), &request, never)).await;
        }
        let refused = call(&once, "k", 1, &count, false).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
    }

    #[tokio::test]
    async fn a_call_that_was_cut_off_may_be_tried_again() {
        let (once, count) = (Arc::new(Once::default()), Arc::new(AtomicU64::new(0)));
        let Ok(Entry::New(ended, outcome)) = once.enter("Method k", 1) else { panic!("it is known") };
        drop(Running { once: Arc::clone(&once), outcome });
        assert!(matches!(&*ended.borrow(), Some(Err(status)) if status.code() == tonic::Code::Aborted));
        assert_eq!(once.lock().order.len(), 0);
        assert_eq!(call(&once, "k", 1, &count, false).await.unwrap().number, 0);
    }
}
