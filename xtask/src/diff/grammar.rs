//! Commands made up from a small grammar: good, at the edge, and wrong.

use super::pick::Pick;
use super::stage::Step;

const SLOTS: [&str; 10] = ["0", "1", "2", "5460", "5461", "10922", "10923", "16382", "16383", "100"];
const BAD_SLOTS: [&str; 8] = ["-1", "16384", "x", "", "01", "+1", "99999999999999999999", "1.5"];
const NUMBERS: [&str; 8] = ["0", "1", "-1", "7", "x", "", "9223372036854775807", "9223372036854775808"];
const WORDS: [&str; 8] = ["x", "", "STABLE", "NODE", "TIMEOUT", "FORCE", "SYNC", "junk"];
const UNKNOWN_ID: &str = "abcdef0123456789abcdef0123456789abcdef01";

/// A command for one of `nodes` nodes. It never adds or removes a member.
pub(super) fn step(pick: &mut Pick, nodes: usize) -> Step {
    let lone = nodes == 1;
    let words = match pick.below(if lone { 27 } else { 23 }) {
        0 => with(&["CLUSTER", "ADDSLOTS"], some_slots(pick)),
        1 => with(&["CLUSTER", "DELSLOTS"], [some_slots(pick), spoiled(lone, &["x"])].concat()),
        2 => with(&["CLUSTER", "ADDSLOTSRANGE"], some_ranges(pick)),
        3 => with(&["CLUSTER", "DELSLOTSRANGE"], [some_ranges(pick), spoiled(lone, &["5", "4"])].concat()),
        4..=8 => set_slot(pick, nodes),
        9 => words(&["CLUSTER", "BUMPEPOCH"]),
        10 => with(&["CLUSTER", "FAILOVER"], some(pick, &["FORCE", "TAKEOVER", "x", "force"], 2)),
        11 => with(&["CLUSTER", "COUNTKEYSINSLOT"], vec![slot(pick)]),
        12 => with(&["CLUSTER", "GETKEYSINSLOT"], vec![slot(pick), number(pick)]),
        13 => with(&["CLUSTER", "FLUSHSLOT"], [vec![slot(pick)], some(pick, &["SYNC", "async", "x"], 2)].concat()),
        14 => slot_stats(pick),
        15 => with(&["CLUSTER", "REPLICAS"], vec![id(pick, nodes)]),
        16 => with(&["CLUSTER", "COUNT-FAILURE-REPORTS"], vec![id(pick, nodes)]),
        17 => migrate_slots(pick),
        18 => with(&["CLUSTER", "SYNCSLOTS"], vec![pick.of(&["ACK", "PAUSED", "x", "ESTABLISH", "FINISH"]).to_owned()]),
        19 => scan(pick),
        20 => elsewhere(pick),
        21 => words(&["CLUSTER", pick.of(&["NODES", "SLOTS", "SHARDS", "INFO", "GETSLOTMIGRATIONS"])]),
        22 => wrong_number(pick),
        23 => words(&["CLUSTER", "FLUSHSLOTS"]),
        24 => with(&["CLUSTER", "SET-CONFIG-EPOCH"], vec![pick.of(&["0", "1", "5", "-1", "x", ""]).to_owned()]),
        25 => with(&["CLUSTER", "RESET"], some(pick, &["SOFT", "HARD", "x"], 2)),
        _ => with(&["CLUSTER", "REPLICATE"], some(pick, &["NO", "ONE", UNKNOWN_ID, "$id:0", "x"], 2)),
    };
    Step::new(pick.below(nodes), words)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn with(command: &[&str], arguments: Vec<String>) -> Vec<String> {
    [words(command), arguments].concat()
}

/// None to `max` of these.
fn some(pick: &mut Pick, choices: &[&str], max: usize) -> Vec<String> {
    (0..pick.below(max + 1)).map(|_| pick.of(choices).to_owned()).collect()
}

fn slot(pick: &mut Pick) -> String {
    let choices: &[&str] = if pick.chance(90) { &SLOTS } else { &BAD_SLOTS };
    pick.of(choices).to_owned()
}

fn some_slots(pick: &mut Pick) -> Vec<String> {
    (0..=pick.below(4)).map(|_| slot(pick)).collect()
}

fn some_ranges(pick: &mut Pick) -> Vec<String> {
    let mut slots: Vec<String> = (0..=pick.below(2)).flat_map(|_| [slot(pick), slot(pick)]).collect();
    if pick.chance(70) {
        // Mostly the right way round.
        for pair in slots.chunks_exact_mut(2) {
            pair.sort_by_key(|slot| slot.parse::<i64>().unwrap_or(i64::MAX));
        }
    }
    if pick.chance(5) {
        slots.pop();
    }
    slots
}

/// What makes a command fail at its end. In a cluster no slot changes hands by chance: when the others notice depends on
/// whose heartbeat comes first. The written scripts move slots.
fn spoiled(lone: bool, words: &[&str]) -> Vec<String> {
    if lone { Vec::new() } else { words.iter().map(|&word| word.to_owned()).collect() }
}

fn number(pick: &mut Pick) -> String {
    pick.of(&NUMBERS).to_owned()
}

fn id(pick: &mut Pick, nodes: usize) -> String {
    if pick.chance(75) {
        format!("$id:{}", pick.below(nodes))
    } else {
        pick.of(&[UNKNOWN_ID, "x", "", "ABCDEF0123456789ABCDEF0123456789ABCDEF01"]).to_owned()
    }
}

fn set_slot(pick: &mut Pick, nodes: usize) -> Vec<String> {
    let mut command = with(&["CLUSTER", "SETSLOT"], vec![slot(pick)]);
    match pick.below(10) {
        0..=2 => command.extend(["MIGRATING".to_owned(), id(pick, nodes)]),
        3..=5 => command.extend(["importing".to_owned(), id(pick, nodes)]),
        6..=7 if nodes == 1 => command.extend(["NODE".to_owned(), id(pick, nodes)]),
        6..=7 => command.extend(["NODE".to_owned(), pick.of(&[UNKNOWN_ID, "x", ""]).to_owned()]),
        8 => command.push("STABLE".to_owned()),
        _ => command.push(pick.of(&WORDS).to_owned()),
    }
    if pick.chance(20) {
        command.push(pick.of(&["TIMEOUT", "timeout", "junk"]).to_owned());
        command.extend(some(pick, &NUMBERS, 1));
    }
    command
}

fn slot_stats(pick: &mut Pick) -> Vec<String> {
    let arguments = if pick.chance(40) {
        vec!["SLOTSRANGE".to_owned(), slot(pick), slot(pick)]
    } else {
        let metric = pick.of(&["key-count", "KEY-COUNT", "cpu-usec", "x"]).to_owned();
        let options = some(pick, &["LIMIT", "1", "3", "0", "x", "ASC", "DESC"], 4);
        // Without a limit the reply is long, and says nothing more.
        [vec!["ORDERBY".to_owned(), metric, "LIMIT".to_owned(), "5".to_owned()], options].concat()
    };
    with(&["CLUSTER", "SLOT-STATS"], arguments)
}

/// The target is never one that slots could really go to.
fn migrate_slots(pick: &mut Pick) -> Vec<String> {
    let mut command = words(&["CLUSTER", "MIGRATESLOTS"]);
    for _ in 0..=pick.below(2) {
        command.push(pick.of(&["SLOTSRANGE", "SLOTSRANGE", "SLOTSRANGE", "x"]).to_owned());
        command.extend(some_ranges(pick));
        command.push(pick.of(&["NODE", "node", "x"]).to_owned());
        command.push(pick.of(&[UNKNOWN_ID, "x", ""]).to_owned());
    }
    command
}

fn scan(pick: &mut Pick) -> Vec<String> {
    let cursor = pick.of(&["0", "5", "-1", "+1", "x", "", "18446744073709551615", "18446744073709551616"]).to_owned();
    let options = some(pick, &["MATCH", "*", "COUNT", "1", "0", "TYPE", "string", "x"], 4);
    [vec!["SCAN".to_owned(), cursor], options].concat()
}

/// What cluster mode refuses or does in its own way, outside of CLUSTER.
fn elsewhere(pick: &mut Pick) -> Vec<String> {
    let commands = [
        "ASKING",
        "READONLY",
        "READWRITE",
        "REPLICAOF NO ONE",
        "SLAVEOF x y",
        "FAILOVER",
        "FAILOVER TO x 1",
        "SWAPDB 0 1",
        "SELECT 0",
        "SELECT 1",
        "SELECT x",
        "DBSIZE",
        "KEYS *",
        "RANDOMKEY",
        "FLUSHALL",
        "FLUSHALL SYNC",
        "FLUSHDB x",
        "FUNCTION LIST",
        "FUNCTION LIST x",
        "REPLCONF capa eof",
        "REPLCONF x",
        "REPLCONF listening-port x",
        "CLUSTER KEYSLOT foo{bar}zap",
        "CLUSTER CANCELSLOTMIGRATIONS",
        "CLUSTER NOSUCH",
        "CLUSTER",
    ];
    pick.of(&commands).split(' ').map(str::to_owned).collect()
}

fn wrong_number(pick: &mut Pick) -> Vec<String> {
    let name = pick.of(&[
        "ADDSLOTS",
        "DELSLOTS",
        "SETSLOT",
        "REPLICATE",
        "GETKEYSINSLOT",
        "MIGRATESLOTS",
        "SLOT-STATS",
        "FLUSHSLOT",
        "SET-CONFIG-EPOCH",
        "MEET",
        "FORGET",
    ]);
    words(&["CLUSTER", name])
}
