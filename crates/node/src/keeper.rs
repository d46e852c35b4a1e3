//! The thread that does for the keys what no client asks for, so that neither the bus nor a client has to wait for it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use slotmesh_command::{Held, PauseReason};
use slotmesh_sync::Wish;
use slotmesh_types::{Mono, ReplOffset, SlotSet};

use crate::bus::BusRequest;
use crate::clients::Shared;
use crate::ending::TellPanic;

/// How often it is looked for keys that have expired, and at the memory that is used.
const EXPIRE_INTERVAL: Duration = Duration::from_millis(100);

/// How long that may take each time.
const EXPIRE_FOR: Duration = Duration::from_millis(25);

/// How long it may take each time to let keys go where memory is full.
const EVICT_MICROS: u64 = 25_000;

/// What there is to do.
enum Chore {
    /// The view of the cluster has changed.
    Topology,
    /// The keys of these slots belong to others.
    DropKeys(Box<SlotSet>),
    /// This node has become a replica.
    DropKeysOfReplica,
    /// Hold writes back until then, or no longer.
    PauseWrites(Option<Mono>),
    Stop,
}

/// Where chores are left. Clones share it; nobody waits there.
#[derive(Clone, Debug)]
pub(crate) struct Chores(Arc<Inbox>);

#[derive(Debug)]
struct Inbox {
    sender: Sender<Chore>,
    /// To look at the view of the cluster.
    topology: Wish,
}

/// The running thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    chores: Chores,
    thread: JoinHandle<()>,
}

/// What the thread will take its chores from.
pub(crate) struct Waiting(Receiver<Chore>);

impl Chores {
    /// The place to leave them, before the thread runs.
    pub(crate) fn new() -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel();
        (Self(Arc::new(Inbox { sender, topology: Wish::default() })), Waiting(receiver))
    }

    /// The view of the cluster has changed.
    pub(crate) fn follow_topology(&self) {
        if self.0.topology.make() {
            self.leave(Chore::Topology);
        }
    }

    /// The keys of these slots belong to others.
    pub(crate) fn drop_keys(&self, slots: Box<SlotSet>) {
        self.leave(Chore::DropKeys(slots));
    }

    /// This node has become a replica.
    pub(crate) fn drop_keys_of_replica(&self) {
        self.leave(Chore::DropKeysOfReplica);
    }

    /// Writes are held back until then, or no longer.
    pub(crate) fn pause_writes(&self, until: Option<Mono>) {
        self.leave(Chore::PauseWrites(until));
    }

    fn leave(&self, chore: Chore) {
        // A thread that has ended has nothing to keep.
        let _ = self.0.sender.send(chore);
    }
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn start(shared: Arc<Shared>, chores: Chores, waiting: Waiting) -> io::Result<Self> {
        let inbox = chores.clone();
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || {
            let _tell = TellPanic::new(&shared.endings, "the thread that keeps the keys");
            run(&shared, &inbox, &waiting.0);
        })?;
        Ok(Self { chores, thread })
    }

    /// Ends the thread.
    pub(crate) fn stop(self) {
        self.chores.leave(Chore::Stop);
        // A panic of it has been told.
        let _ = self.thread.join();
    }
}

fn run(shared: &Shared, chores: &Chores, waiting: &Receiver<Chore>) {
    let (server, clock) = (&shared.server, shared.clock);
    let mut look = Instant::now() + EXPIRE_INTERVAL;
    let mut told = 0;
    loop {
        match waiting.recv_timeout(look.saturating_duration_since(Instant::now())) {
            Ok(Chore::Topology) => {
                chores.0.topology.take();
                server.follow_topology(clock.now());
            }
            Ok(Chore::DropKeys(slots)) => server.drop_keys(&slots, clock.now()),
            Ok(Chore::DropKeysOfReplica) => server.drop_keys_of_replica(clock.now()),
            Ok(Chore::PauseWrites(Some(until))) => {
                server.begin_pause(PauseReason::Failover, Held::Writes, until, clock.now());
                tell_offset(shared, &mut told);
            }
            Ok(Chore::PauseWrites(None)) => server.end_pause(PauseReason::Failover, clock.now()),
            Ok(Chore::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if Instant::now() >= look {
            server.expire(clock.now(), EXPIRE_FOR);
            server.look_at_rates(clock.now());
            server.look_after_memory(clock.now(), EVICT_MICROS);
            tell_offset(shared, &mut told);
            shared.targets.close_old();
            look = Instant::now() + EXPIRE_INTERVAL;
        }
    }
}

/// Nothing is replicated, so a node with keys tells an offset that no replica reaches: none takes its place by a plain
/// CLUSTER FAILOVER and leaves the keys behind.
fn tell_offset(shared: &Shared, told: &mut u64) {
    let changes = shared.server.stats.dirty.get();
    if changes != *told {
        *told = changes;
        let offset = if shared.server.keyspace.is_empty() { 0 } else { changes };
        shared.bus.tell(BusRequest::Offset(ReplOffset(offset)));
    }
}
