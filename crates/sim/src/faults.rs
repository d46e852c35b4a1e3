//! How badly the network and the disks behave.

use std::time::Duration;

use slotmesh_gossip::SplitMix;
use slotmesh_gossip::rand_core::Rng;

/// When TCP repeats what was not acknowledged.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);

/// Rates and sizes of what goes wrong by itself. Rates are per 10 000 occasions.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// One way over the network, at least and at most, in microseconds.
    pub latency_micros: (u64, u64),
    /// Ways that take longer: up to thirty times as long, most of them far less.
    pub tail_rate: u64,
    /// Packets that are lost and sent again after 200 ms, then 400 ms, as TCP does.
    pub loss_rate: u64,
    /// Packets that take much longer, and up to how much; what is behind them on the same connection waits too.
    pub stall: (u64, Duration),
    /// Packets at which the connection breaks: what is under way is lost.
    pub break_rate: u64,
    /// Breaks that an end does not hear of until it sends.
    pub silent_break_rate: u64,
    /// Connection attempts that fail.
    pub refuse_rate: u64,
    /// Connection attempts that nobody answers.
    pub hang_rate: u64,
    /// Connection attempts that open a second connection on which nothing ever comes.
    pub twin_rate: u64,
    /// Saves that take much longer, and up to how much.
    pub slow_disk: (u64, Duration),
}

impl Faults {
    /// A good network: only latency, and connections that stand until they are closed.
    pub const NONE: Self = Self {
        latency_micros: (100, 1500),
        tail_rate: 0,
        loss_rate: 0,
        stall: (0, Duration::ZERO),
        break_rate: 0,
        silent_break_rate: 0,
        refuse_rate: 0,
        hang_rate: 0,
        twin_rate: 0,
        slow_disk: (0, Duration::ZERO),
    };

    /// Faults of every kind, mild to severe as the generator decides.
    #[must_use]
    pub fn draw(rng: &mut SplitMix) -> Self {
        // A third of the runs spares each kind, so that kinds are also seen without the noise of the others.
        let mut rate = |most: u64| if rng.next_u64().is_multiple_of(3) { 0 } else { rng.next_u64() % most };
        let (stall, break_rate, silent_break_rate) = (rate(100), rate(200), rate(5000));
        let (refuse_rate, hang_rate, twin_rate, slow) = (rate(3000), rate(1500), rate(1500), rate(2000));
        let (tail_rate, loss_rate) = (rate(1000), rate(500));
        let slowest = [2_000, 20_000, 300_000][(rng.next_u64() % 3) as usize];
        Self {
            latency_micros: (100, slowest),
            tail_rate,
            loss_rate,
            stall: (stall, Duration::from_millis(1 + rng.next_u64() % 20_000)),
            break_rate,
            silent_break_rate,
            refuse_rate,
            hang_rate,
            twin_rate,
            slow_disk: (slow, Duration::from_millis(1 + rng.next_u64() % 500)),
        }
    }
}

/// Chance and measure, from one generator.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) SplitMix);

impl Dice {
    /// Whether something with this rate per 10 000 happens.
    pub(crate) fn hits(&mut self, rate: u64) -> bool {
        // Drawn even when it cannot hit, so that a spared kind of fault does not shift the others.
        self.0.next_u64() % 10_000 < rate
    }

    /// How long one way takes.
    pub(crate) fn latency(&mut self, faults: &Faults) -> Duration {
        let (least, most) = faults.latency_micros;
        let usual = Duration::from_micros(least + self.below(most - least));
        let (tail, first, second) = (self.hits(faults.tail_rate), self.below(30), self.below(30));
        if tail { usual * (1 + first.min(second)) as u32 } else { usual }
    }

    /// How long a packet is late because it, and some of its repetitions, were lost.
    pub(crate) fn retransmission(&mut self, faults: &Faults) -> Duration {
        let mut late = Duration::ZERO;
        let mut pause = FIRST_RETRANSMISSION;
        while self.hits(faults.loss_rate) {
            late += pause;
            pause *= 2;
        }
        late
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    /// A duration up to `most`.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(most.as_micros() as u64 + 1))
    }
}
