//! Two stages of servers side by side, one of each kind, that are told the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::normal::{self, Names};
use super::prepared;
use crate::rack::{Client, Kind, Node, Rack, mesh, wait};

/// How long both kinds may take to show the same after a change. News travels with heartbeats.
const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough that no step is disturbed by a suspicion.
const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "5000")];

/// Keys are compared by their digest.
const FLAGS_WITH_KEYS: [(&str, &str); 2] = [FLAGS[0], ("enable-debug-command", "yes")];

/// Clusters in which much changes hands are looked at until they have been quiet for so long: several heartbeats between any
/// two nodes.
const QUIET: Duration = Duration::from_millis(600);

/// One command to one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) node: usize,
    /// `$id:1` stands for the id of node 1.
    pub(super) words: Vec<String>,
    /// Only the replies have to be the same, not what the clusters show.
    pub(super) blind: bool,
}

impl Step {
    pub(super) fn new(node: usize, words: Vec<String>) -> Self {
        Self { node, words, blind: false }
    }

    /// The same step, after which the clusters may differ.
    pub(super) fn blind(self) -> Self {
        Self { blind: true, ..self }
    }

    /// Whether it is that subcommand.
    pub(super) fn is(&self, command: &str, subcommand: &str) -> bool {
        let word = |index: usize| self.words.get(index).map_or("", String::as_str);
        word(0).eq_ignore_ascii_case(command) && word(1).eq_ignore_ascii_case(subcommand)
    }

    /// Whether its reply shows what may still be on its way from another node, or takes time by itself.
    fn shows_the_cluster(&self) -> bool {
        ["NODES", "SLOTS", "SHARDS", "INFO"].iter().any(|what| self.is("CLUSTER", what))
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.node)?;
        self.words.iter().try_for_each(|word| write!(f, " {}", if word.is_empty() { "\"\"" } else { word }))
    }
}

/// The servers of one kind.
struct Side {
    nodes: Vec<Node>,
    names: Names,
    clients: Vec<Client>,
}

impl Side {
    fn start(rack: &Rack, kind: Kind, count: usize, flags: &[(&str, &str)]) -> Result<Self> {
        let nodes = rack.start(&vec![kind; count], flags)?;
        if count > 1 {
            join(&nodes)?;
        }
        let mut side = Self { names: Names::default(), clients: Vec::new(), nodes };
        side.learn_names()?;
        Ok(side)
    }

    fn learn_names(&mut self) -> Result<()> {
        let ids = self.nodes.iter().map(Node::id).collect::<Result<_>>()?;
        self.names = Names { ids, ports: self.nodes.iter().map(Node::port).collect() };
        Ok(())
    }

    fn connect(&mut self, protocol: &str) -> Result<()> {
        self.clients = self.nodes.iter().map(Node::connect).collect::<Result<_>>()?;
        self.clients.iter_mut().try_for_each(|client| client.call(&["HELLO", protocol]).map(drop))
    }

    /// The reply with names in the place of what differs from run to run.
    fn ask(&mut self, step: &Step) -> Result<String> {
        let words: Vec<String> = step.words.iter().map(|word| self.names.expand(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let reply = self.clients[step.node].exchange(&words).with_context(|| format!("asked: {step}"))?;
        // Numbers of slots, one of which may be that of a port.
        let ports = if step.is("CLUSTER", "SLOT-STATS") { Vec::new() } else { self.names.ports.clone() };
        let names = Names { ids: self.names.ids.clone(), ports };
        Ok(normal::reply(&reply, &names, step.is("CLUSTER", "SHARDS")))
    }

    /// Nodes that know each other already and own a third of the slots each.
    fn prepared(rack: &Rack, kind: Kind) -> Result<Self> {
        let nodes = prepared::start(rack, kind)?;
        await_ok(&nodes)?;
        let mut side = Self { names: Names::default(), clients: Vec::new(), nodes };
        side.learn_names()?;
        Ok(side)
    }

    /// Whether what replicas of a real server need to take over has come to them. Ours need nothing yet.
    fn is_in_step(&self) -> Result<bool> {
        let real = self.nodes.iter().filter(|node| node.kind() != Kind::Slotmesh);
        let in_step = real.map(|node| Ok(!node.text(&["INFO", "replication"])?.contains("master_link_status:down")));
        in_step.collect::<Result<Vec<bool>>>().map(|all| all.iter().all(|one| *one))
    }

    /// Whether every node knows the epochs of all. Two nodes that take an epoch before they have heard of each other's get
    /// the same one, and who then gives way depends on their ids.
    fn is_settled(&self) -> Result<bool> {
        let views: Result<Vec<BTreeMap<String, u64>>> = self
            .nodes
            .iter()
            .map(|node| Ok(node.lines()?.into_iter().map(|line| (line.id, line.epoch)).collect()))
            .collect();
        let views = views?;
        let distinct: BTreeSet<&u64> = views[0].values().collect();
        Ok(views.iter().all(|view| *view == views[0]) && distinct.len() == views[0].len())
    }

    /// What every node shows of every other.
    fn picture(&self) -> Result<String> {
        let texts: Result<Vec<String>> = self.nodes.iter().map(|node| node.text(&["CLUSTER", "NODES"])).collect();
        let texts = texts?;
        Ok(texts.iter().map(|text| normal::reply(text.as_bytes(), &self.names, false)).collect::<Vec<_>>().join("\n"))
    }
}

/// Makes three primaries with a third of the slots and an epoch each.
fn join(nodes: &[Node]) -> Result<()> {
    for (node, (epoch, range)) in nodes.iter().zip([("1", "0 5460"), ("2", "5461 10922"), ("3", "10923 16383")]) {
        node.call(&["CLUSTER", "SET-CONFIG-EPOCH", epoch])?;
        let (first, last) = range.split_once(' ').context("a range")?;
        node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last])?;
    }
    nodes[1..].iter().try_for_each(|node| nodes[0].meet(node))?;
    await_ok(nodes)
}

fn await_ok(nodes: &[Node]) -> Result<()> {
    mesh::await_full(nodes, PATIENCE)?;
    wait::until("the cluster to be ok", PATIENCE, || {
        let ok = |node: &Node| Ok(node.text(&["CLUSTER", "INFO"])?.contains("cluster_state:ok"));
        let all: Result<Vec<bool>> = nodes.iter().map(ok).collect();
        anyhow::ensure!(all?.iter().all(|ok| *ok), "a node says fail");
        Ok(())
    })
}

/// The slots that a node has bound to that one.
fn bound(node: &Node, owner: &str) -> Result<Vec<String>> {
    let slots = node.line_of(owner)?.map(|line| line.slots).unwrap_or_default();
    Ok(slots.into_iter().filter(|slot| !slot.starts_with('[')).collect())
}

/// Ours and theirs.
pub(super) struct Pair {
    name: &'static str,
    ours: Side,
    theirs: Side,
    history: Vec<String>,
    /// How long both have to show the same before the next step.
    quiet: Duration,
}

impl Pair {
    /// A lone node of each kind.
    pub(super) fn lone(rack: &Rack) -> Result<Self> {
        Self::start(rack, "a lone node", 1, &FLAGS)
    }

    /// A lone node of each kind that owns every slot.
    pub(super) fn whole(rack: &Rack) -> Result<Self> {
        let pair = Self::start(rack, "a node with keys", 1, &FLAGS_WITH_KEYS)?;
        for side in [&pair.ours, &pair.theirs] {
            side.nodes[0].call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
            await_ok(&side.nodes)?;
        }
        Ok(pair)
    }

    /// A cluster of three of each kind.
    pub(super) fn trio(rack: &Rack) -> Result<Self> {
        Self::start(rack, "a cluster of three", 3, &FLAGS)
    }

    /// A cluster of three of each kind in which slots and roles change hands.
    pub(super) fn moving(rack: &Rack) -> Result<Self> {
        let (ours, theirs) = (Side::prepared(rack, Kind::Slotmesh)?, Side::prepared(rack, Kind::Valkey9)?);
        Ok(Self { name: "a cluster on the move", ours, theirs, history: Vec::new(), quiet: QUIET })
    }

    fn start(rack: &Rack, name: &'static str, count: usize, flags: &[(&str, &str)]) -> Result<Self> {
        let start = |kind| Side::start(rack, kind, count, flags);
        let (ours, theirs) = (start(Kind::Slotmesh)?, start(Kind::Valkey9)?);
        Ok(Self { name, ours, theirs, history: Vec::new(), quiet: Duration::ZERO })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The steps since the stages were as new.
    pub(super) fn history(&self) -> &[String] {
        &self.history
    }

    /// Opens new connections; a lone node is as new afterwards, and nodes that are not alone have told each other what there is.
    pub(super) fn begin(&mut self, protocol: &str) -> Result<()> {
        if self.ours.nodes.len() > 1 {
            let (ours, theirs) = self.await_same_picture(Instant::now())?;
            ensure!(
                ours == theirs,
                "before a script the clusters differ\n  slotmesh: {ours:?}\n  valkey:   {theirs:?}"
            );
        }
        for side in [&mut self.ours, &mut self.theirs] {
            if side.nodes.len() == 1 {
                side.nodes[0].call(&["CLUSTER", "RESET", "HARD"])?;
                side.learn_names()?;
                self.history.clear();
            }
            side.connect(protocol)?;
        }
        self.history.push(format!("# new connections, RESP{protocol}"));
        Ok(())
    }

    /// Whether a step is left out: real primaries replicate what they are told of slots on the move, and ours do not
    /// replicate yet. Nor does a replica take over while somebody else has bound other slots to its primary than that has:
    /// with which of both they end there depends on whose packet comes first, in a real server with the old primary for good
    /// [role-3].
    pub(super) fn leaves_out(&self, step: &Step) -> Result<bool> {
        let id = &self.ours.names.ids[step.node];
        if step.is("CLUSTER", "SETSLOT") {
            let lines = self.ours.nodes[step.node].lines()?;
            return Ok(lines.iter().any(|line| line.primary.as_ref() == Some(id)));
        }
        if !step.is("CLUSTER", "FAILOVER") {
            return Ok(false);
        }
        let own = self.ours.nodes[step.node].line_of(id)?;
        let Some(primary) = own.and_then(|line| line.primary) else {
            return Ok(false);
        };
        let views: Result<BTreeSet<Vec<String>>> = self.ours.nodes.iter().map(|node| bound(node, &primary)).collect();
        Ok(views?.len() > 1)
    }

    /// Gives each lone node two new clients, and leaves what it is as it is.
    pub(super) fn connect_clients(&mut self, protocol: &str) -> Result<()> {
        self.history.clear();
        [&mut self.ours, &mut self.theirs].into_iter().try_for_each(|side| {
            let mut both = [side.nodes[0].connect()?, side.nodes[0].connect()?];
            both.iter_mut().try_for_each(|client| client.call(&["HELLO", protocol]).map(drop))?;
            side.clients = both.into();
            Ok(())
        })
    }

    /// Asks both for something about keys, as the client of the step's number; gives both replies as they are, but
    /// elements that come in no promised order in one. What was pushed to the client before stands before them.
    pub(super) fn ask_for_keys(&mut self, step: &Step, unordered: bool) -> Result<(String, String)> {
        self.history.push(step.to_string());
        let words: Vec<&str> = step.words.iter().map(String::as_str).collect();
        let reply = |side: &mut Side| {
            let asked = || format!("asked: {step}");
            let (pushed, reply) = side.clients[step.node].exchange_among_pushes(&words).with_context(asked)?;
            let reply = if unordered { normal::in_order(&reply)? } else { normal::escaped(&reply) };
            // Which of both a short text is depends on how it came about in Valkey, and on its length here.
            let reply =
                if step.is("OBJECT", "ENCODING") { reply.replace("$3\\r\\nraw", "$6\\r\\nembstr") } else { reply };
            Ok::<_, anyhow::Error>(normal::escaped(&pushed) + &reply)
        };
        Ok((reply(&mut self.ours)?, reply(&mut self.theirs)?))
    }

    /// Asks both; gives both replies or, when those are the same and both clusters are not, what they show.
    pub(super) fn ask(&mut self, step: &Step) -> Result<(String, String)> {
        self.history.push(step.to_string());
        let start = Instant::now();
        let mut replies = (self.ours.ask(step)?, self.theirs.ask(step)?);
        while replies.0 != replies.1 && step.shows_the_cluster() && start.elapsed() < PATIENCE {
            wait::pause(Duration::from_millis(20))?;
            replies = (self.ours.ask(step)?, self.theirs.ask(step)?);
        }
        if step.is("CLUSTER", "RESET") {
            self.ours.learn_names()?;
            self.theirs.learn_names()?;
        }
        if replies.0 != replies.1 || !replies.0.starts_with('+') || step.blind {
            return Ok(replies);
        }
        let pictures = self.await_same_picture(start)?;
        Ok(if pictures.0 == pictures.1 { replies } else { pictures })
    }

    /// What both show once that is the same, settled, and has been for as long as it has to.
    fn await_same_picture(&self, start: Instant) -> Result<(String, String)> {
        let mut since = None;
        let mut before = (String::new(), String::new());
        loop {
            let pictures = (self.ours.picture()?, self.theirs.picture()?);
            let settled = self.ours.is_settled()? && self.theirs.is_settled()? && self.theirs.is_in_step()?;
            if !settled || pictures.0 != pictures.1 || pictures != before {
                since = None;
            } else if since.get_or_insert_with(Instant::now).elapsed() >= self.quiet {
                return Ok(pictures);
            }
            if start.elapsed() > PATIENCE {
                return Ok(pictures);
            }
            before = pictures;
            wait::pause(Duration::from_millis(20))?;
        }
    }
}
