//! Saving nodes.conf and what stands beside it on a thread of its own: neither a slow disk nor a long text delays a heartbeat.

use std::fs::File;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::Now;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::conf_file::NodesConf;
use crate::own_facts::OwnFile;

/// What is to be saved.
pub(crate) struct Job {
    /// Position in the order of saves.
    pub(crate) number: u64,
    /// What nodes.conf is to tell. Its text takes a microsecond for each node, a copy of the table a fiftieth of that.
    pub(crate) table: Table,
    /// When the table was that.
    pub(crate) now: Now,
    /// What stands beside nodes.conf, if that has changed.
    pub(crate) own: Option<String>,
    /// Whether it must reach the disk.
    pub(crate) sync: bool,
}

/// The files of a node.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) conf: NodesConf,
    pub(crate) own: OwnFile,
}

/// Descriptors that a save needs at a time: for the file and for its folder.
const RESERVE: usize = 2;

/// Attempts at a save for which there are no descriptors, and the rest between them. Others may take what is set free.
const ATTEMPTS: usize = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Descriptors kept for saving: whoever opens connections until there are none left must not end the node.
#[derive(Debug, Default)]
struct Reserve(Vec<File>);

impl Reserve {
    /// Takes what is missing, as far as there is any.
    fn fill(&mut self) {
        while self.0.len() < RESERVE
            && let Ok(file) = File::open("/dev/null")
        {
            self.0.push(file);
        }
    }

    /// Saves, with the descriptors that were kept where there are no others.
    #[expect(clippy::disallowed_methods, reason = "nothing tells when a descriptor is free, and nobody else runs here")]
    fn save(&mut self, mut save: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        let mut result = save();
        for _ in 0..ATTEMPTS {
            if !result.as_ref().is_err_and(is_for_want_of_descriptors) {
                break;
            }
            self.0.clear();
            result = save();
            if result.as_ref().is_err_and(is_for_want_of_descriptors) {
                thread::sleep(PAUSE);
            }
        }
        self.fill();
        result
    }
}

fn is_for_want_of_descriptors(error: &io::Error) -> bool {
    let codes = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    codes.iter().any(|code| error.raw_os_error() == Some(code.raw_os_error()))
}

impl Files {
    /// The file beside comes first: a node that it bars and that nodes.conf still knows is forgotten at the next start,
    /// one that neither knows would come back by gossip.
    fn save(&self, job: &Job) -> io::Result<()> {
        if let Some(own) = &job.own {
            self.own.save(own, job.sync)?;
        }
        self.conf.save(&ConfFile::text_of(&job.table, job.now), job.sync)
    }
}

/// How a save went.
pub(crate) struct Saved {
    pub(crate) number: u64,
    pub(crate) result: io::Result<()>,
}

/// The running thread. Dropping it waits for its end: then the files are closed, and their locks are free.
pub(crate) struct Saver {
    /// There until it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Saver {
    pub(crate) fn start(files: Files) -> io::Result<(Self, UnboundedReceiver<Saved>)> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (done, results): (UnboundedSender<Saved>, _) = unbounded_channel();
        // Before anybody is let in who could leave none.
        let mut reserve = Reserve::default();
        reserve.fill();
        let thread = thread::Builder::new().name("conf-saver".into()).spawn(move || {
            for job in inbox {
                let result = reserve.save(|| files.save(&job));
                if done.send(Saved { number: job.number, result }).is_err() {
                    return;
                }
            }
        })?;
        Ok((Self { jobs: Some(jobs), thread: Some(thread) }, results))
    }

    pub(crate) fn save(&self, job: Job) {
        let jobs = self.jobs.as_ref().expect("it is not being dropped");
        jobs.send(job).expect("the saver lives as long as the bus");
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        // Without a sender the thread ends after the job at hand.
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic of it has been told already; what counts is that it is gone.
            let _ = thread.join();
        }
    }
}
