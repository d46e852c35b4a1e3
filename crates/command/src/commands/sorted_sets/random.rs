//! ZRANDMEMBER.

use slotmesh_store::SortedSet;

use super::{begin_entries, write_entry};
use crate::call::is_word;
use crate::commands::draw::Draw;
use crate::commands::shown::write_packed;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

pub(crate) fn zrandmember(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, random, .. } = call;
    let Some(wanted) = args.get(2) else {
        let set = db.view::<SortedSet>(args[1])?;
        match set.and_then(|set| set.random(|| random.next())) {
            Some((member, _)) => write_packed(reply, member),
            None => reply.null(),
        }
        return Ok(());
    };
    let (draw, with_scores) = match args[3..] {
        [] => (Draw::parse(wanted)?, false),
        [word] if is_word(word, "withscores") => (Draw::parse_pairs(wanted)?, true),
        // A count that is none is found before other words are.
        _ => return Err(Draw::parse(wanted).err().unwrap_or_else(ErrorReply::syntax)),
    };
    let Some(set) = db.view::<SortedSet>(args[1])? else {
        reply.array(0);
        return Ok(());
    };
    draw.check()?;
    match draw {
        Draw::Repeated(count) => {
            begin_entries(reply, count, with_scores);
            set.random_repeated(
                count,
                || random.next(),
                |member, score| {
                    write_entry(reply, (member, score), with_scores);
                    true
                },
            );
        }
        Draw::Distinct(count) => {
            begin_entries(reply, count.min(set.len()), with_scores);
            set.random_distinct(
                count,
                || random.next(),
                |member, score| write_entry(reply, (member, score), with_scores),
            );
        }
    }
    Ok(())
}
