//! A node's disk: what was written, what is there for sure, and what waits for it.

use std::collections::VecDeque;
use std::sync::Arc;

use slotmesh_gossip::{Action, Durability, LinkId, Memory};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, NodeId, Now};

use crate::parcel::Parcel;

/// After a save that nobody waits for the disk has rest for so many times as long as it took, as the server gives it.
const LAZY_SHARE: u32 = 8;

/// What a node has put into its nodes.conf about itself: what it may tell others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Promises {
    pub(crate) id: NodeId,
    pub(crate) current_epoch: CurrentEpoch,
    pub(crate) config_epoch: ConfigEpoch,
    pub(crate) last_vote_epoch: CurrentEpoch,
}

impl Promises {
    fn of(table: &Table) -> Self {
        Self {
            id: *table.me().id(),
            current_epoch: table.current_epoch,
            config_epoch: table.me().config_epoch,
            last_vote_epoch: table.last_vote_epoch,
        }
    }
}

/// A nodes.conf, and what stands beside it.
#[derive(Clone)]
pub(crate) struct File {
    /// What it says, and when it was written. Few of the texts are ever read, and big worlds write them all the time. Nothing in
    /// a world that keeps no files.
    content: Option<Arc<(Table, Now)>>,
    promises: Promises,
    memory: Memory,
}

impl File {
    pub(crate) fn new(table: Table, now: Now, memory: Memory) -> Self {
        Self { promises: Promises::of(&table), content: Some(Arc::new((table, now))), memory }
    }

    /// The same without what only a process reads that begins.
    pub(crate) fn without_content(table: &Table) -> Self {
        Self { promises: Promises::of(table), content: None, memory: Memory::default() }
    }
}

/// nodes.conf on its way to the platter. Saves run one at a time, beside the node; one covers every wish that came before
/// it started.
pub(crate) struct Disk {
    /// What survives a power failure.
    safe: File,
    /// What survives the end of the process.
    written: File,
    wanted: Option<Durability>,
    running: Option<Job>,
    /// When the next save may start that nobody waits for.
    lazy_after: Mono,
    asked: u64,
    done: u64,
    /// The save that held actions wait for.
    barrier: u64,
    held: VecDeque<Held>,
}

/// What waits for the disk. While many nodes vote, all that they send for milliseconds does.
pub(crate) enum Held {
    Packet { link: LinkId, parcel: Parcel },
    Other(Action),
}

struct Job {
    number: u64,
    begun: Mono,
    file: File,
    sync: bool,
}

impl Disk {
    /// A disk with this nodes.conf.
    pub(crate) fn new(file: File) -> Self {
        Self {
            safe: file.clone(),
            written: file,
            wanted: None,
            running: None,
            lazy_after: Mono::default(),
            asked: 0,
            done: 0,
            barrier: 0,
            held: VecDeque::new(),
        }
    }

    /// Notes a wish to save.
    pub(crate) fn want(&mut self, durability: Durability) {
        self.asked += 1;
        self.wanted = self.wanted.max(Some(durability));
        if durability == Durability::Barrier {
            self.barrier = self.asked;
        }
    }

    /// Whether a save can start: it is wanted, none is running, and it is urgent or the disk has had its rest.
    pub(crate) fn is_due(&self, now: Mono) -> bool {
        let wanted = self.wanted.is_some_and(|durability| durability > Durability::Lazy || now >= self.lazy_after);
        self.running.is_none() && wanted
    }

    /// Starts a save of this file.
    pub(crate) fn start(&mut self, now: Mono, file: File) {
        let Some(durability) = self.wanted.take() else { return };
        self.running = Some(Job { number: self.asked, begun: now, file, sync: durability >= Durability::Synced });
    }

    /// The running save is done. Tells when the disk will have had its rest.
    pub(crate) fn finish(&mut self, now: Mono) -> Mono {
        let Some(job) = self.running.take() else { return now };
        self.done = job.number;
        self.lazy_after = now.after(now.since(job.begun) * LAZY_SHARE);
        if job.sync {
            self.safe.clone_from(&job.file);
        }
        self.written = job.file;
        self.lazy_after
    }

    /// Whether actions have to wait.
    pub(crate) fn holds(&self) -> bool {
        self.barrier > self.done
    }

    /// How much waits.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Keeps it until the disk is ready.
    pub(crate) fn hold(&mut self, held: Held) {
        self.held.push_back(held);
    }

    /// The next of what need not wait any more.
    pub(crate) fn release(&mut self) -> Option<Held> {
        if self.holds() { None } else { self.held.pop_front() }
    }

    /// The node ended. `power` failed, or just its process; `lucky` saves had got further than they had to.
    pub(crate) fn crash(&mut self, power: bool, lucky: bool) {
        if let Some(job) = self.running.take().filter(|_| lucky) {
            self.written = job.file;
        }
        let left = if power && !lucky { self.safe.clone() } else { self.written.clone() };
        *self = Self::new(left);
    }

    /// nodes.conf as a new process finds it.
    ///
    /// # Panics
    /// When it was saved in a world that keeps no files.
    pub(crate) fn text(&self) -> Vec<u8> {
        let (table, now) =
            &**self.written.content.as_ref().expect("a world that keeps no files, and a process that begins");
        ConfFile::text_of(table, *now)
    }

    /// What stands beside it then.
    pub(crate) fn memory(&self) -> &Memory {
        &self.written.memory
    }

    /// What a power failure would leave.
    pub(crate) fn safe(&self) -> &Promises {
        &self.safe.promises
    }
}
