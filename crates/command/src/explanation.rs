//! Why a node is judged as it is, as SLOTMESH EXPLAIN replies it.

use slotmesh_resp::ReplyWriter;
use slotmesh_table::Health;
use slotmesh_types::{NodeId, UnixMillis};

/// A connection to a node, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainedLink {
    /// Whether it stands (and not just connects).
    pub connected: bool,
    /// When it was opened.
    pub opened: UnixMillis,
    /// When the last packet came on it.
    pub heard: UnixMillis,
}

/// What speaks for and against a node. Times are 0 for "never".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeExplanation {
    /// The node.
    pub node: NodeId,
    /// Its name for people: the announced one, else its address.
    pub name: String,
    /// How it is judged.
    pub health: Health,
    /// Since when it is suspected or failing.
    pub since: UnixMillis,
    /// Voting primaries that report it, each with its name and its latest report.
    pub reporters: Vec<(NodeId, String, UnixMillis)>,
    /// Whether this node's own suspicion counts as one more.
    pub own_vote: bool,
    /// How many reports make a failure.
    pub quorum: usize,
    /// The last packet from it.
    pub heard: UnixMillis,
    /// On whose connection that came: `ours`, `its`, or nothing.
    pub heard_on: &'static str,
    /// When it was last known to be alive, by its own word or by gossip.
    pub alive: UnixMillis,
    /// Since when it owes an answer to a PING.
    pub unanswered: UnixMillis,
    /// The connection that this node opened.
    pub our_link: Option<ExplainedLink>,
    /// The connection that it opened.
    pub its_link: Option<ExplainedLink>,
    /// Why the last attempt to connect failed; empty if none has.
    pub connect_error: String,
    /// When that was.
    pub connect_error_at: UnixMillis,
    /// It said that it has forgotten this node.
    pub forgot_us: bool,
    /// All of it in one line.
    pub summary: String,
}

impl NodeExplanation {
    /// Writes it as a map; in RESP2 as an array of names and values.
    pub(crate) fn write(&self, reply: &mut ReplyWriter<'_>) {
        reply.map(16);
        text(reply, "node", self.node.as_str());
        text(reply, "name", &self.name);
        text(
            reply,
            "health",
            match self.health {
                Health::Online => "online",
                Health::Pfail => "suspected",
                Health::Fail => "failing",
            },
        );
        time(reply, "since", self.since);
        reply.bulk(b"reporters");
        reply.array(self.reporters.len());
        for (id, name, at) in &self.reporters {
            reply.map(3);
            text(reply, "node", id.as_str());
            text(reply, "name", name);
            time(reply, "at", *at);
        }
        number(reply, "own-vote", i64::from(self.own_vote));
        number(reply, "quorum", i64::try_from(self.quorum).unwrap_or(i64::MAX));
        time(reply, "last-heard", self.heard);
        text(reply, "last-heard-on", self.heard_on);
        time(reply, "last-alive", self.alive);
        time(reply, "ping-unanswered-since", self.unanswered);
        link(reply, "our-link", self.our_link.as_ref());
        link(reply, "its-link", self.its_link.as_ref());
        reply.bulk(b"connect-error");
        reply.map(2);
        text(reply, "reason", &self.connect_error);
        time(reply, "at", self.connect_error_at);
        number(reply, "forgot-us", i64::from(self.forgot_us));
        text(reply, "summary", &self.summary);
    }
}

fn text(reply: &mut ReplyWriter<'_>, name: &str, value: &str) {
    reply.bulk(name.as_bytes());
    reply.bulk(value.as_bytes());
}

fn number(reply: &mut ReplyWriter<'_>, name: &str, value: i64) {
    reply.bulk(name.as_bytes());
    reply.integer(value);
}

fn time(reply: &mut ReplyWriter<'_>, name: &str, at: UnixMillis) {
    number(reply, name, i64::try_from(at.0).unwrap_or(i64::MAX));
}

/// A link that is not there is an empty map.
fn link(reply: &mut ReplyWriter<'_>, name: &str, link: Option<&ExplainedLink>) {
    reply.bulk(name.as_bytes());
    let Some(link) = link else { return reply.map(0) };
    reply.map(3);
    number(reply, "connected", i64::from(link.connected));
    time(reply, "opened", link.opened);
    time(reply, "last-heard", link.heard);
}

#[cfg(test)]
mod tests {
    use slotmesh_resp::{Protocol, Value};

    use super::*;

    #[test]
    fn the_reply_is_one_whole_value_in_both_protocols() {
        let id = NodeId::from_entropy([7; 20]);
        let our_link = ExplainedLink { connected: true, opened: UnixMillis(1), heard: UnixMillis(2) };
        let explanation = NodeExplanation {
            node: id,
            name: "127.0.0.1:7000".into(),
            health: Health::Pfail,
            since: UnixMillis(3),
            reporters: vec![(id, "b".into(), UnixMillis(4))],
            own_vote: true,
            quorum: 2,
            heard: UnixMillis(5),
            heard_on: "ours",
            alive: UnixMillis(5),
            unanswered: UnixMillis(6),
            our_link: Some(our_link),
            its_link: None,
            connect_error: "connection refused".into(),
            connect_error_at: UnixMillis(7),
            forgot_us: false,
            summary: "last heard".into(),
        };
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let mut out = Vec::new();
            explanation.write(&mut ReplyWriter::new(&mut out, protocol));
            let (value, taken) = Value::parse(&out).expect("a reply").expect("a whole one");
            assert_eq!(taken, out.len(), "{value:?}");
            assert!(String::from_utf8_lossy(&out).contains("suspected"));
        }
    }
}
