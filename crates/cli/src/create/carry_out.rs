//! Doing what was planned.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use super::plan::{Member, Plan, Task};
use crate::checks::{self, Found, Severity};
use crate::ending::{self, Unwished};
use crate::talk::{Access, AskError, Resp};
use crate::view::{Link, Start, collect, node_lines};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A node that the hub does not know after so long is met once more: its handshake may have ended badly.
const MEET_AGAIN: Duration = Duration::from_secs(5);

/// What does not keep a cluster from being used, and can't be mended by waiting.
const BESIDE: [&str; 2] = ["clock-skew", "versions"];

/// A node and a connection to it.
struct Hand<'a> {
    member: &'a Member,
    node: Resp,
}

/// Makes the cluster, and tells how long it took until all nodes agreed.
pub(super) async fn carry_out(plan: &Plan, access: &Access, wait: Duration) -> Result<Duration> {
    let start = Instant::now();
    let result = form(plan, access, start + wait).await;
    result.map_err(ending::of_change).context(
        "the cluster is half made; once the cause is gone, CLUSTER RESET on each node takes it back to the start",
    )?;
    Ok(start.elapsed())
}

async fn form(plan: &Plan, access: &Access, end: Instant) -> Result<()> {
    let mut hands = Vec::new();
    for member in &plan.members {
        hands.push(Hand { member, node: Resp::connect(&member.target, access).await? });
    }
    for hand in &mut hands {
        hand.take_slots().await?;
    }
    meet(&mut hands, plan.hub, |_| true).await?;
    await_mesh(&mut hands, plan.hub, end).await?;
    for hand in &mut hands {
        if let Task::Follow(primary) = hand.member.task {
            hand.node.call(&["CLUSTER", "REPLICATE", plan.members[primary].id.as_str()]).await?;
        }
    }
    await_agreement(plan, access, end).await
}

impl Hand<'_> {
    /// Before the nodes know each other no two of them can claim a slot or an epoch against each other.
    async fn take_slots(&mut self) -> Result<(), AskError> {
        if let Some(epoch) = self.member.epoch {
            self.node.call(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch.to_string()]).await?;
        }
        if let Task::Lead(range) = self.member.task {
            let (first, last) = (range.first().to_string(), range.last().to_string());
            self.node.call(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await?;
        }
        Ok(())
    }
}

/// The hub meets those of the others that are wanted.
async fn meet(hands: &mut [Hand<'_>], hub: usize, wanted: impl Fn(&Member) -> bool) -> Result<(), AskError> {
    let others: Vec<&Member> = hands.iter().map(|hand| hand.member).collect();
    for (_, member) in others.into_iter().enumerate().filter(|(index, member)| *index != hub && wanted(member)) {
        let (port, bus_port) = (member.target.port.to_string(), member.bus_port.to_string());
        hands[hub].node.call(&["CLUSTER", "MEET", &member.ip, &port, &bus_port]).await?;
    }
    Ok(())
}

/// Waits until every node lists every other as connected.
async fn await_mesh(hands: &mut [Hand<'_>], hub: usize, end: Instant) -> Result<()> {
    let wanted = hands.len() * (hands.len() - 1);
    let style = ProgressStyle::with_template("links [{bar:40}] {pos}/{len}  {elapsed_precise}")?.progress_chars("=> ");
    let bar = ProgressBar::new(wanted as u64).with_style(style);
    let mut met = Instant::now();
    loop {
        let (mut standing, mut unknown) = (0, Vec::new());
        let ids: Vec<_> = hands.iter().map(|hand| hand.member.id).collect();
        for (index, hand) in hands.iter_mut().enumerate() {
            let lines = node_lines(&mut hand.node).await?;
            let others = ids.iter().filter(|id| **id != hand.member.id);
            for (id, link) in others.map(|id| (id, lines.link_to(id))) {
                standing += usize::from(link == Link::Up);
                unknown.extend((index == hub && link == Link::None).then_some(*id));
            }
        }
        bar.set_position(standing as u64);
        if standing == wanted {
            bar.abandon();
            return Ok(());
        }
        if Instant::now() > end {
            bar.abandon();
            return Err(Unwished(format!("only {standing} of {wanted} links stand; see slotmesh doctor")).into());
        }
        if met.elapsed() > MEET_AGAIN {
            meet(hands, hub, |member| unknown.contains(&member.id)).await?;
            met = Instant::now();
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until doctor has nothing to say against it.
async fn await_agreement(plan: &Plan, access: &Access, end: Instant) -> Result<()> {
    let start = [Start::Resp(plan.members[plan.hub].target.clone())];
    loop {
        let cluster = collect(&start, access).await?;
        let mut found = checks::run(&cluster);
        found.retain(|found| found.finding.severity != Severity::Note && !BESIDE.contains(&found.check));
        if found.is_empty() && cluster.views.len() == plan.members.len() {
            return Ok(());
        }
        if Instant::now() > end {
            let said = |Found { check, finding }: &Found| format!("[{check}] {}", finding.what);
            let all: Vec<String> = found.iter().map(said).collect();
            return Err(Unwished(format!("the nodes don't agree yet: {}; see slotmesh doctor", all.join("; "))).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
