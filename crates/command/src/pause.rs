//! Pauses: requests are held back for a while, by an operator (CLIENT PAUSE) or while this primary hands over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_sync::atomic::{AtomicBool, Ordering::Relaxed};
use slotmesh_sync::{Mutex, MutexGuard};
use slotmesh_types::Mono;

use crate::client::Client;
use crate::table::{Flag, Known};

/// Commands that change no keys here, and are told to others all the same. Source: the flag `CMD_MAY_REPLICATE`.
const TOLD_TO_OTHERS: [&str; 3] = ["pfcount", "publish", "spublish"];

/// Who has asked for a pause. Each has one; what holds is the strictest of those that last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// CLIENT PAUSE.
    Operator,
    /// A replica takes the place of this primary, and needs all that was written.
    Failover,
}

impl PauseReason {
    const ALL: [Self; 2] = [Self::Operator, Self::Failover];

    /// Its name in INFO.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Operator => "client_pause",
            Self::Failover => "failover_in_progress",
        }
    }
}

/// Which requests are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Those that may change keys, or tell others something.
    Writes,
    /// All.
    All,
}

#[derive(Clone, Copy, Debug)]
struct Hold {
    held: Held,
    until: Mono,
}

/// The pauses that last.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    /// Whether any may last: what every request looks at.
    on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    holds: [Option<Hold>; PauseReason::ALL.len()],
    /// What was held back when last looked at.
    seen: Option<Held>,
    /// The clients whose requests are held back.
    waiting: BTreeMap<u64, Arc<Client>>,
}

impl State {
    /// The strictest of the pauses for these reasons.
    fn strictest(&self, reasons: &[PauseReason]) -> Option<(PauseReason, Hold)> {
        let holds = reasons.iter().filter_map(|reason| Some((*reason, self.holds[*reason as usize]?)));
        holds.max_by_key(|(_, hold)| (hold.held, hold.until))
    }
}

impl Pause {
    /// Holds requests back. Where there is a pause for that reason already, the longer time and the new kind hold; an
    /// operator who asks for less does not end what he has asked for before.
    pub(crate) fn begin(&self, reason: PauseReason, held: Held, until: Mono, now: Mono) {
        let mut state = self.refresh(now);
        let hold = &mut state.holds[reason as usize];
        let before = hold.unwrap_or(Hold { held, until });
        *hold = Some(Hold { held: held.max(before.held), until: until.max(before.until) });
        drop(state);
        drop(self.refresh(now));
    }

    /// Ends the pause for that reason.
    pub(crate) fn end(&self, reason: PauseReason, now: Mono) {
        let mut state = self.state();
        state.holds[reason as usize] = None;
        drop(state);
        drop(self.refresh(now));
    }

    /// Whether there may be a pause: one that has just ended by itself may still show.
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// How long the request of a client has to wait before it is looked at again, and its client is woken if that is
    /// sooner; `None` if it runs now.
    pub(crate) fn hold(&self, client: &Arc<Client>, is_write: impl FnOnce() -> bool, now: Mono) -> Option<Duration> {
        if self.is_on() { self.hold_for(&PauseReason::ALL, client, is_write, now) } else { None }
    }

    /// The same for what goes on with a transaction that has begun. An operator's pause lets that end, and may be a
    /// part of it.
    pub(crate) fn hold_begun(
        &self,
        client: &Arc<Client>,
        is_write: impl FnOnce() -> bool,
        now: Mono,
    ) -> Option<Duration> {
        if self.is_on() { self.hold_for(&[PauseReason::Failover], client, is_write, now) } else { None }
    }

    fn hold_for(
        &self,
        reasons: &[PauseReason],
        client: &Arc<Client>,
        is_write: impl FnOnce() -> bool,
        now: Mono,
    ) -> Option<Duration> {
        let mut state = self.refresh(now);
        let (_, strictest) = state.strictest(reasons)?;
        if strictest.held < Held::All && !is_write() {
            return None;
        }
        // In one step: a pause that ends in between would wake nobody.
        state.waiting.insert(client.id, Arc::clone(client));
        state.holds.iter().flatten().map(|hold| hold.until.since(now)).min()
    }

    /// The strictest pause: who wants it, what it holds back, and for how long.
    pub(crate) fn now(&self, now: Mono) -> Option<(PauseReason, Held, Duration)> {
        let (reason, hold) = self.refresh(now).strictest(&PauseReason::ALL)?;
        Some((reason, hold.held, hold.until.since(now)))
    }

    /// Ends what is over. To be called now and then, for those who only look whether there is a pause.
    pub(crate) fn look(&self, now: Mono) {
        if self.is_on() {
            drop(self.refresh(now));
        }
    }

    /// A client waits for the end no longer.
    pub(crate) fn remove(&self, client: &Client) {
        self.state().waiting.remove(&client.id);
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// Ends what is over. Where less is held back than before, all who wait look again.
    fn refresh(&self, now: Mono) -> MutexGuard<'_, State> {
        let mut state = self.state();
        for hold in &mut state.holds {
            *hold = hold.filter(|hold| hold.until > now);
        }
        let held = state.strictest(&PauseReason::ALL).map(|(_, hold)| hold.held);
        self.on.store(held.is_some(), Relaxed);
        if held < std::mem::replace(&mut state.seen, held) {
            std::mem::take(&mut state.waiting).values().for_each(|client| client.wake());
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// Whether a command may change keys, or tells other nodes something.
pub(crate) fn is_told_to_others(command: &Known) -> bool {
    command.spec.flags.contains(&Flag::Write) || TOLD_TO_OTHERS.contains(&command.full_name.as_str())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use slotmesh_types::Now;

    use super::*;
    use crate::client::{Driver, Peer};
    use crate::table;

    fn at(millis: u64) -> Mono {
        Mono::from_micros(millis * 1000)
    }

    fn command(name: &str) -> &'static Known {
        table::find(name.as_bytes()).expect("a command")
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(Arc<AtomicUsize>);

    impl Driver for Woken {
        fn killed(&self) {}

        fn served(&self) {
            self.0.fetch_add(1, Relaxed);
        }

        fn pushed(&self) {}
    }

    fn client(woken: &Arc<AtomicUsize>) -> Arc<Client> {
        let peer = Peer::Unix { path: String::new() };
        Arc::new(Client::new(1, &peer, 0, Now::default(), Box::new(Woken(Arc::clone(woken)))))
    }

    /// How long a command of a client has to wait.
    fn hold(pause: &Pause, name: &str, now: Mono) -> Option<Duration> {
        pause.hold(&client(&Arc::default()), || is_told_to_others(command(name)), now)
    }

    #[test]
    fn who_was_told_to_wait_is_woken_whenever_the_pause_ends() {
        let (pause, woken) = (Pause::default(), Arc::default());
        pause.begin(PauseReason::Operator, Held::Writes, at(100), at(0));
        let client = client(&woken);
        assert!(pause.hold(&client, || false, at(10)).is_none());
        assert_eq!(pause.waiting(), 0);
        assert!(pause.hold(&client, || true, at(10)).is_some());
        // At once, before the client has done anything.
        pause.end(PauseReason::Operator, at(11));
        assert_eq!((woken.load(Relaxed), pause.waiting()), (1, 0));
    }

    #[test]
    fn writes_wait_and_what_is_told_to_others_does() {
        let pause = Pause::default();
        pause.begin(PauseReason::Operator, Held::Writes, at(100), at(0));
        for (name, waits) in [("set", true), ("publish", true), ("pfcount", true), ("get", false), ("ping", false)] {
            let wanted = waits.then_some(Duration::from_millis(90));
            assert_eq!(hold(&pause, name, at(10)), wanted, "{name}");
        }
        assert_eq!(hold(&pause, "set", at(100)), None);
        assert!(!pause.is_on(), "whoever looks after the end finds it ended");
    }

    #[test]
    fn pauses_for_two_reasons_add_up_and_end_each_for_itself() {
        let pause = Pause::default();
        pause.begin(PauseReason::Failover, Held::Writes, at(500), at(0));
        pause.begin(PauseReason::Operator, Held::All, at(100), at(0));
        assert_eq!(pause.now(at(1)).map(|now| (now.0, now.1)), Some((PauseReason::Operator, Held::All)));
        assert!(hold(&pause, "get", at(1)).is_some());
        pause.end(PauseReason::Operator, at(2));
        assert!(hold(&pause, "get", at(3)).is_none());
        assert_eq!(hold(&pause, "set", at(100)), Some(Duration::from_millis(400)));
        pause.end(PauseReason::Failover, at(200));
        assert!(hold(&pause, "set", at(200)).is_none());
    }

    #[test]
    fn an_operator_who_asks_for_less_takes_nothing_back() {
        let pause = Pause::default();
        pause.begin(PauseReason::Operator, Held::All, at(300), at(0));
        pause.begin(PauseReason::Operator, Held::Writes, at(100), at(0));
        assert_eq!(pause.now(at(0)), Some((PauseReason::Operator, Held::All, Duration::from_millis(300))));
    }
}
