//! The thread that frees what takes long to free.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use crate::ending::{Ending, TellPanic};

/// Something to free.
type Garbage = Box<dyn Send>;

/// Where to leave what takes long to free. The thread ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Reaper(Sender<Garbage>);

impl Reaper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn start(endings: &UnboundedSender<Ending>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Garbage>();
        let tell = TellPanic::new(endings, "the thread that frees memory");
        thread::Builder::new().name("reaper".into()).spawn(move || {
            let _tell = tell;
            receiver.into_iter().for_each(drop);
        })?;
        Ok(Self(sender))
    }

    /// Frees it there.
    pub(crate) fn free(&self, garbage: Garbage) {
        // Where the thread is gone, it is freed here.
        let _ = self.0.send(garbage);
    }
}
