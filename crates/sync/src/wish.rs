//! One look for all who wished for it.

use crate::atomic::{AtomicBool, Ordering::AcqRel};

/// That somebody shall look at what has changed. Whoever wishes first tells the one that looks; those after him need not, until
/// the look begins.
#[derive(Debug, Default)]
pub struct Wish(AtomicBool);

impl Wish {
    /// What was changed before is seen by a look that begins after this. Tells whether nobody has wished yet: then it must be
    /// told.
    #[must_use]
    pub fn make(&self) -> bool {
        !self.0.swap(true, AcqRel)
    }

    /// A look begins: who wishes from now on has to tell again. A plain store would not make sure that the look sees what those
    /// changed who did not tell.
    pub fn take(&self) {
        self.0.swap(false, AcqRel);
    }
}

#[cfg(all(test, slotmesh_model))]
mod models {
    use std::sync::Arc;

    use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use loom::sync::mpsc;
    use loom::thread;

    use super::*;

    #[test]
    fn the_last_look_sees_every_change() {
        loom::model(|| {
            let (wish, changes) = (Arc::new(Wish::default()), Arc::new([AtomicU32::new(0), AtomicU32::new(0)]));
            let (tell, told) = mpsc::channel();
            let looks = thread::spawn({
                let (wish, changes) = (Arc::clone(&wish), Arc::clone(&changes));
                move || {
                    let mut seen = [0, 0];
                    while told.recv().expect("somebody tells") {
                        wish.take();
                        seen = [0, 1].map(|place: usize| changes[place].load(Relaxed));
                    }
                    seen
                }
            });
            let change = |wish: &Wish, change: &AtomicU32, tell: &mpsc::Sender<bool>| {
                change.store(1, Relaxed);
                if wish.make() {
                    tell.send(true).expect("it is waited for");
                }
            };
            let other = thread::spawn({
                let (wish, changes, tell) = (Arc::clone(&wish), Arc::clone(&changes), tell.clone());
                move || change(&wish, &changes[0], &tell)
            });
            change(&wish, &changes[1], &tell);
            other.join().expect("no panic");
            tell.send(false).expect("it is waited for");
            assert_eq!(looks.join().expect("no panic"), [1, 1]);
        });
    }
}
