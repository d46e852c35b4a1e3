//! `slotmesh meet`: nodes join the cluster of another.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;
use slotmesh_admin::proto::{self, MeetOutcome};
use tokio::task::JoinSet;

use crate::arguments::{Global, seconds};
use crate::ending::Ending;
use crate::output;
use crate::talk::{Access, Admin, AskError, Resp, Target, resolve};
use crate::view::{Link, Start, View, first_view, node_lines};

/// Pause between two looks at whether a node has joined.
const PAUSE: Duration = Duration::from_millis(100);

/// Make one node meet others, and wait for how that ends.
///
/// The node that meets is --addr or --admin; without them it is the first of those given.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Nodes to meet, by their client ports.
    #[arg(value_name = "HOST:PORT", required = true)]
    nodes: Vec<Target>,
    /// Longest wait for all handshakes to end, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = meet_wait)]
    wait: Duration,
}

/// The admin API waits no longer.
const WAIT_MAX: Duration = Duration::from_secs(600);

fn meet_wait(text: &str) -> Result<Duration, String> {
    let wait = seconds(text)?;
    if wait <= WAIT_MAX { Ok(wait) } else { Err(format!("expected {} seconds at most", WAIT_MAX.as_secs())) }
}

/// How it went with one of them: in words, or why it is no member.
type Outcome = Result<String, String>;

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    let access = global.access()?;
    let outcomes = match global.admin().await? {
        Some(admin) => {
            ensure!(global.addr().is_none(), "give --addr or --admin, not both: only one node meets the others");
            by_admin(&admin, options, &access).await
        }
        None => {
            let (hub, others) = match (global.addr(), &options.nodes[..]) {
                (Some(hub), others) => (hub, others),
                (None, [hub, others @ ..]) if !others.is_empty() => (hub, others),
                _ => anyhow::bail!("give two nodes at least: the first meets the others"),
            };
            by_resp(hub, others, options.wait, &access).await?
        }
    };
    show(global, &outcomes)
}

fn show(global: &Global, outcomes: &[(Target, Outcome)]) -> Result<Ending> {
    if global.json {
        let line = |(target, outcome): &(Target, Outcome)| {
            let (joined, message) = match outcome {
                Ok(text) => (true, text),
                Err(text) => (false, text),
            };
            json!({ "node": target.to_string(), "member": joined, "message": message })
        };
        output::print_json(&outcomes.iter().map(line).collect())?;
    } else {
        let line = |(target, outcome): &(Target, Outcome)| match outcome {
            Ok(text) => format!("{target}: {text}\n"),
            Err(text) => format!("{target}: failed: {text}\n"),
        };
        output::print(&outcomes.iter().map(line).collect::<String>())?;
    }
    Ok(if outcomes.iter().all(|(_, outcome)| outcome.is_ok()) { Ending::Good } else { Ending::Bad })
}

/// A slotmesh node knows how a handshake ended, and why.
async fn by_admin(admin: &Admin, options: &Options, access: &Access) -> Vec<(Target, Outcome)> {
    let mut meeting = JoinSet::new();
    for (index, target) in options.nodes.iter().cloned().enumerate() {
        let (admin, wait, access) = (admin.clone(), options.wait, access.clone());
        meeting.spawn(async move {
            // Only the peer can tell us of a bus port that is not the usual one. Where it can't be asked it has the usual.
            let view = first_view(&Start::Resp(target.clone()), &access).await;
            let bus_port = view.ok().and_then(|view| Some(view.myself()?.place.bus_port)).unwrap_or(0);
            let request = proto::MeetRequest {
                host: target.host.clone(),
                port: target.port.into(),
                bus_port: bus_port.into(),
                wait: Some(slotmesh_admin::duration(wait)),
                ..Default::default()
            };
            let outcome = admin.meet(request, wait).await.map_err(|error| error.kind.to_string()).and_then(outcome);
            (index, target, outcome)
        });
    }
    in_order(meeting).await
}

fn outcome(response: proto::MeetResponse) -> Outcome {
    match response.outcome() {
        MeetOutcome::Joined => Ok("joined".to_owned()),
        MeetOutcome::AlreadyKnown => Ok("was a member already".to_owned()),
        _ => Err(response.message),
    }
}

async fn by_resp(
    hub: &Target,
    others: &[Target],
    wait: Duration,
    access: &Access,
) -> Result<Vec<(Target, Outcome)>, AskError> {
    let view = first_view(&Start::Resp(hub.clone()), access).await?;
    // All are asked before the first is met: a wrong address changes nothing.
    let mut peers = Vec::new();
    for target in others {
        peers.push(Peer::ask(target, access).await?);
    }
    let mut meeting = JoinSet::new();
    for (index, peer) in peers.into_iter().enumerate() {
        let meet = Meet { hub: hub.clone(), waits: view.software.is_slotmesh(), wait, access: access.clone() };
        let known = view.link_to(&peer.view.me) == Link::Up;
        meeting.spawn(async move {
            let outcome = match peer.view.me {
                me if me == view.me => Err("this is the node that meets the others".to_owned()),
                _ if known => Ok("was a member already".to_owned()),
                _ => meet.run(&peer).await,
            };
            (index, peer.target, outcome)
        });
    }
    Ok(in_order(meeting).await)
}

/// A node to meet.
pub(crate) struct Peer {
    target: Target,
    /// Its address for MEET: real servers take no names.
    ip: String,
    view: View,
}

impl Peer {
    async fn ask(target: &Target, access: &Access) -> Result<Self, AskError> {
        let view = first_view(&Start::Resp(target.clone()), access).await?;
        Ok(Self { target: target.clone(), ip: resolve(target).await?, view })
    }

    fn bus_port(&self) -> String {
        let bus_port = self.view.myself().map_or(0, |entry| entry.place.bus_port);
        bus_port.to_string()
    }
}

/// One node makes one other meet.
struct Meet {
    hub: Target,
    /// The hub knows `WAIT`.
    waits: bool,
    wait: Duration,
    access: Access,
}

impl Meet {
    async fn run(&self, peer: &Peer) -> Outcome {
        let in_words = |error: AskError| error.kind.to_string();
        let mut hub = Resp::connect(&self.hub, &self.access).await.map_err(in_words)?;
        let (port, bus_port, wait) = (peer.target.port.to_string(), peer.bus_port(), self.wait.as_millis().to_string());
        let mut words = vec!["CLUSTER", "MEET", &peer.ip, &port, &bus_port];
        if self.waits {
            words.extend(["WAIT", &wait]);
            hub.set_timeout(self.wait + self.access.timeout);
        }
        let end = Instant::now() + self.wait;
        hub.call(&words).await.map_err(in_words)?;
        while !self.waits && node_lines(&mut hub).await.map_err(in_words)?.link_to(&peer.view.me) != Link::Up {
            if Instant::now() > end {
                return Err(format!("it has not joined within {:?}; look at slotmesh nodes {}", self.wait, self.hub));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok("joined".to_owned())
    }
}

async fn in_order(mut meeting: JoinSet<(usize, Target, Outcome)>) -> Vec<(Target, Outcome)> {
    let mut outcomes = Vec::new();
    while let Some(done) = meeting.join_next().await {
        outcomes.push(done.expect("meeting does not panic"));
    }
    outcomes.sort_by_key(|(index, ..)| *index);
    outcomes.into_iter().map(|(_, target, outcome)| (target, outcome)).collect()
}
