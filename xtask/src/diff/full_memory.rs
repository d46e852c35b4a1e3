//! Generated commands while memory is full: what is refused then, and which keys go.

use super::keys;
use super::pick::Pick;
use super::stage::Step;

/// With a limit of one byte all keys go or none, or all that expire, so that nothing depends on which go first.
const POLICIES: [&str; 8] = [
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];

/// Commands of a script before memory is full, and while it is.
const BEFORE: usize = 12;
const FULL: usize = 28;

/// Between those of the family while memory is full.
const BESIDE: &[&str] = &[
    "DBSIZE",
    "MULTI",
    "EXEC",
    "DISCARD",
    "SET $k $v [|EXAT,$e|KEEPTTL]",
    "GET $k",
    "DEL $k",
    "EXPIREAT $k $e",
    "RENAME $k $k",
    "COPY $k $k",
    "EXISTS $k $k $k",
    "PUBLISH news $v",
    "OBJECT FREQ $k",
    "MEMORY USAGE {t}none [|SAMPLES,$n|x]",
    "MEMORY [x|PURGE|USAGE]",
];

/// A script of one family, in the middle of which memory is full from one command to the next.
pub(super) fn script(pick: &mut Pick, number: usize) -> Vec<Step> {
    let family = keys::FAMILIES[number % keys::FAMILIES.len()];
    let policy = pick.of(&POLICIES);
    let set = |name: &str, value: &str| keys::step(0, &["CONFIG", "SET", name, value]);
    let mut steps = vec![set("maxmemory", "0"), set("maxmemory-policy", policy), keys::step(0, &["FLUSHALL"])];
    steps.extend((0..BEFORE).map(|_| keys::made(pick, 0, family)));
    steps.extend([set("maxmemory", "1"), keys::step(0, &["SET", "{t}a", "needs memory"])]);
    for _ in 0..FULL {
        let lines = if pick.chance(30) { BESIDE } else { family };
        let made = keys::made(pick, 0, lines);
        // Keys that stay while memory is full are counted by chance.
        if policy != "volatile-lfu" || !made.is("OBJECT", "FREQ") {
            steps.push(made);
        }
    }
    steps.extend([keys::step(0, &["RESET"]), keys::step(0, &["DBSIZE"]), set("maxmemory", "0")]);
    steps
}
