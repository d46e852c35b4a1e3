//! Why a node is judged as it is: what this node has seen of it, and what others say.

use std::fmt;
use std::time::Duration;

use slotmesh_table::{Address, Health, NodeKey};
use slotmesh_types::{Mono, NodeId, Now};

use crate::engine::Engine;
use crate::event::{Event, NodeName};
use crate::link::{ConnectError, Direction, LinkId};

/// A connection to a node, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    /// Whether it stands (and not just connects).
    pub connected: bool,
    /// When it was opened.
    pub opened: Mono,
    /// When the last packet came on it; when it was opened, if none has.
    pub heard: Mono,
}

/// What speaks for and against a node, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The node.
    pub node: NodeName,
    /// Where it is looked for.
    pub address: Address,
    /// Whether its address is known to be wrong, so that it is not looked for at all.
    pub noaddr: bool,
    /// The moment that this describes.
    pub taken: Mono,
    /// How it is judged.
    pub health: Health,
    /// Since when it is suspected by this node, or failing by agreement.
    pub since: Option<Mono>,
    /// Voting primaries that report it as unreachable, each with its latest report; ordered by id.
    pub reporters: Vec<(NodeName, Mono)>,
    /// Whether this node's own suspicion counts as one more report: it is a voting primary.
    pub own_vote: bool,
    /// How many reports make a failure.
    pub quorum: usize,
    /// The last packet from it: when, and on whose connection.
    pub heard: Option<(Direction, Mono)>,
    /// When it was last known to be alive, by its own PONG or by gossip.
    pub alive: Option<Mono>,
    /// Since when it owes an answer to a PING, or has not been reached to be sent one.
    pub unanswered: Option<Mono>,
    /// The connection that this node opened.
    pub outbound: Option<LinkFacts>,
    /// The connection that it opened.
    pub inbound: Option<LinkFacts>,
    /// Why the last attempt to connect failed, and when. A connection that stands now came after it.
    pub connect_error: Option<(ConnectError, Mono)>,
    /// It said that it has forgotten this node.
    pub forgot_us: bool,
}

impl Engine {
    /// Why a node is judged as it is; `None` if nobody of that name is known.
    #[must_use]
    pub fn explain(&self, now: Now, id: &NodeId) -> Option<Explanation> {
        Some(self.explain_key(now.mono, self.table.lookup(id)?))
    }

    /// Tells observers why a judgement has changed.
    pub(crate) fn explain_judgement(&mut self, key: NodeKey) {
        let explanation = self.explain_key(self.now.mono, key);
        self.emit(Event::Judged(Box::new(explanation)));
    }

    fn explain_key(&self, now: Mono, key: NodeKey) -> Explanation {
        let (node, peer) = (self.table.node(key), &self.peers[key]);
        let validity = self.config.report_validity();
        let reports = self.table.reports(key).filter(|(_, at)| now.since(*at) <= validity);
        let mut reporters: Vec<_> = reports.map(|(by, at)| (self.name(by), at)).collect();
        reporters.sort_unstable_by_key(|(name, _)| name.id);
        Explanation {
            node: self.name(key),
            address: node.address,
            noaddr: node.noaddr,
            taken: now,
            health: node.health,
            since: match node.health {
                Health::Online => None,
                Health::Pfail => peer.suspected,
                Health::Fail => node.liveness.fail_since,
            },
            reporters,
            own_vote: self.table.me().is_voting(),
            quorum: self.quorum(),
            heard: peer.heard,
            alive: node.liveness.pong_received,
            unanswered: node.liveness.ping_sent,
            outbound: self.link_facts(peer.outbound),
            inbound: self.link_facts(peer.inbound),
            connect_error: peer.connect_error,
            forgot_us: peer.forgot_us,
        }
    }

    fn link_facts(&self, id: Option<LinkId>) -> Option<LinkFacts> {
        let link = self.links.get(id?)?;
        Some(LinkFacts { connected: link.connected, opened: link.created, heard: link.heard })
    }
}

/// One line for a log, without the node's name: `last heard 1.2s ago on its link; our link: none; ...`.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = |at: Mono| Ago(self.taken.since(at));
        match self.heard {
            Some((Direction::Outbound, at)) => write!(f, "last heard {} on our link", ago(at))?,
            Some((Direction::Inbound, at)) => write!(f, "last heard {} on its link", ago(at))?,
            None => f.write_str("never heard")?,
        }
        if let Some(at) = self.alive {
            write!(f, "; known alive {}", ago(at))?;
        }
        if let Some(at) = self.unanswered {
            write!(f, "; ping unanswered since {}", ago(at))?;
        }
        for (name, link) in [("our", &self.outbound), ("its", &self.inbound)] {
            match link {
                Some(link) if link.connected => write!(f, "; {name} link stands, opened {}", ago(link.opened))?,
                Some(link) => write!(f, "; {name} link is connecting since {}", ago(link.opened))?,
                None => write!(f, "; {name} link: none")?,
            }
        }
        if let Some((error, at)) = self.connect_error {
            write!(f, "; last connect error {}: {error}", ago(at))?;
        }
        let votes = self.reporters.len() + usize::from(self.own_vote);
        write!(f, "; reports {votes} of {} needed", self.quorum)?;
        for (index, (name, at)) in self.reporters.iter().enumerate() {
            write!(f, "{} {name} {}", if index == 0 { ", by" } else { "," }, ago(*at))?;
        }
        Ok(())
    }
}

struct Ago(Duration);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s ago", self.0.as_secs_f64())
    }
}
