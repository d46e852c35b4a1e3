//! What operators do to clusters of three: slots and roles change hands, mostly as they should, sometimes by mistake.

use super::grammar;
use super::pick::Pick;
use super::stage::Step;

const NODES: usize = 3;
/// Few, so that what was done to one is met again. Two of each node's at first.
const SLOTS: [usize; 6] = [0, 5460, 5461, 10_922, 10_923, 16_383];
const RANGES: [&str; 4] = ["0 5460", "5461 10922", "10923 16383", "5400 5500"];

/// One act: the commands of one purpose.
pub(super) fn act(pick: &mut Pick) -> Vec<Step> {
    let (node, other) = (pick.below(NODES), pick.below(NODES));
    match pick.below(100) {
        0..30 => move_slot(pick),
        30..38 => vec![step(node, &format!("CLUSTER SETSLOT {} NODE $id:{other}", slot(pick)))],
        38..44 => vec![step(node, &format!("CLUSTER {} {}", pick.of(&["ADDSLOTS", "DELSLOTS"]), slot(pick)))],
        44..48 => vec![step(node, &format!("CLUSTER DELSLOTSRANGE {}", pick.of(&RANGES)))],
        48..52 => vec![step(node, &format!("CLUSTER ADDSLOTSRANGE {}", pick.of(&RANGES)))],
        52..54 => vec![step(node, "CLUSTER FLUSHSLOTS")],
        54..60 => vec![step(node, "CLUSTER BUMPEPOCH")],
        60..68 => replicate(pick),
        68..80 => {
            vec![step(node, pick.of(&["CLUSTER FAILOVER", "CLUSTER FAILOVER FORCE", "CLUSTER FAILOVER TAKEOVER"]))]
        }
        80..83 => vec![step(node, "CLUSTER REPLICATE NO ONE")],
        83..87 => come_back(node, other),
        87..90 => forget(node, other),
        _ => vec![grammar::step(pick, NODES)],
    }
}

fn step(node: usize, command: &str) -> Step {
    Step::new(node, command.split(' ').map(str::to_owned).collect())
}

fn slot(pick: &mut Pick) -> usize {
    SLOTS[pick.below(SLOTS.len())]
}

/// Both ends open the slot, the new owner is told first: or something of this is left out, comes too early, or names
/// somebody else.
fn move_slot(pick: &mut Pick) -> Vec<Step> {
    let slot = slot(pick);
    // Whose it was at first, most often; who it is by now is not looked up.
    let from = if pick.chance(70) { slot * NODES / 16_384 } else { pick.below(NODES) };
    let to = (from + 1 + pick.below(NODES - 1)) % NODES;
    let third = NODES - from - to;
    let mut steps = Vec::new();
    for (node, what, named) in
        [(to, "IMPORTING", from), (from, "MIGRATING", to), (to, "NODE", to), (from, "NODE", to), (third, "NODE", to)]
    {
        let named = if pick.chance(8) { pick.below(NODES) } else { named };
        let words = if pick.chance(5) { "STABLE".to_owned() } else { format!("{what} $id:{named}") };
        if pick.chance(85) {
            steps.push(step(node, &format!("CLUSTER SETSLOT {slot} {words}")));
        }
    }
    if steps.len() > 1 && pick.chance(15) {
        let at = pick.below(steps.len() - 1);
        steps.swap(at, at + 1);
    }
    steps
}

/// A node gives away what it has and follows another one, or is told so without that.
fn replicate(pick: &mut Pick) -> Vec<Step> {
    let (node, other) = (pick.below(NODES), pick.below(NODES));
    let mut steps = Vec::new();
    if pick.chance(60) {
        steps.push(step(node, "CLUSTER FLUSHSLOTS"));
    }
    steps.push(step(node, &format!("CLUSTER REPLICATE $id:{other}")));
    steps
}

/// A node leaves without a word and is met again.
fn come_back(node: usize, other: usize) -> Vec<Step> {
    vec![step(node, "CLUSTER RESET SOFT"), meet(node, other)]
}

/// A node is forgotten, leaves, and is met again. Until then the clusters differ on purpose: to a real one the forgotten node
/// comes back by itself.
fn forget(node: usize, other: usize) -> Vec<Step> {
    let forget = step(node, &format!("CLUSTER FORGET $id:{other}"));
    vec![forget.blind(), step(other, "CLUSTER RESET SOFT").blind(), meet(node, other)]
}

fn meet(node: usize, other: usize) -> Step {
    step(node, &format!("CLUSTER MEET 127.0.0.1 $port:{other}"))
}
