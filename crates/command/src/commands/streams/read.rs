//! XREAD and XREADGROUP.

use std::time::Duration;

use slotmesh_resp::{Protocol, ReplyWriter, parse_integer};
use slotmesh_store::stream::{Acknowledged, Entry, Stream, StreamId};
use slotmesh_store::{Db, Edited, WrongType};

use super::{most, no_group, write_entries, write_entry, write_id};
use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};
use crate::waiting::{Wait, WaitEnd, Wanted};

/// What a request asks for, its ids as they are written.
struct Request<'a> {
    keys: &'a [&'a [u8]],
    ids: &'a [&'a [u8]],
    most: usize,
    /// How long to wait where there is nothing: not at all, or so long, where zero is for ever.
    block: Option<Duration>,
    group: Option<&'a [u8]>,
    consumer: &'a [u8],
    acknowledged: Acknowledged,
}

/// Where reading begins.
#[derive(Clone, Copy)]
enum From {
    /// Behind an id; for a group that is what is pending with the consumer.
    Behind(StreamId),
    /// Behind what the group has read.
    New,
}

/// The entries of the streams that have some, as they go into the reply.
struct Served {
    body: Vec<u8>,
    protocol: Protocol,
    streams: usize,
}

pub(crate) fn xread(call: &mut Keyed<'_>) -> Done {
    let request = Request::parse(call, false)?;
    let starts = starts(&mut call.db, &request)?;
    let mut served = Served::new(call.reply.protocol());
    for (key, from) in request.keys.iter().zip(&starts) {
        let From::Behind(id) = *from else { continue };
        if let Some(stream) = call.db.view::<Stream>(key)?.filter(|stream| stream.has_after(id)) {
            let entries: Vec<Entry<'_>> = stream.after(id).take(request.most).collect();
            write_entries(&mut served.stream(key), &entries);
        }
    }
    finish(call, &request, &starts, &served)
}

pub(crate) fn xreadgroup(call: &mut Keyed<'_>) -> Done {
    let request = Request::parse(call, true)?;
    let starts = starts(&mut call.db, &request)?;
    let mut served = Served::new(call.reply.protocol());
    for (key, from) in request.keys.iter().zip(&starts) {
        if read_for_group(&mut call.db, &request, key, *from, &mut served)? {
            call.tell(Classes::STREAM, "xgroup-createconsumer", key);
        }
    }
    finish(call, &request, &starts, &served)
}

/// Tells whether the consumer is a new one. That it tried to read is no change that anybody is told.
fn read_for_group(
    db: &mut Db<'_>,
    request: &Request<'_>,
    key: &[u8],
    from: From,
    served: &mut Served,
) -> Result<bool, WrongType> {
    let (now, name) = (db.now(), request.group.unwrap_or_default());
    let read = db.edit(key, |stream: &mut Stream| {
        let has_new = stream.group(name).is_some_and(|group| stream.has_after(group.last()));
        let mut group = stream.group_mut(name).expect("it has just been looked for");
        let (consumer, is_new) = group.consumer_or_new(request.consumer, now);
        let serves = match from {
            From::Behind(id) => {
                let mut pending = Vec::new();
                group.read_again(consumer, id, request.most, now, |id, entry| pending.push((id, entry)));
                write_pending(&mut served.stream(key), &pending);
                true
            }
            From::New if has_new => {
                let mut entries = Vec::new();
                group.read_new(consumer, request.most, request.acknowledged, now, |entry| entries.push(entry));
                write_entries(&mut served.stream(key), &entries);
                true
            }
            From::New => false,
        };
        Edited::counted(usize::from(serves) + usize::from(is_new), is_new)
    })?;
    Ok(read == Some(true))
}

/// Writes the reply, or has the request wait if there is none.
fn finish(call: &mut Keyed<'_>, request: &Request<'_>, starts: &[From], served: &Served) -> Done {
    if served.streams > 0 {
        match served.protocol {
            Protocol::Resp2 => call.reply.array(served.streams),
            Protocol::Resp3 => call.reply.map(served.streams),
        }
        call.reply.raw(&served.body);
        return Ok(());
    }
    let Some(block) = request.block else {
        call.reply.null_array();
        return Ok(());
    };
    let first_id = call.args.len() - request.ids.len();
    let mut args: Vec<Vec<u8>> = call.args.iter().map(|word| word.to_vec()).collect();
    for (word, from) in args[first_id..].iter_mut().zip(starts) {
        // What is the last entry now must not be taken for the last one of then.
        if let From::Behind(id) = from
            && word == b"$"
        {
            *word = id.to_string().into_bytes();
        }
    }
    call.wait_as(Wait {
        keys: request.keys.iter().copied().map(Into::into).collect(),
        timeout: Some(block).filter(|block| !block.is_zero()),
        end: WaitEnd::NullArray,
        args: Some(args),
        wanted: request.wanted(starts),
    })
}

impl<'a> Request<'a> {
    fn parse(call: &Keyed<'a>, for_group: bool) -> Result<Self, ErrorReply> {
        let (mut group, mut count, mut block, mut acknowledged) = (None, 0, None, Acknowledged::Later);
        let mut words = &call.args[1..];
        let streams = loop {
            words = match words {
                [word, rest @ ..] if is_word(word, "streams") && !rest.is_empty() => break rest,
                [word, value, rest @ ..] if is_word(word, "block") => {
                    block = Some(parse_block(value, call)?);
                    rest
                }
                [word, value, rest @ ..] if is_word(word, "count") => {
                    count = integer(value)?.max(0);
                    rest
                }
                [word, name, consumer, rest @ ..] if is_word(word, "group") => {
                    if !for_group {
                        return Err(only_for_groups("GROUP"));
                    }
                    group = Some((*name, *consumer));
                    rest
                }
                [word, rest @ ..] if is_word(word, "noack") => {
                    if !for_group {
                        return Err(only_for_groups("NOACK"));
                    }
                    acknowledged = Acknowledged::AtOnce;
                    rest
                }
                _ => return Err(ErrorReply::syntax()),
            };
        };
        if !streams.len().is_multiple_of(2) {
            return Err(unbalanced(&call.command.full_name, for_group));
        }
        if for_group && group.is_none() {
            return Err(ErrorReply::err("Missing GROUP option for XREADGROUP"));
        }
        let (keys, ids) = streams.split_at(streams.len() / 2);
        let (group, consumer) = group.map_or((None, &[][..]), |(group, consumer)| (Some(group), consumer));
        Ok(Self { keys, ids, most: most(count), block, group, consumer, acknowledged })
    }

    /// What it waits for if there is nothing. For a group that is what is new: what is pending is replied even if it is
    /// nothing.
    fn wanted(&self, starts: &[From]) -> Wanted {
        let behind = |from: &From| match from {
            From::Behind(id) => Some(*id),
            From::New => None,
        };
        match self.group {
            Some(group) => Wanted::NewFor(group.into()),
            None => Wanted::Behind(starts.iter().filter_map(behind).collect()),
        }
    }
}

impl Served {
    fn new(protocol: Protocol) -> Self {
        Self { body: Vec::new(), protocol, streams: 0 }
    }

    /// The next stream that has some; its entries are to be written.
    fn stream(&mut self, key: &[u8]) -> ReplyWriter<'_> {
        self.streams += 1;
        let mut reply = ReplyWriter::new(&mut self.body, self.protocol);
        if self.protocol == Protocol::Resp2 {
            reply.array(2);
        }
        reply.bulk(key);
        reply
    }
}

fn write_pending(reply: &mut ReplyWriter<'_>, pending: &[(StreamId, Option<Entry<'_>>)]) {
    reply.array(pending.len());
    for (id, entry) in pending {
        match entry {
            Some(entry) => write_entry(reply, entry),
            None => {
                reply.array(2);
                write_id(reply, *id);
                reply.null_array();
            }
        }
    }
}

fn starts(db: &mut Db<'_>, request: &Request<'_>) -> Result<Vec<From>, ErrorReply> {
    request.keys.iter().zip(request.ids).map(|(key, id)| start(db, request, key, id)).collect()
}

fn start(db: &mut Db<'_>, request: &Request<'_>, key: &[u8], id: &[u8]) -> Result<From, ErrorReply> {
    let stream = db.view::<Stream>(key)?;
    if let Some(name) = request.group {
        stream.and_then(|stream| stream.group(name)).ok_or_else(|| gone_group(key, name))?;
        return match id {
            b"$" | b"+" => Err(meaningless(id)),
            b">" => Ok(From::New),
            // Real servers take the highest id for the same.
            id => Ok(StreamId::parse(id).map(|id| if id == StreamId::MAX { From::New } else { From::Behind(id) })?),
        };
    }
    let last = stream.map_or(StreamId::MIN, |stream| stream.counters().last);
    match id {
        b"$" => Ok(From::Behind(last)),
        // The last entry itself, if it is there still.
        b"+" => Ok(From::Behind(last.previous().unwrap_or(last))),
        b">" => {
            let text =
                "The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
            Err(ErrorReply::err(text))
        }
        id => Ok(From::Behind(StreamId::parse(id)?)),
    }
}

fn parse_block(word: &[u8], call: &Keyed<'_>) -> Result<Duration, ErrorReply> {
    let timeout = parse_integer(word).ok_or_else(|| ErrorReply::err("timeout is not an integer or out of range"))?;
    let timeout = u64::try_from(timeout).map_err(|_| ErrorReply::err("timeout is negative"))?;
    // The end of it must be a moment that can be written down.
    let end = call.db.now().checked_add(timeout).filter(|end| i64::try_from(*end).is_ok());
    end.ok_or_else(|| ErrorReply::err("timeout is out of range"))?;
    Ok(Duration::from_millis(timeout))
}

fn only_for_groups(option: &str) -> ErrorReply {
    ErrorReply::err(format!("The {option} option is only supported by XREADGROUP. You called XREAD instead."))
}

fn unbalanced(command: &str, for_group: bool) -> ErrorReply {
    let symbol = if for_group { '>' } else { '$' };
    ErrorReply::err(format!(
        "Unbalanced '{command}' list of streams: for each stream key an ID or '{symbol}' must be specified."
    ))
}

fn gone_group(key: &[u8], group: &[u8]) -> ErrorReply {
    no_group(&[b"No such key '", key, b"' or consumer group '", group, b"' in XREADGROUP with GROUP option"])
}

fn meaningless(id: &[u8]) -> ErrorReply {
    ErrorReply::echo(&[
        b"The ",
        id,
        b" ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a \
          proper ID, or use the > ID to get new messages. The ",
        id,
        b" ID would just return an empty result set.",
    ])
}
