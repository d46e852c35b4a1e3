//! Whether other threads are worth more.

/// What threads are worth is told by so many looks.
const LOOKS: usize = 3;
/// Connections move with their next request, and clients that begin are not at their pace at once: that many looks tell nothing.
const MOVING_LOOKS: u32 = 2;
const TURN_LOOKS: u32 = MOVING_LOOKS + LOOKS as u32;
/// In a trial, what there was takes turns with what is tried: what else goes on at the machine changes more in a tenth of a second
/// than most of what can be gained. What is tried has the first of these turns and the last.
const TURNS: u32 = 5;
/// So many looks in a row have to find that more threads may help, or that fewer may do.
const CROWDED_LOOKS: u32 = TURN_LOOKS;
const ROOMY_LOOKS: u32 = 20;
/// Clients that ask in bursts find what was decided for the burst before; after so many looks in a row at next to nothing all
/// is forgotten.
const QUIET_LOOKS: u32 = 100;
/// After a trial the next one waits for so many looks, each time twice as many, until so many times as much or as little is served.
const PAUSE_LOOKS: u32 = 20;
const PAUSE_LOOKS_MAX: u32 = 1200;
const CHANGE: f64 = 1.5;

/// Threads that are busy for this part of the time may do better with others beside them.
const BUSY: f64 = 0.3;
/// These can't do more than they do.
const FULL: f64 = 0.92;
/// Fewer threads may do that would be busy for less than this part of the time, and will do below that.
const ROOMY: f64 = 0.85;
const IDLE: f64 = 0.15;
/// Threads that use less than this part of one core all together have next to nothing to do.
const QUIET: f64 = 0.15;
/// So much of a core has to be free for each thread that is added.
const FREE: f64 = 0.25;
/// So many times as much as before more threads have to be worth, and fewer; and so many times as much more than full ones have to
/// serve, whatever the cost, since clients whose pace is their own may just wait less.
const GAIN: f64 = 1.04;
const GAIN_WHEN_FULL: f64 = 0.97;
const GAIN_OF_FEWER: f64 = 0.97;

/// What was done since the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    /// How many cores the threads have used.
    pub(super) used: f64,
    /// How many cores were free; 0 where that is not known.
    pub(super) free: f64,
    /// Requests served in a second.
    pub(super) rate: f64,
}

/// Makes up its mind from one look to the next.
#[derive(Debug)]
pub(super) struct Judge {
    threads: usize,
    active: usize,
    /// What so many looks in a row have found.
    found: Found,
    looks: u32,
    /// So many looks in a row there was next to nothing to do.
    quiet: u32,
    /// The last looks that found something to do.
    last: [Load; LOOKS],
    trial: Option<Trial>,
    /// Whether fewer are tried next where more may help and fewer may do: in turn.
    fewer_next: bool,
    /// Looks until the next trial may begin, and how many it will be after that.
    pause: u32,
    patience: u32,
    /// What was served after the last trial, in so many looks.
    known: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// As many threads as there should be.
    Enough,
    /// More may serve more.
    Crowded,
    /// Fewer may do.
    Roomy,
    /// Fewer will do.
    Idle,
}

/// Other threads than before, to see what they are worth.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// How many there were, and how many are tried.
    before: usize,
    tried: usize,
    /// What there was to see of these and of those, in all their turns.
    seen_before: Load,
    seen: Load,
    gain: Gain,
    turns: u32,
    /// In this turn.
    looks: u32,
}

/// What has to be so many times as much.
#[derive(Clone, Copy, Debug)]
enum Gain {
    Worth(f64),
    Rate(f64),
}

impl Gain {
    fn is_there(self, before: Load, after: Load) -> bool {
        match self {
            Self::Worth(times) => after.worth() >= before.worth() * times,
            Self::Rate(times) => after.rate >= before.rate * times,
        }
    }
}

impl Load {
    fn and(self, other: Self) -> Self {
        Self { used: self.used + other.used, free: self.free + other.free, rate: self.rate + other.rate }
    }

    /// What is served, times the root of how much that is for what it costs.
    fn worth(self) -> f64 {
        self.rate * (self.rate / self.used.max(1e-6)).sqrt()
    }
}

impl Judge {
    pub(super) fn new(threads: usize) -> Self {
        Self {
            threads,
            active: 1,
            found: Found::Enough,
            looks: 0,
            quiet: 0,
            last: [Load::default(); LOOKS],
            trial: None,
            fewer_next: false,
            pause: 0,
            patience: PAUSE_LOOKS,
            known: 0.0,
        }
    }

    /// Over how many threads to spread from here on.
    pub(super) fn look(&mut self, load: Load) -> usize {
        if load.used < QUIET {
            self.quiet += 1;
            if self.quiet == QUIET_LOOKS {
                *self = Self::new(self.threads);
            }
            return self.active;
        }
        self.quiet = 0;
        self.last.rotate_left(1);
        self.last[LOOKS - 1] = load;
        match self.trial.take() {
            Some(trial) => self.go_on_with(trial),
            None => self.consider(load),
        }
        self.active
    }

    fn consider(&mut self, load: Load) {
        self.pause = self.pause.saturating_sub(1);
        let seen = self.seen();
        if seen.rate > self.known * CHANGE || seen.rate * CHANGE < self.known {
            (self.pause, self.patience, self.known, self.fewer_next) = (0, PAUSE_LOOKS, seen.rate, false);
        }
        let found = self.find(load);
        self.looks = if found == self.found { self.looks + 1 } else { 1 };
        self.found = found;
        match found {
            Found::Enough => {}
            Found::Crowded if self.looks >= CROWDED_LOOKS => {
                // Twice as many at most: what is free is known only as long as nobody takes it.
                let more = self.active.min((load.free / FREE) as usize);
                let is_full = load.used > FULL * self.active as f64;
                let gain = if is_full { Gain::Rate(GAIN_WHEN_FULL) } else { Gain::Worth(GAIN) };
                self.try_with((self.active + more).min(self.threads), gain);
            }
            Found::Roomy if self.looks >= ROOMY_LOOKS => self.try_with(self.active - 1, Gain::Worth(GAIN_OF_FEWER)),
            Found::Idle if self.looks >= ROOMY_LOOKS => (self.active, self.looks) = (self.active - 1, 0),
            Found::Crowded | Found::Roomy | Found::Idle => {}
        }
    }

    fn find(&self, load: Load) -> Found {
        let active = self.active as f64;
        let crowded = load.used > BUSY * active && load.free > FREE && self.active < self.threads;
        let roomy = self.active > 1 && load.used < ROOMY * (active - 1.0);
        if roomy && load.used < IDLE * (active - 1.0) {
            Found::Idle
        } else if roomy && (self.fewer_next || !crowded) {
            Found::Roomy
        } else if crowded {
            Found::Crowded
        } else {
            Found::Enough
        }
    }

    fn try_with(&mut self, tried: usize, gain: Gain) {
        if self.pause == 0 {
            let (before, seen_before, seen) = (self.active, self.seen(), Load::default());
            self.trial = Some(Trial { before, tried, seen_before, seen, gain, turns: 0, looks: 0 });
            self.active = tried;
        }
    }

    fn go_on_with(&mut self, mut trial: Trial) {
        trial.looks += 1;
        if trial.looks < TURN_LOOKS {
            self.trial = Some(trial);
            return;
        }
        let is_tried = self.active == trial.tried;
        let seen = if is_tried { &mut trial.seen } else { &mut trial.seen_before };
        *seen = seen.and(self.seen());
        (trial.turns, trial.looks) = (trial.turns + 1, 0);
        if trial.turns < TURNS {
            self.active = if is_tried { trial.before } else { trial.tried };
            self.trial = Some(trial);
            return;
        }
        self.end(&trial);
    }

    fn end(&mut self, trial: &Trial) {
        let Trial { before, tried, seen_before, seen, .. } = *trial;
        let stays = trial.gain.is_there(seen_before, seen);
        tracing::debug!(
            "Clients on {tried} threads instead of {before}: {:.2} times as many requests, {:.2} times as much of the \
             processor: {}",
            seen.rate / seen_before.rate.max(1e-6),
            seen.used / seen_before.used.max(1e-6),
            if stays { "better" } else { "no better" },
        );
        if !stays {
            self.active = before;
        }
        let served = if stays { seen } else { seen_before };
        // As many turns each.
        self.known = served.rate / f64::from(TURNS.div_ceil(2));
        // What is seen next is known to be like it was.
        self.last = [Load { rate: self.known / LOOKS as f64, ..Load::default() }; LOOKS];
        self.fewer_next = !self.fewer_next;
        (self.found, self.looks, self.pause) = (Found::Enough, 0, self.patience);
        self.patience = (self.patience * 2).min(PAUSE_LOOKS_MAX);
    }

    /// The last looks, taken together.
    fn seen(&self) -> Load {
        self.last.into_iter().fold(Load::default(), Load::and)
    }

    /// Whether more threads may be tried soon, so that it matters how many cores are free.
    pub(super) fn asks_what_is_free(&self) -> bool {
        self.trial.is_none() && self.active < self.threads && self.pause <= CROWDED_LOOKS + 1
    }

    /// Whether nothing can change soon.
    pub(super) fn is_at_rest(&self, load: Load) -> bool {
        self.active == 1 && load.used < QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIAL_LOOKS: u32 = TURNS * TURN_LOOKS;

    /// So many looks at what there is to see of each number of threads: cores used and free, and requests in a second.
    fn looks(judge: &mut Judge, count: u32, world: impl Fn(usize) -> (f64, f64, f64)) -> usize {
        for _ in 0..count {
            let (used, free, rate) = world(judge.active);
            // Of two looks, both know what is free, or it is not known.
            let is_known = judge.asks_what_is_free();
            judge.look(Load { used, free: if is_known { free } else { 0.0 }, rate });
        }
        judge.active
    }

    /// How many looks until another number of threads is tried, or taken.
    fn looks_until(judge: &mut Judge, tried: usize, world: impl Fn(usize) -> (f64, f64, f64)) -> u32 {
        (1..5000).find(|_| looks(judge, 1, &world) == tried).expect("it is tried")
    }

    #[test]
    fn threads_are_added_where_cores_are_free_and_stay_if_they_are_worth_it() {
        let mut judge = Judge::new(8);
        let world = |active| match active {
            1 => (0.8, 7.0, 100.0),
            2 => (1.4, 6.0, 160.0),
            4 => (2.6, 0.5, 300.0),
            6 => (5.0, 0.1, 600.0),
            _ => panic!("{active} threads"),
        };
        assert_eq!(looks_until(&mut judge, 2, world), CROWDED_LOOKS);
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, world), 2);
        assert_eq!(looks_until(&mut judge, 4, world), PAUSE_LOOKS);
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, world), 4);
        assert_eq!(looks_until(&mut judge, 6, world), 2 * PAUSE_LOOKS, "as far as cores are free");
        assert_eq!(looks(&mut judge, TRIAL_LOOKS + 500, world), 6);
        assert_eq!(looks_until(&mut judge, 8, |_| (5.0, 4.0, 600.0)), CROWDED_LOOKS, "not more than there are");
    }

    #[test]
    fn what_is_tried_takes_turns_with_what_there_was() {
        let mut judge = Judge::new(2);
        let world = |_| (0.8, 0.5, 100.0);
        looks_until(&mut judge, 2, world);
        for active in [1, 2, 1, 2] {
            assert_eq!(looks(&mut judge, TURN_LOOKS, world), active);
        }
        assert_eq!(looks(&mut judge, TURN_LOOKS, world), 1);
        // What clients send doubles and halves in the middle of turns.
        let mut judge = Judge::new(2);
        looks_until(&mut judge, 2, world);
        for pace in [2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0] {
            let world = |active| (0.5 * pace, 0.5, pace * if active == 2 { 120.0 } else { 100.0 });
            (0..TURN_LOOKS / 2 + u32::from(pace > 1.0)).for_each(|_| {
                looks(&mut judge, 1, world);
            });
        }
        while judge.trial.is_some() {
            looks(&mut judge, 1, |active| (0.5, 0.5, if active == 2 { 120.0 } else { 100.0 }));
        }
        assert_eq!(judge.active, 2);
    }

    #[test]
    fn more_that_are_not_worth_it_are_given_up_and_tried_again_ever_later_or_when_the_load_is_another() {
        let mut judge = Judge::new(2);
        let world = |active| if active == 1 { (0.8, 0.5, 100.0) } else { (1.2, 0.1, 50.0) };
        assert_eq!(looks_until(&mut judge, 2, world), CROWDED_LOOKS);
        for pause in [PAUSE_LOOKS, 2 * PAUSE_LOOKS, 4 * PAUSE_LOOKS, 8 * PAUSE_LOOKS] {
            assert_eq!(looks(&mut judge, TRIAL_LOOKS, world), 1);
            assert_eq!(looks_until(&mut judge, 2, world), pause);
        }
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, world), 1);
        assert!(looks_until(&mut judge, 2, |_| (0.8, 0.5, 200.0)) < PAUSE_LOOKS);
        // Clients whose pace is their own: there is nothing to gain but that they wait less.
        let mut judge = Judge::new(2);
        assert_eq!(looks(&mut judge, CROWDED_LOOKS + TRIAL_LOOKS, |_| (0.95, 0.5, 100.0)), 2);
    }

    #[test]
    fn what_is_served_is_weighed_against_what_it_costs() {
        let judged = |before: usize, used: f64, rate: f64| {
            let mut judge = Judge { active: before, ..Judge::new(2) };
            let world = |active| if active == before { (0.8, 0.5, 100.0) } else { (used, 0.5, rate) };
            looks_until(&mut judge, 3 - before, world);
            looks(&mut judge, TRIAL_LOOKS, world)
        };
        assert_eq!(judged(1, 1.1, 110.0), 1, "a tenth more at a quarter more each");
        assert_eq!(judged(1, 1.6, 140.0), 2);
        assert_eq!(judged(2, 0.6, 95.0), 1, "nearly as much at far less each");
        assert_eq!(judged(2, 0.7, 80.0), 2);
    }

    #[test]
    fn more_and_fewer_are_tried_in_turn() {
        let mut judge = Judge { active: 4, ..Judge::new(8) };
        let world = |active| (2.0, 4.0, if active == 4 { 100.0 } else { 90.0 });
        for (pause, tried) in [(CROWDED_LOOKS, 8), (PAUSE_LOOKS, 3), (2 * PAUSE_LOOKS, 8), (4 * PAUSE_LOOKS, 3)] {
            assert_eq!(looks_until(&mut judge, tried, world), pause);
            assert_eq!(looks(&mut judge, TRIAL_LOOKS, world), 4);
        }
    }

    #[test]
    fn clients_that_need_the_cores_themselves_keep_them() {
        let mut judge = Judge::new(2);
        assert_eq!(looks(&mut judge, 100, |_| (1.0, 0.05, 1.0)), 1);
        looks(&mut judge, CROWDED_LOOKS - 1, |_| (1.0, 0.5, 1.0));
        looks(&mut judge, 1, |_| (1.0, 0.0, 1.0));
        assert_eq!(looks(&mut judge, CROWDED_LOOKS - 1, |_| (1.0, 0.5, 1.0)), 1, "a moment is not enough");
    }

    #[test]
    fn fewer_stay_if_they_are_worth_as_much_or_have_nothing_to_do() {
        let mut judge = Judge { active: 4, ..Judge::new(4) };
        assert_eq!(looks(&mut judge, 100, |_| (2.6, 0.0, 100.0)), 4, "three would be full");
        let world = |rate| move |active| if active == 4 { (2.5, 0.0, 100.0) } else { (2.2, 0.0, rate) };
        looks_until(&mut judge, 3, world(85.0));
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, world(85.0)), 4, "they serve less");
        looks_until(&mut judge, 3, world(96.0));
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, world(96.0)), 3);
        let mut judge = Judge { active: 4, ..Judge::new(4) };
        let idle = |_| (0.25, 3.7, 10.0);
        looks(&mut judge, ROOMY_LOOKS - 1, idle);
        looks(&mut judge, 1, |_| (2.0, 3.9, 100.0));
        assert_eq!(looks(&mut judge, ROOMY_LOOKS - 1, idle), 4, "a pause is not enough");
        assert_eq!(looks(&mut judge, 1, idle), 3);
    }

    #[test]
    fn a_quiet_moment_tells_nothing_and_a_long_one_ends_all() {
        let mut judge = Judge::new(2);
        let world = |active| if active == 1 { (0.8, 0.5, 100.0) } else { (1.5, 0.1, 180.0) };
        let quiet = |_| (0.1, 1.9, 5.0);
        assert_eq!(looks(&mut judge, QUIET_LOOKS - 1, quiet), 1);
        // Bursts while it is tried, and after.
        for _ in 0..CROWDED_LOOKS + TRIAL_LOOKS {
            looks(&mut judge, 1, world);
            looks(&mut judge, QUIET_LOOKS - 1, quiet);
        }
        assert_eq!((judge.active, judge.trial.is_none()), (2, true));
        for _ in 0..PAUSE_LOOKS {
            assert_eq!((looks(&mut judge, 3, world), judge.trial.is_none()), (2, true));
            looks(&mut judge, QUIET_LOOKS - 1, quiet);
        }
        assert_eq!(looks(&mut judge, QUIET_LOOKS, quiet), 1);
        let load = |used| Load { used, free: 0.0, rate: 0.0 };
        assert!(judge.is_at_rest(load(0.1)) && !judge.is_at_rest(load(0.5)));
        // In the middle of a trial.
        looks_until(&mut judge, 2, world);
        assert_eq!(looks(&mut judge, QUIET_LOOKS, quiet), 1);
        assert_eq!(looks_until(&mut judge, 2, world), CROWDED_LOOKS, "nothing is left of it");
    }
}
