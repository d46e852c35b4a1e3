//! Calls that tell of their progress. What a call has told is kept, so that the same call sent again is told the same.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::unfold;
use parking_lot::{Mutex, MutexGuard};
use prost::Message;
use tokio::sync::watch;
use tonic::Status;

use crate::once::{self, CUT_OFF};
use crate::services::Updates;

/// The courses of one method, by idempotency key.
#[derive(Debug)]
pub(crate) struct Courses<T> {
    /// Those that run or have ended well, oldest first.
    known: Mutex<VecDeque<Known<T>>>,
}

#[derive(Debug)]
struct Known<T> {
    key: String,
    /// Checksum of the request: a key names one request.
    request: u64,
    course: Arc<Course<T>>,
}

/// What became of a call so far.
#[derive(Debug)]
pub(crate) struct Course<T> {
    told: Mutex<Told<T>>,
    /// Moves with everything that is told.
    head: watch::Sender<()>,
    /// It goes on when nobody listens, since somebody may ask again.
    keyed: bool,
}

#[derive(Debug)]
struct Told<T> {
    updates: Vec<T>,
    end: Option<Result<(), Status>>,
}

/// Whoever carries a call out, and tells of it. Dropped without a word it was cut off.
#[derive(Debug)]
pub(crate) struct Teller<T> {
    courses: Arc<Courses<T>>,
    course: Arc<Course<T>>,
}

/// What a call leads to.
#[derive(Debug)]
pub(crate) enum Entry<T> {
    /// It runs already, or has ended well.
    Known(Arc<Course<T>>),
    /// It is to be carried out.
    New(Teller<T>),
}

impl<T> Default for Courses<T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T> Courses<T> {
    /// Most keys that are remembered.
    pub(crate) const KEYS_MAX: usize = 64;

    /// The course of the call with that key; a new one without a key, and for a key that is not known.
    pub(crate) fn enter(self: &Arc<Self>, key: &str, request: &impl Message) -> Result<Entry<T>, Status> {
        once::check_key(key)?;
        let request = once::checksum(&request.encode_to_vec());
        let mut known = self.lock();
        if let Some(other) = known.iter().find(|other| !key.is_empty() && other.key == key) {
            once::check_request(other.request, request)?;
            return Ok(Entry::Known(Arc::clone(&other.course)));
        }
        let told = Mutex::new(Told { updates: Vec::new(), end: None });
        let course = Arc::new(Course { told, head: watch::Sender::new(()), keyed: !key.is_empty() });
        if course.keyed {
            if known.len() == Self::KEYS_MAX {
                known.pop_front();
            }
            known.push_back(Known { key: key.to_owned(), request, course: Arc::clone(&course) });
        }
        Ok(Entry::New(Teller { courses: Arc::clone(self), course }))
    }

    fn drop_course(&self, course: &Arc<Course<T>>) {
        self.lock().retain(|known| !Arc::ptr_eq(&known.course, course));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Known<T>>> {
        self.known.lock()
    }
}

impl<T> Teller<T> {
    /// Tells of a step. Gives `false` when nobody wants the call to go on.
    pub(crate) fn tell(&self, update: T) -> bool {
        self.course.lock().updates.push(update);
        self.course.head.send_replace(());
        self.course.keyed || self.course.head.receiver_count() > 0
    }

    /// Everything is done.
    pub(crate) fn finish(self) {
        self.course.end(Ok(()));
    }

    /// It is over. A call that has failed may be tried again with the same key.
    pub(crate) fn fail(self, status: Status) {
        self.end_badly(status);
    }

    fn end_badly(&self, status: Status) {
        self.courses.drop_course(&self.course);
        self.course.end(Err(status));
    }
}

impl<T> Teller<T>
where
    T: Clone + Send + 'static,
{
    /// Everything that is told, from the first word.
    pub(crate) fn updates(&self) -> Updates<T> {
        Arc::clone(&self.course).updates()
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        if self.course.lock().end.is_none() {
            self.end_badly(Status::aborted(CUT_OFF));
        }
    }
}

impl<T> Course<T> {
    fn end(&self, end: Result<(), Status>) {
        self.lock().end.get_or_insert(end);
        self.head.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Told<T>> {
        self.told.lock()
    }
}

impl<T> Course<T>
where
    T: Clone + Send + 'static,
{
    /// Everything that is told, from the first word.
    pub(crate) fn updates(self: Arc<Self>) -> Updates<T> {
        let head = self.head.subscribe();
        Box::pin(unfold(Some((self, head, 0)), |reader| async move {
            let (course, mut head, seen) = reader?;
            loop {
                head.borrow_and_update();
                let next = {
                    let told = course.lock();
                    told.updates.get(seen).cloned().map(Ok).or_else(|| told.end.clone()?.err().map(Err))
                };
                match next {
                    Some(Ok(update)) => return Some((Ok(update), Some((course, head, seen + 1)))),
                    Some(Err(status)) => return Some((Err(status), None)),
                    None if course.lock().end.is_some() => return None,
                    // The sender is part of the course, which is held here.
                    None => head.changed().await.ok()?,
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};
    use tonic::Code;

    use super::*;
    use crate::proto::Revision;

    fn enter(courses: &Arc<Courses<u32>>, key: &str, number: u64) -> Result<Entry<u32>, Status> {
        courses.enter(key, &Revision { run_id: String::new(), number })
    }

    fn begin(courses: &Arc<Courses<u32>>, key: &str) -> Teller<u32> {
        let Ok(Entry::New(teller)) = enter(courses, key, 1) else { panic!("'{key}' is known") };
        teller
    }

    #[tokio::test]
    async fn a_repeated_call_is_told_everything_while_the_first_runs_and_after_its_end() {
        let courses = Arc::new(Courses::default());
        let teller = begin(&courses, "k");
        assert!(teller.tell(1), "it goes on although nobody listens");
        let Ok(Entry::Known(again)) = enter(&courses, "k", 1) else { panic!("it runs") };
        let mut updates = again.updates();
        assert_eq!(updates.next().await.unwrap().unwrap(), 1);
        assert!(updates.next().now_or_never().is_none(), "nothing more has happened");
        teller.tell(2);
        teller.finish();
        assert_eq!(updates.next().await.unwrap().unwrap(), 2);
        assert!(updates.next().await.is_none());
        let Ok(Entry::Known(late)) = enter(&courses, "k", 1) else { panic!("it is remembered") };
        assert_eq!(late.updates().map(Result::unwrap).collect::<Vec<_>>().await, [1, 2]);
        assert_eq!(enter(&courses, "k", 2).unwrap_err().code(), Code::InvalidArgument, "another request");
    }

    #[tokio::test]
    async fn a_call_that_failed_or_was_cut_off_may_be_tried_again() {
        let courses = Arc::new(Courses::default());
        let teller = begin(&courses, "k");
        let mut updates = teller.updates();
        teller.fail(Status::unavailable("no"));
        assert_eq!(updates.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
        assert!(updates.next().await.is_none());
        let teller = begin(&courses, "k");
        let mut updates = teller.updates();
        drop(teller);
        assert_eq!(updates.next().await.unwrap().unwrap_err().code(), Code::Aborted);
        drop(begin(&courses, "k"));
    }

    #[test]
    fn without_a_key_a_call_ends_with_its_caller_and_old_keys_make_room() {
        let courses = Arc::new(Courses::default());
        let teller = begin(&courses, "");
        let updates = teller.updates();
        assert!(teller.tell(1));
        drop(updates);
        assert!(!teller.tell(2), "nobody listens");
        assert!(matches!(enter(&courses, "", 1), Ok(Entry::New(_))));
        for key in 0..=Courses::<u32>::KEYS_MAX {
            begin(&courses, &key.to_string()).finish();
        }
        assert_eq!(courses.lock().len(), Courses::<u32>::KEYS_MAX);
        begin(&courses, "0").finish();
    }
}
