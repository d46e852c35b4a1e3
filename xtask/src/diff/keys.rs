//! Generated commands on keys, a family at a time, in the words of a small grammar.
//!
//! A word `$k` stands for a key, `$v` for a text, `$n` for a number, `$m` for a member or field, `$s` for a score, `$i` for the id
//! of an entry, `$e` for a moment; `[a|b,c|]` for one of these, of which `b,c` is two words and the last is none.

use super::pick::Pick;
use super::stage::Step;

/// All of them are in one slot.
const KEYS: [&str; 3] = ["{t}a", "{t}b", "{t}c"];
const MEMBERS: [&str; 7] =
    ["a", "b", "c", "1", "-5", "", "a-longer-one-0123456789-0123456789-0123456789-0123456789-0123456789"];
const TEXTS: [&str; 9] = [
    "",
    "1",
    "-1",
    "abc",
    "hello world",
    "3.14",
    "007",
    "9223372036854775807",
    "0123456789012345678901234567890123456789",
];
const NUMBERS: [&str; 10] = ["0", "1", "-1", "2", "-3", "10", "100", "x", "9223372036854775807", "1.5"];
const SCORES: [&str; 10] = ["0", "1", "-1", "2.5", "(1", "inf", "-inf", "+inf", "nan", "1e3"];
const IDS: [&str; 9] = ["1-1", "1-2", "2-1", "5-0", "0-0", "-", "+", "(1-1", "x"];
const MOMENTS: [&str; 6] = ["99999999999", "99999999999999", "1", "0", "-1", "x"];

/// Commands whose replies come in no promised order.
const UNORDERED: [&str; 10] =
    ["HGETALL", "HSCAN", "HKEYS", "HVALS", "KEYS", "SDIFF", "SINTER", "SMEMBERS", "SUNION", "SSCAN"];

const ANY: &[&str] = &[
    "DEL $k",
    "UNLINK $k $k",
    "EXISTS $k $k",
    "TYPE $k",
    "OBJECT ENCODING $k",
    "RENAME $k $k",
    "RENAMENX $k $k",
    "COPY $k $k [|REPLACE|DB,0|DB,x]",
    "[EXPIREAT|PEXPIREAT] $k $e [|NX|XX|GT|LT|XX,GT|NX,XX|y]",
    "[EXPIRE|PEXPIRE] $k [0|-1|x|9223372036854775807]",
    "[EXPIRETIME|PEXPIRETIME] $k",
    "PERSIST $k",
    "TOUCH $k $k",
    "DBSIZE",
    "KEYS [*|{t}*|{t}[ab]|x]",
    "SORT $k [|ALPHA] [|DESC] [|LIMIT,$n,$n] [|BY,{t}*|GET,#|GET,{t}*] [|STORE,$k]",
    "SORT_RO $k [|ALPHA|STORE,$k]",
    "SET $k $v",
    "[RPUSH|SADD] $k $m",
    "HSET $k $m $v",
    "COMMAND GETKEYSANDFLAGS SORT $k [|STORE,$k|GET,#]",
    "DEBUG DIGEST-VALUE $k [|$k]",
    "DEBUG POPULATE [3|0|-1|x] [|{t}p|{t}p,40|{t}p,5|{t}p,x]",
    "DEBUG PROTOCOL [string|integer|double|bignum|null|array|set|map|verbatim|true|false|x]",
];

const STRINGS: &[&str] = &[
    "SET $k $v [|NX|XX|GET|KEEPTTL|IFEQ,$v|foo] [|GET|EXAT,$e|PXAT,$e|KEEPTTL]",
    "[GET|GETDEL|STRLEN|INCR|DECR] $k",
    "GETEX $k [|PERSIST|EXAT,$e|PXAT,$e|NX]",
    "[GETSET|SETNX|APPEND|DELIFEQ|INCRBYFLOAT] $k $v",
    "[SETEX|PSETEX] $k [100000|0|-1|x] $v",
    "SETRANGE $k $n $v",
    "[GETRANGE|SUBSTR] $k $n $n",
    "[INCRBY|DECRBY] $k $n",
    "MGET $k $k $k",
    "[MSET|MSETNX] $k $v $k $v",
    "MSETEX [1|0|x] $k $v [|NX|XX|EXAT,$e|KEEPTTL]",
    "LCS $k $k [|LEN|IDX|IDX,WITHMATCHLEN|IDX,MINMATCHLEN,$n|LEN,IDX]",
];

const BITS: &[&str] = &[
    "SETBIT $k [0|7|8|100|-1|4294967296] [0|1|2]",
    "GETBIT $k [0|7|8|100|-1|x]",
    "BITCOUNT $k [|$n,$n|$n,$n,BIT|$n,$n,BYTE|$n]",
    "BITPOS $k [0|1|2] [|$n|$n,$n|$n,$n,BIT]",
    "BITOP [AND|OR|XOR|NOT|ONE|DIFF|foo] $k $k [|$k]",
    "BITFIELD $k [|OVERFLOW,SAT|OVERFLOW,FAIL] [SET|INCRBY] [u8|i5|u63|i64|u64] [0|3|#1|-1] $n GET u4 0",
    "BITFIELD_RO $k GET i8 [0|1|#2]",
    "SET $k $v",
    "GET $k",
];

const HASHES: &[&str] = &[
    "HSET $k $m $v [|$m,$v|$m]",
    "[HGET|HEXISTS|HSTRLEN] $k $m",
    "[HGETALL|HKEYS|HVALS|HLEN] $k",
    "[HDEL|HMGET] $k $m $m",
    "HSETNX $k $m $v",
    "HMSET $k $m $v",
    "HINCRBY $k $m $n",
    "HINCRBYFLOAT $k $m $v",
    "[HEXPIREAT|HPEXPIREAT] $k $e [|NX|XX|GT|LT] FIELDS [1|2|0] $m [|$m]",
    "[HEXPIRETIME|HPEXPIRETIME|HPERSIST|HTTL] $k FIELDS 1 $m",
    "HSETEX $k [|FNX|FXX] [|EXAT,$e|PXAT,$e|KEEPTTL] FIELDS [1|2] $m $v [|$m,$v]",
    "HGETEX $k [|EXAT,$e|PERSIST] FIELDS [1|2] $m [|$m]",
    "HSCAN $k 0 [|COUNT,1000|MATCH,a*|NOVALUES|COUNT,0]",
    "HRANDFIELD $k 0",
];

const LISTS: &[&str] = &[
    "[LPUSH|RPUSH|LPUSHX|RPUSHX] $k $v [|$m]",
    "[LPOP|RPOP] $k [|$n]",
    "LLEN $k",
    "LRANGE $k $n $n",
    "LTRIM $k $n $n",
    "LINDEX $k $n",
    "LSET $k [0|-1|5|x] $v",
    "LREM $k $n $m",
    "LINSERT $k [BEFORE|AFTER|x] $m $v",
    "LPOS $k $m [|RANK,$n] [|COUNT,$n] [|MAXLEN,$n]",
    "LMOVE $k $k [LEFT|RIGHT] [LEFT|RIGHT|x]",
    "RPOPLPUSH $k $k",
    "LMPOP [1|2|0] $k $k [LEFT|RIGHT] [|COUNT,$n]",
    "[BLPOP|BRPOP] $k [0.01|-1|x]",
];

const SETS: &[&str] = &[
    "[SADD|SREM|SMISMEMBER] $k $m $m",
    "[SCARD|SMEMBERS] $k",
    "SISMEMBER $k $m",
    "SMOVE $k $k $m",
    "[SINTER|SUNION|SDIFF] $k $k",
    "[SINTERSTORE|SUNIONSTORE|SDIFFSTORE] $k $k $k",
    "SINTERCARD [1|2|0|x] $k $k [|LIMIT,$n]",
    "SSCAN $k 0 [|COUNT,1000|MATCH,a*|NOVALUES]",
    "SPOP $k 0",
    "SRANDMEMBER $k 0",
];

const SORTED_SETS: &[&str] = &[
    "ZADD $k [|NX|XX|GT|LT|CH|INCR|XX,GT|NX,GT] $s $m [|$s,$m|$s]",
    "[ZCARD|ZRANGE] $k [||0,-1]",
    "[ZSCORE|ZRANK|ZREVRANK] $k $m [|WITHSCORE]",
    "ZMSCORE $k $m $m",
    "ZINCRBY $k $s $m",
    "ZREM $k $m $m",
    "[ZCOUNT|ZREMRANGEBYSCORE] $k $s $s",
    "[ZRANGEBYSCORE|ZREVRANGEBYSCORE] $k $s $s [|WITHSCORES] [|LIMIT,0,2|LIMIT,1,-1]",
    "ZRANGE $k $n $n [|REV|WITHSCORES|BYSCORE|BYLEX] [|LIMIT,0,1]",
    "ZRANGESTORE $k $k [0|-2|x] [-1|5]",
    "ZREMRANGEBYRANK $k $n $n",
    "[ZPOPMIN|ZPOPMAX] $k [|0|1|2|-1]",
    "ZMPOP [1|2] $k $k [MIN|MAX|x] [|COUNT,2]",
    "[ZUNION|ZINTER|ZDIFF] [1|2|0] $k $k [|WITHSCORES|WEIGHTS,1,2|AGGREGATE,MAX]",
    "[ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE] $k 2 $k $k",
    "ZINTERCARD 2 $k $k [|LIMIT,1|LIMIT,-1]",
    "[BZPOPMIN|BZPOPMAX] $k [0.01|-1]",
];

const PLACES: &[&str] = &[
    "GEOADD $k [|NX|XX|CH] [13.361389|15.087269|181|x] [38.115556|37.502669|86] $m",
    "[GEOPOS|GEOHASH] $k $m $m",
    "GEODIST $k $m $m [|m|km|x]",
    "GEOSEARCH $k [FROMLONLAT,15,37|FROMMEMBER,$m] [BYRADIUS,200,km|BYBOX,400,400,km|BYRADIUS,-1,m] ASC [|WITHCOORD|WITHDIST|WITHHASH] [|COUNT,1]",
    "GEOSEARCHSTORE $k $k FROMLONLAT 15 37 BYRADIUS 200 km [|STOREDIST]",
    "GEORADIUS $k 15 37 [100|200] km ASC [|WITHDIST|STORE,$k|COUNT,1]",
    "ZRANGE $k 0 -1 WITHSCORES",
];

const STREAMS: &[&str] = &[
    "XADD $k [|NOMKSTREAM|MAXLEN,2|MINID,1-2] [1-*|2-*|5-1|0-0|x] $m $v [|$m,$v|$m]",
    "XLEN $k",
    "[XRANGE|XREVRANGE] $k $i $i [|COUNT,$n]",
    "XDEL $k $i $i",
    "XTRIM $k [MAXLEN,$n|MINID,$i|MAXLEN,~,2]",
    "XREAD [|COUNT,$n] STREAMS $k $k $i $i",
    "XGROUP CREATE $k [g|h] [0|$|$i] [|MKSTREAM] [|ENTRIESREAD,$n]",
    "XGROUP [CREATECONSUMER|DELCONSUMER] $k [g|h] [one|two]",
    "XGROUP [DESTROY,$k,h|SETID,$k,g,$i]",
    "XREADGROUP GROUP [g|h] [one|two] [|COUNT,1] [|NOACK] STREAMS $k [>|0|$i]",
    "XACK $k g $i $i",
    "XPENDING $k [g|h]",
    "XCLAIM $k g [one|two] 0 $i [|JUSTID|FORCE]",
    "XAUTOCLAIM $k g [one|two] 0 [0|$i] [|COUNT,1] [|JUSTID]",
    "XSETID $k $i",
];

const COUNTERS: &[&str] = &["PFADD $k [|$m|$m,$v]", "PFCOUNT $k [|$k]", "PFMERGE $k $k [|$k]", "GET $k", "SET $k $v"];

/// Families of commands, each for scripts of its own.
pub(super) const FAMILIES: [&[&str]; 10] =
    [ANY, STRINGS, BITS, HASHES, LISTS, SETS, SORTED_SETS, PLACES, STREAMS, COUNTERS];

/// Commands of a script.
const SCRIPT: usize = 40;

/// A script of one family, with some of the commands for keys of any type between; at the end all keys are compared.
pub(super) fn script(pick: &mut Pick, number: usize) -> Vec<Step> {
    let family = FAMILIES[number % FAMILIES.len()];
    let mut steps = vec![step(0, &["FLUSHALL"])];
    for _ in 0..SCRIPT {
        let lines = if pick.chance(15) { ANY } else { family };
        steps.push(made(pick, 0, lines));
    }
    steps.push(step(0, &["DEBUG", "DIGEST"]));
    steps
}

/// A command made from one of these lines, for this client.
pub(super) fn made(pick: &mut Pick, client: usize, lines: &[&str]) -> Step {
    let line = pick.of(lines);
    Step::new(client, line.split(' ').flat_map(|word| words(pick, word)).collect())
}

/// A command of just these words.
pub(super) fn step(client: usize, words: &[&str]) -> Step {
    Step::new(client, words.iter().map(|&word| word.to_owned()).collect())
}

/// Whether the elements of its reply come in no promised order.
pub(super) fn is_unordered(step: &Step) -> bool {
    step.words.first().is_some_and(|name| UNORDERED.contains(&name.as_str()))
}

fn words(pick: &mut Pick, word: &str) -> Vec<String> {
    if let Some(choices) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
        let choices: Vec<&str> = choices.split('|').collect();
        let chosen = pick.of(&choices);
        return chosen.split(',').filter(|word| !word.is_empty()).flat_map(|word| words(pick, word)).collect();
    }
    let pool: &[&str] = match word {
        "$k" => &KEYS,
        "$v" => &TEXTS,
        "$n" => &NUMBERS,
        "$m" => &MEMBERS,
        "$s" => &SCORES,
        "$i" => &IDS,
        "$e" => &MOMENTS,
        other => return vec![other.to_owned()],
    };
    vec![pick.of(pool).to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_chosen_and_put_in_place() {
        let mut pick = Pick::new(1);
        for _ in 0..100 {
            let all: Vec<String> = "SET $k [|EX,$n]".split(' ').flat_map(|word| words(&mut pick, word)).collect();
            assert!(KEYS.contains(&all[1].as_str()));
            assert!(all.len() == 2 || (all[2] == "EX" && NUMBERS.contains(&all[3].as_str())), "{all:?}");
        }
    }

    #[test]
    fn every_line_makes_a_command() {
        let mut pick = Pick::new(1);
        for line in FAMILIES.into_iter().flatten() {
            let all: Vec<String> = line.split(' ').flat_map(|word| words(&mut pick, word)).collect();
            assert!(
                !all.is_empty() && all[0].chars().all(|letter| letter.is_ascii_uppercase() || letter == '_'),
                "{line}"
            );
        }
    }
}
