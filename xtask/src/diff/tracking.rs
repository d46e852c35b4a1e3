//! Generated commands of two clients, one of which is told when what it has read changes (CLIENT TRACKING).

use super::keys;
use super::pick::Pick;
use super::stage::Step;

/// Commands of a script.
const SCRIPT: usize = 40;

const MODES: &[&str] = &[
    "CLIENT TRACKING [on|on|on|off|x]",
    "CLIENT TRACKING on [OPTIN|OPTOUT|OPTIN,OPTOUT] [|NOLOOP]",
    "CLIENT TRACKING on BCAST [|NOLOOP] [|PREFIX,{t}a|PREFIX,{t}|PREFIX,{t}a,PREFIX,{t}b|PREFIX,x]",
    "CLIENT TRACKING on [PREFIX,{t}a|REDIRECT,999999|REDIRECT,x|REDIRECT|NOLOOP,NOLOOP|y]",
    "CLIENT [TRACKINGINFO|GETREDIR]",
    "CLIENT CACHING [yes|no|x]",
];

const READS: &[&str] =
    &["GET $k", "MGET $k $k", "[HGETALL|TYPE|STRLEN|TTL|LLEN] $k", "EXISTS $k $k", "MULTI", "EXEC", "DISCARD", "PING"];

const CHANGES: &[&str] = &[
    "SET $k $v [|NX|XX|KEEPTTL]",
    "DEL $k $k",
    "UNLINK $k",
    "MSET $k $v $k $v",
    "[INCR|PERSIST|GETDEL] $k",
    "EXPIREAT $k $e",
    "RENAME $k $k",
    "COPY $k $k REPLACE",
    "[RPUSH|SADD|APPEND] $k $m",
    "HSET $k $m $v",
    "FLUSHALL",
];

/// What the first client reads, and both change.
pub(super) fn script(pick: &mut Pick) -> Vec<Step> {
    let mut steps = vec![keys::step(1, &["FLUSHALL"])];
    for _ in 0..SCRIPT {
        let (client, lines) = match pick.below(10) {
            0 | 1 => (0, MODES),
            2..=5 => (0, READS),
            6 => (0, CHANGES),
            _ => (1, CHANGES),
        };
        steps.push(keys::made(pick, client, lines));
        if client == 1 {
            // What the first is told comes before the reply to what it asks next.
            steps.push(keys::step(0, &["PING"]));
        }
    }
    steps
}
