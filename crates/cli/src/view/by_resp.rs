//! Asking a node at its client port. Everything here only reads.

use std::collections::BTreeSet;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use slotmesh_resp::Value;
use slotmesh_types::{CurrentEpoch, NodeId};

use super::node_lines::NodeLines;
use super::node_view::ClockReading;
use super::{Software, View};
use crate::talk::{Access, AskError, Resp, Target};

/// What the node at `target` says.
///
/// # Errors
/// It can't be asked, or is no cluster node.
pub(crate) async fn view(target: &Target, access: &Access) -> Result<View, AskError> {
    let mut node = Resp::connect(target, access).await?;
    let lines = node_lines(&mut node).await?;
    let me = lines.myself.ok_or_else(|| node.nonsense(&NODES, &"no line is its own"))?;
    let info = node.text(&["CLUSTER", "INFO"]).await?;
    let epoch = field(&info, "cluster_current_epoch").and_then(|text| text.parse().ok()).unwrap_or(0);
    let server = node.try_call(&["INFO", "server"]).await?;
    let software = server.as_ref().and_then(text).map_or_else(Software::default, |info| Software::of_info(&info));
    let cluster_name = if software.is_slotmesh() { cluster_name(&mut node).await? } else { String::new() };
    let keys = node.try_call(&["DBSIZE"]).await?;
    Ok(View {
        me,
        asked: target.clone(),
        entries: lines.entries,
        open_slots: lines.open_slots,
        state_ok: field(&info, "cluster_state") == Some("ok"),
        current_epoch: CurrentEpoch(epoch),
        software,
        cluster_name,
        clock: clock(&mut node).await?,
        keys: keys.as_ref().and_then(integer).and_then(|count| count.try_into().ok()),
        inbound: inbound(&mut node).await?,
    })
}

const NODES: [&str; 2] = ["CLUSTER", "NODES"];

/// Only what the node says of every node.
///
/// # Errors
/// As [`view`].
pub(crate) async fn node_lines(node: &mut Resp) -> Result<NodeLines, AskError> {
    let reply = node.text(&NODES).await?;
    NodeLines::parse(&reply).map_err(|error| node.nonsense(&NODES, &error))
}

/// The name that the node goes by: what it was given, or what it has learned since.
async fn cluster_name(node: &mut Resp) -> Result<String, AskError> {
    let reply = node.try_call(&["CONFIG", "GET", "slotmesh-cluster-name"]).await?;
    Ok(match reply {
        Some(Value::Array(pair)) => pair.get(1).and_then(text).unwrap_or_default(),
        _ => String::new(),
    })
}

/// Who has a link to the node. Servers before 7.0 don't tell.
async fn inbound(node: &mut Resp) -> Result<Option<BTreeSet<NodeId>>, AskError> {
    let reply = node.try_call(&["CLUSTER", "LINKS"]).await?;
    let Some(Value::Array(links)) = reply else { return Ok(None) };
    let inbound = links.iter().filter(|link| member(link, "direction").as_deref() == Some("from"));
    Ok(Some(inbound.filter_map(|link| member(link, "node")?.parse().ok()).collect()))
}

/// The text under a name in a map, which RESP2 writes as an array of names and values.
fn member(map: &Value, name: &str) -> Option<String> {
    let Value::Array(items) = map else { return None };
    let pairs = items.as_chunks::<2>().0.iter();
    pairs.into_iter().find(|[key, _]| key.as_bytes() == Some(name.as_bytes())).and_then(|[_, value]| text(value))
}

/// Compares the node's clock with ours at the moment half way between question and answer.
async fn clock(node: &mut Resp) -> Result<Option<ClockReading>, AskError> {
    let (start, asked) = (Instant::now(), SystemTime::now());
    let reply = node.try_call(&["TIME"]).await?;
    let half = start.elapsed() / 2;
    let Some(Value::Array(parts)) = reply else { return Ok(None) };
    let number = |index: usize| text(parts.get(index)?)?.parse::<i64>().ok();
    let theirs =
        number(0).zip(number(1)).and_then(|(seconds, micros)| seconds.checked_mul(1000)?.checked_add(micros / 1000));
    let ours = (asked + half).duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok());
    let uncertain_ms = i64::try_from(half.as_millis()).unwrap_or(i64::MAX);
    let ahead_ms = theirs.zip(ours).and_then(|(theirs, ours)| theirs.checked_sub(ours));
    Ok(ahead_ms.map(|ahead_ms| ClockReading { ahead_ms, uncertain_ms }))
}

/// The value of a line `name:value`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn text(value: &Value) -> Option<String> {
    value.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}
