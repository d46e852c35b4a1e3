//! Commands on sorted sets. Source: `t_zset.c` of Valkey.

mod add;
mod combine;
mod pop;
mod random;
mod range;
mod remove;
mod scan;
mod store;

use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::{LexBound, Packed, ScoreBound, SortedSet, SortedSetRef};

pub(super) use add::add_entries;
pub(crate) use add::{zadd, zincrby};
pub(crate) use combine::{zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore};
pub(crate) use pop::{bzmpop, bzpopmax, bzpopmin, zmpop, zpopmax, zpopmin};
pub(crate) use random::zrandmember;
pub(crate) use range::{zrange, zrangebylex, zrangebyscore, zrangestore, zrevrange, zrevrangebylex, zrevrangebyscore};
pub(crate) use remove::{zrem, zremrangebylex, zremrangebyrank, zremrangebyscore};
pub(crate) use scan::zscan;

pub(super) use store::store;

use super::shown::{write_count, write_packed, write_score};
use crate::call::is_word;
use crate::error_reply::{ErrorReply, wrong_number};
use crate::keyed::{Done, Keyed};

pub(crate) fn zcard(call: &mut Keyed<'_>) -> Done {
    let count = call.db.view::<SortedSet>(call.args[1])?.map_or(0, SortedSetRef::len);
    call.count(count)
}

pub(crate) fn zcount(call: &mut Keyed<'_>) -> Done {
    let (min, max) = score_bounds(call.args[2], call.args[3])?;
    let set = call.db.view::<SortedSet>(call.args[1])?;
    let count = set.map_or(0, |set| set.ranks_by_score(min, max).len());
    call.count(count)
}

pub(crate) fn zlexcount(call: &mut Keyed<'_>) -> Done {
    let (min, max) = lex_bounds(call.args[2], call.args[3])?;
    let set = call.db.view::<SortedSet>(call.args[1])?;
    let count = set.map_or(0, |set| set.ranks_by_lex(min, max).len());
    call.count(count)
}

pub(crate) fn zscore(call: &mut Keyed<'_>) -> Done {
    let set = call.db.view::<SortedSet>(call.args[1])?;
    let score = set.and_then(|set| set.score(call.args[2]));
    write_found(&mut call.reply, score);
    Ok(())
}

pub(crate) fn zmscore(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let set = db.view::<SortedSet>(args[1])?;
    reply.array(args.len() - 2);
    args[2..].iter().for_each(|member| write_found(reply, set.and_then(|set| set.score(member))));
    Ok(())
}

pub(crate) fn zrank(call: &mut Keyed<'_>) -> Done {
    write_rank(call, false)
}

pub(crate) fn zrevrank(call: &mut Keyed<'_>) -> Done {
    write_rank(call, true)
}

fn write_rank(call: &mut Keyed<'_>, from_highest: bool) -> Done {
    let Keyed { args, db, reply, command, .. } = call;
    let with_score = match args[3..] {
        [] => false,
        [word] if is_word(word, "withscore") => true,
        [_] => return Err(ErrorReply::syntax()),
        _ => return Err(wrong_number(command)),
    };
    let set = db.view::<SortedSet>(args[1])?;
    let found = set.and_then(|set| set.rank(args[2]).map(|(rank, score)| (rank, score, set.len())));
    match found {
        None if with_score => reply.null_array(),
        None => reply.null(),
        Some((rank, score, len)) => {
            if with_score {
                reply.array(2);
            }
            write_count(reply, if from_highest { len - 1 - rank } else { rank });
            if with_score {
                write_score(reply, score);
            }
        }
    }
    Ok(())
}

fn write_found(reply: &mut ReplyWriter<'_>, score: Option<f64>) {
    match score {
        Some(score) => write_score(reply, score),
        None => reply.null(),
    }
}

/// Begins a reply of members, or of members with their scores: pairs in RESP3, in turn in RESP2.
fn begin_entries(reply: &mut ReplyWriter<'_>, count: usize, with_scores: bool) {
    let is_flat = with_scores && reply.protocol() == Protocol::Resp2;
    reply.array(if is_flat { count.saturating_mul(2) } else { count });
}

/// Writes one of them.
fn write_entry(reply: &mut ReplyWriter<'_>, (member, score): (Packed<'_>, f64), with_scores: bool) {
    if with_scores && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    write_packed(reply, member);
    if with_scores {
        write_score(reply, score);
    }
}

fn score_bounds(min: &[u8], max: &[u8]) -> Result<(ScoreBound, ScoreBound), ErrorReply> {
    let bounds = ScoreBound::parse(min).zip(ScoreBound::parse(max));
    bounds.ok_or_else(|| ErrorReply::err("min or max is not a float"))
}

fn lex_bounds<'a>(min: &'a [u8], max: &'a [u8]) -> Result<(LexBound<'a>, LexBound<'a>), ErrorReply> {
    let bounds = LexBound::parse(min).zip(LexBound::parse(max));
    bounds.ok_or_else(|| ErrorReply::err("min or max not valid string range item"))
}
