//! Answers to what commands ask of the bus and of the process.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_command::{Answer, LinkInfo, MeetHost, Question};
use slotmesh_gossip::{Direction, HandshakeEnd, LinkInfo as BusLink, MeetTarget};
use slotmesh_types::Now;

use super::decide;
use super::explained::explained;
use super::shared::Shared;
use crate::bus::{BusReply, BusRequest};
use crate::change;

/// How long a resolver may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn ask(shared: &Arc<Shared>, question: &Question) -> Answer {
    match question {
        Question::Meet { host, port, bus_port, wait } => meet(shared, host, (*port, *bus_port), *wait).await,
        Question::Forget(id) => match shared.bus.ask(BusRequest::Forget(*id)).await {
            Some(BusReply::UnknownNode) => Answer::Error(format!("Unknown node {id}")),
            reply => plain(reply),
        },
        Question::Leave { force } => plain(shared.bus.ask(BusRequest::Leave { force: *force }).await),
        Question::Explain(id) => match shared.bus.ask(BusRequest::Explain(*id)).await {
            Some(BusReply::Explanation(explanation, now)) => {
                Answer::Explanation(Box::new(explained(&explanation, now)))
            }
            Some(BusReply::UnknownNode) => Answer::Error(format!("Unknown node {id}")),
            reply => plain(reply),
        },
        Question::Change(change) => changed(decide::change(shared, change.clone(), |request| request).await),
        Question::Check(change, _) => plain(shared.bus.ask(decide::check(shared, change)).await),
        Question::SaveConfig => match shared.bus.ask(BusRequest::SaveConfig).await {
            Some(BusReply::Refused(reason)) => Answer::Error(format!("error saving the cluster node config: {reason}")),
            reply => plain(reply),
        },
        Question::CountFailureReports(id) => match shared.bus.ask(BusRequest::CountFailureReports(*id)).await {
            Some(BusReply::Count(count)) => Answer::Integer(i64::try_from(count).unwrap_or(i64::MAX)),
            Some(BusReply::UnknownNode) => Answer::Error(format!("Unknown node {id}")),
            reply => plain(reply),
        },
        Question::Links => match shared.bus.ask(BusRequest::Links).await {
            Some(BusReply::Links(links, now)) => Answer::Links(shown(&links, now)),
            reply => plain(reply),
        },
        Question::View(_) => match shared.bus.ask(BusRequest::Refresh).await {
            Some(BusReply::Done) => Answer::View(shared.bus.topology().view()),
            reply => plain(reply),
        },
        Question::SetConfig(pairs) => match change::set(shared, pairs.clone()).await {
            Ok(_) => Answer::Ok,
            Err(reason) => Answer::Error(reason),
        },
        Question::RewriteConfig => change::rewrite(shared).await,
        // It takes a connection of its own: see `migrate`.
        Question::Migrate(_) => Answer::Error("keys are sent by the connection that asks for it".into()),
        Question::Debug(how) => plain(shared.bus.ask(BusRequest::Debug(how.clone())).await),
    }
}

fn changed(reply: Option<BusReply>) -> Answer {
    match reply {
        Some(BusReply::Epoch { epoch, bumped }) => Answer::Epoch { epoch, bumped },
        reply => plain(reply),
    }
}

fn plain(reply: Option<BusReply>) -> Answer {
    match reply {
        Some(BusReply::Done) => Answer::Ok,
        Some(BusReply::Refused(reason)) => Answer::Error(reason),
        Some(other) => Answer::Error(format!("the bus answered something else: {other:?}")),
        None => Answer::Error("the server is stopping".into()),
    }
}

fn shown(links: &[BusLink], now: Now) -> Vec<LinkInfo> {
    let standing = links.iter().filter(|link| link.connected);
    standing
        .map(|link| LinkInfo {
            inbound: link.direction == Direction::Inbound,
            node: link.node,
            created: now.to_unix(link.created),
            writing: link.queued > 0,
            send_buffer_allocated: link.queued,
            send_buffer_used: link.queued,
        })
        .collect()
}

async fn meet(shared: &Shared, host: &MeetHost, ports: (u16, u16), wait: Option<Duration>) -> Answer {
    let ip = match host {
        MeetHost::Ip(ip) => *ip,
        MeetHost::Name(name) => match resolve(name).await {
            Ok(ip) => ip,
            Err(reason) => return Answer::Error(format!("can't resolve host name '{name}': {reason}")),
        },
    };
    let (port, bus_port) = ports;
    tracing::info!("Cluster meet {ip}:{port} (user request)");
    let request = BusRequest::Meet(MeetTarget { ip, port, bus_port }, wait);
    match shared.bus.ask(request).await {
        Some(BusReply::Ended(HandshakeEnd::Joined(_) | HandshakeEnd::AlreadyKnown(_))) => Answer::Ok,
        Some(BusReply::Ended(end)) => Answer::Error(format!("handshake with {ip}:{bus_port} failed: {end}")),
        Some(BusReply::StillUnderWay(error)) => {
            let trouble = error.map(|error| format!(", the last attempt failed: {error}")).unwrap_or_default();
            Answer::Error(format!("handshake with {ip}:{bus_port} is still under way{trouble}; see CLUSTER NODES"))
        }
        reply => plain(reply),
    }
}

/// The first address of a name. Source: real servers take none here; `bind` and `replicaof` take the first as well.
pub(crate) async fn resolve(name: &str) -> Result<IpAddr, String> {
    match tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((name, 0))).await {
        Ok(Ok(mut found)) => found.next().map(|address| address.ip()).ok_or_else(|| "it has no address".into()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", RESOLVE_TIMEOUT.as_secs())),
    }
}
