//! DEBUG.

mod digest;
mod object;
mod populate;
mod protocol;

use std::str;
use std::time::Duration;

use slotmesh_resp::parse_integer;

use super::cluster::known_id;
use super::help::write_help;
use crate::call::{Call, Handled, is_word};
use crate::commands::numbers;
use crate::error_reply::{ErrorReply, wrong_shape};
use crate::outcome::{Debug, DroppedPackets, Outcome, Question};

/// Longest time for which the bus is held up.
const SLEEP_MAX: Duration = Duration::from_secs(3600);

/// What is not there yet: there are no files for keys, and no atomic slot migration.
const NOT_YET: [&str; 5] = ["crash-and-recover", "loadaof", "reload", "restart", "slotmigration"];

pub(crate) fn debug(call: &mut Call<'_>) -> Handled {
    let args = call.args;
    let is = |word: &str, count: usize| is_word(args[1], word) && args.len() == count;
    let switch = match () {
        () if is("help", 2) => {
            write_help(call.command.spec, &mut call.reply());
            return Ok(Outcome::Continue);
        }
        () if is("set-active-expire", 3) => {
            call.server.keyspace.set_expires(is_on(args[2]));
            return call.ok();
        }
        () if is("digest", 2) => return digest::digest(call),
        () if is_word(args[1], "digest-value") => return digest::digest_value(call),
        () if is("object", 3) || is("object", 4) => return object::object(call),
        () if is_word(args[1], "populate") && (3..=5).contains(&args.len()) => return populate::populate(call),
        () if is("protocol", 3) => return protocol::protocol(call),
        () if is("error", 3) => return error(call),
        () if NOT_YET.iter().any(|word| is_word(args[1], word)) => {
            return Err(ErrorReply::not_yet(&format!(
                "DEBUG {}",
                String::from_utf8_lossy(args[1]).to_ascii_uppercase()
            )));
        }
        () if is("log", 3) => Debug::Log(String::from_utf8_lossy(args[2]).into_owned()),
        () if is("sleep", 3) => Debug::Sleep(seconds(args[2])),
        () if is("drop-cluster-packet-filter", 3) => Debug::Drop(dropped(args[2])?),
        () if is("close-cluster-link-on-packet-drop", 3) => Debug::CloseOnDrop(is_on(args[2])),
        () if is("disable-cluster-reconnection", 3) => Debug::NoReconnection(is_on(args[2])),
        () if is("disable-cluster-random-ping", 3) => Debug::NoRandomPing(is_on(args[2])),
        () if is("clusterlink", 5) && is_word(args[2], "kill") => kill_links(call)?,
        () => return Err(wrong_shape(call)),
    };
    Ok(Outcome::Ask(Question::Debug(switch)))
}

fn kill_links(call: &Call<'_>) -> Result<Debug, ErrorReply> {
    let (direction, node) = (call.args[3], known_id(call, call.args[4])?);
    if node == *call.server.view().me().facts.id() {
        return Err(ErrorReply::err("Cannot free cluster link(s) to myself"));
    }
    let all = is_word(direction, "all");
    let (to, from) = (all || is_word(direction, "to"), all || is_word(direction, "from"));
    if to || from {
        Ok(Debug::KillLinks { node, to, from })
    } else {
        Err(ErrorReply::echo(&[b"Unknown direction ", direction]))
    }
}

/// Replies with what was asked for; that counts as no error, as in real servers.
fn error(call: &mut Call<'_>) -> Handled {
    let text = String::from_utf8_lossy(call.args[2]);
    call.reply().error(&text);
    Ok(Outcome::Continue)
}

/// A number other than 0. What is no number counts as 0, as in real servers.
fn is_on(word: &[u8]) -> bool {
    parse_integer(word).is_some_and(|number| number != 0)
}

/// What is no time counts as none, as in real servers.
fn seconds(word: &[u8]) -> Duration {
    let seconds = str::from_utf8(word).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    Duration::try_from_secs_f64(seconds).map_or(Duration::ZERO, |time| time.min(SLEEP_MAX))
}

fn dropped(word: &[u8]) -> Result<DroppedPackets, ErrorReply> {
    let number = numbers::integer(word)?;
    Ok(match number {
        -2 => DroppedPackets::All,
        // No packet has a type beyond these.
        number => u16::try_from(number).map_or(DroppedPackets::None, DroppedPackets::Type),
    })
}
