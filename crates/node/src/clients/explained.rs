//! What the engine says of a node, in the words of SLOTMESH EXPLAIN.

use slotmesh_command::{ExplainedLink, NodeExplanation};
use slotmesh_gossip::{Direction, Explanation, LinkFacts};
use slotmesh_types::{Mono, Now, UnixMillis};

pub(super) fn explained(explanation: &Explanation, now: Now) -> NodeExplanation {
    let unix = |at: Option<Mono>| at.map_or(UnixMillis(0), |at| now.to_unix(at));
    let link = |facts: Option<LinkFacts>| {
        facts.map(|facts| ExplainedLink {
            connected: facts.connected,
            opened: now.to_unix(facts.opened),
            heard: now.to_unix(facts.heard),
        })
    };
    let reporters = explanation.reporters.iter();
    NodeExplanation {
        node: explanation.node.id,
        name: explanation.node.name(),
        health: explanation.health,
        since: unix(explanation.since),
        reporters: reporters.map(|(by, at)| (by.id, by.name(), now.to_unix(*at))).collect(),
        own_vote: explanation.own_vote,
        quorum: explanation.quorum,
        heard: unix(explanation.heard.map(|(_, at)| at)),
        heard_on: match explanation.heard {
            Some((Direction::Outbound, _)) => "ours",
            Some((Direction::Inbound, _)) => "its",
            None => "",
        },
        alive: unix(explanation.alive),
        unanswered: unix(explanation.unanswered),
        our_link: link(explanation.outbound),
        its_link: link(explanation.inbound),
        connect_error: explanation.connect_error.map(|(error, _)| error.to_string()).unwrap_or_default(),
        connect_error_at: unix(explanation.connect_error.map(|(_, at)| at)),
        forgot_us: explanation.forgot_us,
        summary: explanation.to_string(),
    }
}
