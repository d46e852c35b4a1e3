//! Why a node is judged as it is, as the admin API shows it.

use slotmesh_admin::{address, proto, timestamp};
use slotmesh_gossip::{Direction, Explanation, LinkFacts};
use slotmesh_table::Health;
use slotmesh_types::{Mono, Now};

use super::event::name;

/// What speaks for and against a node, its times by the clock of `now`.
pub(super) fn judgement(why: Explanation, now: Now) -> proto::Judgement {
    let time = |at: Mono| timestamp(now.to_unix(at));
    let link = |link: LinkFacts| proto::LinkState {
        connected: link.connected,
        opened: time(link.opened),
        heard: time(link.heard),
    };
    let report = |(by, at)| proto::FailureReport { by: Some(name(by)), time: time(at) };
    proto::Judgement {
        address: Some(address(&why.address)),
        no_address: why.noaddr,
        health: match why.health {
            Health::Online => proto::Health::Online,
            Health::Pfail => proto::Health::Suspected,
            Health::Fail => proto::Health::Failed,
        }
        .into(),
        since: why.since.and_then(time),
        reports: why.reporters.into_iter().map(report).collect(),
        own_vote: why.own_vote,
        quorum: u32::try_from(why.quorum).unwrap_or(u32::MAX),
        heard: why.heard.and_then(|(_, at)| time(at)),
        heard_on_own_link: matches!(why.heard, Some((Direction::Outbound, _))),
        alive: why.alive.and_then(time),
        unanswered: why.unanswered.and_then(time),
        outbound: why.outbound.map(link),
        inbound: why.inbound.map(link),
        connect_error: why.connect_error.map(|(error, _)| error.to_string()).unwrap_or_default(),
        connect_failed: why.connect_error.and_then(|(_, at)| time(at)),
        forgot_us: why.forgot_us,
        node: Some(name(why.node)),
    }
}
