//! CLUSTER MEET, FORGET, REPLICATE, FAILOVER, RESET and what else is about who belongs to the cluster, and as what.

use std::net::IpAddr;
use std::time::Duration;

use slotmesh_resp::parse_integer;

use super::{known_id, parse_id};
use crate::call::{Call, Handled, is_word};
use crate::error_reply::{ErrorReply, until_nul, wrong_shape};
use crate::outcome::{Change, Failover, MeetHost, Outcome, Question};

/// Client port to bus port, when nothing else is said.
const BUS_PORT_OFFSET: i64 = 10_000;

/// Longest wait that MEET takes.
const WAIT_MAX_MILLIS: i64 = 3_600_000;

pub(crate) fn meet(call: &mut Call<'_>) -> Handled {
    let (place, wait) = match call.args[2..] {
        [host, port] => ((host, port, None), None),
        [host, port, bus_port] => ((host, port, Some(bus_port)), None),
        [host, port, word, wait] if is_word(word, "wait") => ((host, port, None), Some(wait)),
        [host, port, bus_port, word, wait] if is_word(word, "wait") => ((host, port, Some(bus_port)), Some(wait)),
        _ => return Err(wrong_shape(call)),
    };
    let (host, port, bus_port) = place;
    let (number, bus_number) = ports(port, bus_port)?;
    let Some(target) = meet_host(until_nul(host)) else {
        return Err(ErrorReply::echo(&[b"Invalid node address specified: ", host, b":", port]));
    };
    let wait = wait.map(wait_time).transpose()?;
    Ok(Outcome::Ask(Question::Meet { host: target, port: number, bus_port: bus_number, wait }))
}

fn ports(port: &[u8], bus_port: Option<&[u8]>) -> Result<(u16, u16), ErrorReply> {
    let in_range = |number: i64| u16::try_from(number).ok().filter(|port| *port > 0);
    let base = parse_integer(port).ok_or_else(|| ErrorReply::echo(&[b"Invalid base port specified: ", port]))?;
    let number = in_range(base).ok_or_else(|| ErrorReply::err("Port number is out of range"))?;
    let bus = match bus_port {
        None => base + BUS_PORT_OFFSET,
        Some(text) => parse_integer(text).ok_or_else(|| ErrorReply::echo(&[b"Invalid bus port specified: ", text]))?,
    };
    let bus = in_range(bus).ok_or_else(|| ErrorReply::err("Cluster bus port number is out of range"))?;
    Ok((number, bus))
}

/// An address, or a name that a resolver may know. What looks like a mistyped address is neither.
fn meet_host(host: &[u8]) -> Option<MeetHost> {
    let text = str::from_utf8(host).ok()?;
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(MeetHost::Ip(ip));
    }
    let labels: Vec<&str> = text.strip_suffix('.').unwrap_or(text).split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_has_letter = labels.last().is_some_and(|label| label.bytes().any(|byte| byte.is_ascii_alphabetic()));
    let is_name = text.len() <= 253 && last_has_letter && labels.iter().all(is_label);
    is_name.then(|| MeetHost::Name(text.to_owned()))
}

fn wait_time(millis: &[u8]) -> Result<Duration, ErrorReply> {
    let millis = parse_integer(millis).filter(|millis| (1..=WAIT_MAX_MILLIS).contains(millis));
    let millis = millis.ok_or_else(|| {
        ErrorReply::err(format!("WAIT takes a number of milliseconds between 1 and {WAIT_MAX_MILLIS}"))
    })?;
    Ok(Duration::from_millis(millis.unsigned_abs()))
}

pub(crate) fn forget(call: &mut Call<'_>) -> Handled {
    let id = parse_id(call.args[2])?;
    let view = call.server.view();
    if id == *view.me().facts.id() {
        return Err(ErrorReply::err("I tried hard but I can't forget myself..."));
    }
    let my_primary = view.me().facts.primary_key().and_then(|key| view.node(key));
    if my_primary.is_some_and(|primary| *primary.facts.id() == id) {
        return Err(ErrorReply::err("Can't forget my master!"));
    }
    Ok(Outcome::Ask(Question::Forget(id)))
}

pub(crate) fn reset(call: &mut Call<'_>) -> Handled {
    let hard = match call.args[2..] {
        [] => false,
        [word] if is_word(word, "soft") => false,
        [word] if is_word(word, "hard") => true,
        [_] => return Err(ErrorReply::syntax()),
        _ => return Err(wrong_shape(call)),
    };
    Ok(Outcome::Ask(Question::Change(Change::Reset { hard })))
}

pub(crate) fn replicate(call: &mut Call<'_>) -> Handled {
    let change = match call.args[2..] {
        [id] => Change::Replicate(parse_id(id)?),
        [no, one] if is_word(no, "no") && is_word(one, "one") => Change::ReplicateNoOne,
        _ => return Err(wrong_shape(call)),
    };
    Ok(Outcome::Ask(Question::Change(change)))
}

pub(crate) fn failover(call: &mut Call<'_>) -> Handled {
    let mut how = Failover::Coordinated;
    for word in &call.args[2..] {
        how = match how {
            _ if is_word(word, "takeover") => Failover::Takeover,
            Failover::Coordinated if is_word(word, "force") => Failover::Force,
            earlier if is_word(word, "force") => earlier,
            _ => return Err(ErrorReply::syntax()),
        };
    }
    Ok(Outcome::Ask(Question::Change(Change::Failover(how))))
}

pub(crate) fn saveconfig(_call: &mut Call<'_>) -> Handled {
    Ok(Outcome::Ask(Question::SaveConfig))
}

pub(crate) fn count_failure_reports(call: &mut Call<'_>) -> Handled {
    let id = known_id(call, call.args[2])?;
    Ok(Outcome::Ask(Question::CountFailureReports(id)))
}
