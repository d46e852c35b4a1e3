//! When nodes.conf is saved, and what waits for it: actions of the engine, and those who asked for a change.

use std::rc::Rc;

use slotmesh_gossip::{Action, Durability, Memory};
use slotmesh_types::Mono;
use tokio::sync::{mpsc, oneshot};

use super::command::BusReply;
use super::core::Core;
use super::saver::{Job, Saved, Saver};
use crate::own_facts::OwnFacts;

/// Saves that nobody waits for may take one part in so many of the time: while a mesh forms, every packet wants one.
/// What a crash loses in between, some milliseconds on a healthy disk, others tell again.
const LAZY_SHARE: u32 = 8;

/// Saves wanted, running and done.
pub(super) struct Saves {
    saver: Saver,
    /// Without a save the node goes on, unless a promise depends on it.
    best_effort: bool,
    failing: bool,
    /// A promise could not be put on disk: nothing more leaves, and the node ends.
    doomed: bool,
    cluster_name: String,
    /// The text beside nodes.conf as it was last handed to be saved.
    own_text: Option<String>,
    /// The strongest wish that no running save covers.
    wanted: Option<Durability>,
    running: bool,
    /// Whether the engine is among those who want it: it can't go on without, an operator can.
    wanted_by_engine: bool,
    running_for_engine: bool,
    /// Number of the last save that was asked for, and of the last that ended.
    asked: u64,
    done: u64,
    /// Actions are held until this one is done.
    barrier: u64,
    /// When the running one began.
    begun: Mono,
    /// A save that nobody waits for is not started before.
    lazy_after: Mono,
    waiting: Vec<Waiting>,
}

/// Someone who is answered after a save.
struct Waiting {
    number: u64,
    reply: oneshot::Sender<BusReply>,
    success: BusReply,
    /// It was a change, not the save itself, that was asked for.
    is_change: bool,
}

impl Saves {
    pub(super) fn new(saver: Saver, best_effort: bool, cluster_name: String) -> Self {
        Self {
            saver,
            best_effort,
            failing: false,
            doomed: false,
            cluster_name,
            own_text: None,
            wanted: None,
            running: false,
            wanted_by_engine: false,
            running_for_engine: false,
            asked: 0,
            done: 0,
            barrier: 0,
            begun: Mono::default(),
            lazy_after: Mono::default(),
            waiting: Vec::new(),
        }
    }

    /// Whether the node goes on without a save, unless a promise depends on it.
    pub(super) fn set_best_effort(&mut self, best_effort: bool) {
        self.best_effort = best_effort;
    }

    /// The text beside nodes.conf, unless it was handed over before.
    fn changed_own_text(&mut self, memory: Memory) -> Option<String> {
        let text = OwnFacts { cluster_name: self.cluster_name.clone(), memory }.to_text();
        if self.own_text.as_ref() == Some(&text) {
            return None;
        }
        self.own_text = Some(text.clone());
        Some(text)
    }
}

impl Core {
    pub(super) fn persist_for_engine(&self, durability: Durability) {
        self.saves.borrow_mut().wanted_by_engine = true;
        self.persist(durability);
    }

    /// Asks for a save of what the engine knows now. Gives its number.
    pub(super) fn persist(&self, durability: Durability) -> u64 {
        let mut saves = self.saves.borrow_mut();
        saves.asked += 1;
        saves.wanted = saves.wanted.max(Some(durability));
        if durability == Durability::Barrier {
            saves.barrier = saves.asked;
        }
        let number = saves.asked;
        drop(saves);
        self.start_save();
        number
    }

    /// Tells when everything asked for so far is saved. A failed save is what is told, too.
    pub(super) fn reply_when_saved(&self, number: u64, reply: oneshot::Sender<BusReply>) {
        self.saves.borrow_mut().waiting.push(Waiting { number, reply, success: BusReply::Done, is_change: false });
    }

    /// Tells of a change when it is in the file, as real servers do: who has read OK finds it after a `kill -9`.
    pub(super) fn reply_when_kept(&self, reply: oneshot::Sender<BusReply>, success: BusReply) {
        let mut saves = self.saves.borrow_mut();
        if saves.done == saves.asked {
            // Who asked may be gone.
            return drop(reply.send(success));
        }
        let number = saves.asked;
        saves.waiting.push(Waiting { number, reply, success, is_change: true });
        drop(saves);
        self.start_save();
    }

    /// When the next save is to be started, if one waits for its time.
    pub(super) fn save_due(&self) -> Option<Mono> {
        let saves = self.saves.borrow();
        (saves.wanted.is_some() && !saves.running).then_some(saves.lazy_after)
    }

    /// Starts a save that covers every wish so far, unless one is running, whose end starts the next, or it has time.
    pub(super) fn start_save(&self) {
        let mut saves = self.saves.borrow_mut();
        let Some(durability) = saves.wanted else { return };
        let has_time = durability == Durability::Lazy && saves.waiting.is_empty();
        if saves.running || has_time && self.clock.now().mono < saves.lazy_after {
            return;
        }
        saves.wanted = None;
        saves.running = true;
        saves.begun = self.clock.now().mono;
        saves.running_for_engine = std::mem::take(&mut saves.wanted_by_engine);
        let (engine, now) = (self.engine.borrow(), self.clock.now());
        let table = engine.table().for_file();
        let own = saves.changed_own_text(engine.memory(now));
        let job = Job { number: saves.asked, table, now, own, sync: durability >= Durability::Synced };
        saves.saver.save(job);
    }

    pub(super) async fn watch_saves(self: Rc<Self>, mut results: mpsc::UnboundedReceiver<Saved>) {
        while let Some(saved) = results.recv().await {
            if let Err(error) = &saved.result {
                self.note_failed_save(error);
            }
            if let Some(observer) = &self.observer {
                observer.saved(self.clock.now(), &saved.result);
            }
            self.note_saved(&saved);
            self.start_save();
            self.rearm.notify_one();
            self.release();
        }
    }

    fn note_failed_save(&self, error: &std::io::Error) {
        let mut saves = self.saves.borrow_mut();
        saves.own_text = None;
        if !saves.best_effort && saves.running_for_engine {
            if !std::mem::replace(&mut saves.doomed, true) {
                // None of it will leave.
                self.held.take();
                self.fatal(format!("Fatal: can't update cluster config file: {error}"));
            }
        } else {
            self.break_promises();
        }
        if !saves.doomed && !saves.failing {
            tracing::warn!("Cluster config file can't be saved, going on without: {error}");
        }
    }

    /// Votes that could not be put on disk are never sent: the node might vote again after a restart.
    fn break_promises(&self) {
        let mut held = self.held.borrow_mut();
        let before = held.len();
        held.retain(|action| !matches!(action, Action::SendPromise { .. }));
        if held.len() < before {
            tracing::warn!("Votes were not sent: they could not be saved first");
        }
    }

    fn note_saved(&self, saved: &Saved) {
        let mut saves = self.saves.borrow_mut();
        saves.running = false;
        saves.failing = saved.result.is_err();
        saves.done = saved.number;
        let now = self.clock.now().mono;
        saves.lazy_after = now.after(now.since(saves.begun) * LAZY_SHARE);
        let (ready, waiting) =
            std::mem::take(&mut saves.waiting).into_iter().partition(|one| one.number <= saved.number);
        saves.waiting = waiting;
        for Waiting { reply, success, is_change, .. } in ready {
            // Who asked may be gone.
            let _ = reply.send(match &saved.result {
                Ok(()) => success,
                // It is in force all the same, and the log tells that saving fails.
                Err(_) if is_change && saves.best_effort => success,
                Err(error) if is_change => BusReply::Refused(format!("done, but nodes.conf can't be saved: {error}")),
                Err(error) => BusReply::Refused(error.to_string()),
            });
        }
    }

    /// Whether actions must wait for a save, or never leave.
    pub(super) fn is_barred(&self) -> bool {
        let saves = self.saves.borrow();
        saves.barrier > saves.done || saves.doomed
    }

    pub(super) fn is_doomed(&self) -> bool {
        self.saves.borrow().doomed
    }

    /// Lets go what waited for the disk.
    fn release(self: &Rc<Self>) {
        loop {
            if self.is_barred() {
                return;
            }
            let Some(action) = self.held.borrow_mut().pop_front() else { return self.progress.notify_one() };
            self.carry_out(action);
        }
    }
}
