//! Saving nodes.conf on a thread of its own: a slow disk never delays a heartbeat.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::conf_file::NodesConf;

/// A text to save.
pub(crate) struct Job {
    /// Position in the order of saves.
    pub(crate) number: u64,
    pub(crate) text: Vec<u8>,
    /// Whether it must reach the disk.
    pub(crate) sync: bool,
}

/// How a save went.
pub(crate) struct Saved {
    pub(crate) number: u64,
    pub(crate) result: io::Result<()>,
}

pub(crate) struct Saver {
    jobs: mpsc::Sender<Job>,
}

impl Saver {
    pub(crate) fn start(conf: NodesConf) -> io::Result<(Self, UnboundedReceiver<Saved>)> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (done, results): (UnboundedSender<Saved>, _) = unbounded_channel();
        thread::Builder::new().name("conf-saver".into()).spawn(move || {
            for job in inbox {
                let result = conf.save(&job.text, job.sync);
                if done.send(Saved { number: job.number, result }).is_err() {
                    return;
                }
            }
        })?;
        Ok((Self { jobs }, results))
    }

    pub(crate) fn save(&self, job: Job) {
        self.jobs.send(job).expect("the saver lives as long as the bus");
    }
}
