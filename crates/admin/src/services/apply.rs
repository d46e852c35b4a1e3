//! Carrying out a layout, step by step.

use std::time::Duration;

use slotmesh_table::ClusterView;
use slotmesh_types::{NodeId, Slot, SlotRange, SlotSet};
use tokio::sync::OwnedMutexGuard;
use tonic::Status;

use super::Updates;
use crate::api::Api;
use crate::course::{Entry, Teller};
use crate::node::{CommandReply, Edit, SlotChange};
use crate::plan::{self, Step};
use crate::proto::apply_response::Update;
use crate::{edit, proto};

/// Slots that go together: one round trip for each of their commands.
const BATCH: usize = 256;

/// How long it may take until a node that gave its last slot away is seen to follow the new owner.
const FOLLOW_TIMEOUT: Duration = Duration::from_secs(5);

impl Api {
    pub(crate) fn begin_apply(&self, request: &proto::ApplyRequest) -> Result<Updates<proto::ApplyResponse>, Status> {
        let key = edit::key(request.options.as_ref());
        let teller = match self.applies.enter(key, request)? {
            Entry::Known(course) => return Ok(course.updates()),
            Entry::New(teller) => teller,
        };
        let turn = self.campaign_turn()?;
        let view = self.node.view();
        self.check_view(request.options.as_ref(), &view)?;
        let steps = plan::plan(&view, request.layout.as_ref())?;
        let revision = Some(self.journal.revision(view.version));
        let shown = steps.iter().map(Step::shown).collect();
        let updates = teller.updates();
        let first = Update::Plan(proto::PlanResponse { revision, steps: shown });
        tokio::spawn(Progress { api: self.clone(), teller }.run(first, steps, turn));
        Ok(updates)
    }

    /// The right to change other nodes, held by one caller at a time.
    pub(crate) fn campaign_turn(&self) -> Result<OwnedMutexGuard<()>, Status> {
        let turn = std::sync::Arc::clone(&self.campaign).try_lock_owned();
        turn.map_err(|_| {
            Status::aborted("another Apply or ExecuteRecovery is under way on this node; wait for its end")
        })
    }
}

/// A layout on its way.
struct Progress {
    api: Api,
    teller: Teller<proto::ApplyResponse>,
}

impl Progress {
    /// Ends when everything is as wanted, when a step fails, or between two steps when nobody wants it to go on.
    async fn run(self, first: Update, steps: Vec<Step>, _turn: OwnedMutexGuard<()>) {
        if !self.tell(first) {
            return;
        }
        for (index, step) in (0u32..).zip(&steps) {
            let progress = |done| Update::Progress(proto::StepProgress { index, step: Some(step.shown()), done });
            if !self.tell(progress(false)) {
                return;
            }
            if let Err(status) = self.carry_out(step).await {
                let reason = format!("step {index}: {}", status.message());
                return self.teller.fail(Status::new(status.code(), reason));
            }
            if !self.tell(progress(true)) {
                return;
            }
        }
        self.tell(Update::Applied(proto::Applied { revision: Some(self.api.revision()) }));
        self.teller.finish();
    }

    fn tell(&self, update: Update) -> bool {
        self.teller.tell(proto::ApplyResponse { update: Some(update) })
    }

    async fn carry_out(&self, step: &Step) -> Result<(), Status> {
        let Some(from) = step.from else { return self.add(step.to, &step.slots).await };
        let slots: Vec<Slot> = step.slots.iter().collect();
        for batch in slots.chunks(BATCH) {
            if let Some(slot) = self.with_keys(from, batch).await?.first() {
                return Err(holds_keys(*slot, from));
            }
            self.set(step.to, batch, SlotChange::Importing(from)).await?;
            let held =
                self.move_open(from, step.to, batch).await.map_err(|status| half_way(&status, batch, from, step.to))?;
            if let Some(slot) = held.first() {
                return Err(left_open(*slot, from, step.to));
            }
        }
        Ok(())
    }

    /// Opens slots at the old owner as well, and hands over those without keys. Gives the others.
    async fn move_open(&self, from: NodeId, to: NodeId, batch: &[Slot]) -> Result<Vec<Slot>, Status> {
        self.set(from, batch, SlotChange::Migrating(to)).await?;
        // Clients may have written before the slots were open. From now on the old owner sends them on.
        let held = self.with_keys(from, batch).await?;
        let empty: Vec<Slot> = batch.iter().copied().filter(|slot| !held.contains(slot)).collect();
        self.hand_over(from, to, &empty).await?;
        Ok(held)
    }

    /// Gives open slots that hold no keys to their new owner.
    async fn hand_over(&self, from: NodeId, to: NodeId, slots: &[Slot]) -> Result<(), Status> {
        if slots.is_empty() {
            return Ok(());
        }
        // The new owner first: it takes a new epoch with which it is believed everywhere.
        self.set(to, slots, SlotChange::Owner(to)).await?;
        let Err(status) = self.set(from, slots, SlotChange::Owner(to)).await else { return Ok(()) };
        // Who has no slot left follows the new owner as soon as it hears of it, and replicas take no such command.
        let followed = |view: &ClusterView| {
            let owned = slots.iter().all(|slot| view.owner(*slot).is_some_and(|owner| *owner.facts.id() == to));
            owned && view.lookup(&from).is_none_or(|node| !node.facts.is_primary())
        };
        if self.api.shows(FOLLOW_TIMEOUT, followed).await { Ok(()) } else { Err(status) }
    }

    fn is_me(&self, node: NodeId) -> bool {
        *self.api.node.view().me().facts.id() == node
    }

    async fn add(&self, node: NodeId, slots: &SlotSet) -> Result<(), Status> {
        let ranges: Vec<SlotRange> = slots.ranges().collect();
        if self.is_me(node) {
            return self.api.edit(None, Edit::AddSlots(ranges)).await.map(drop);
        }
        let mut command = vec!["CLUSTER".to_owned(), "ADDSLOTSRANGE".to_owned()];
        command.extend(ranges.iter().flat_map(|range| [range.first().to_string(), range.last().to_string()]));
        self.command(node, vec![command]).await.map(drop)
    }

    async fn set(&self, node: NodeId, slots: &[Slot], change: SlotChange) -> Result<(), Status> {
        if self.is_me(node) {
            return self.api.edit(None, Edit::SetSlots(slots.to_vec(), change)).await.map(drop);
        }
        let words = match change {
            SlotChange::Importing(peer) => vec!["IMPORTING".to_owned(), peer.to_string()],
            SlotChange::Migrating(peer) => vec!["MIGRATING".to_owned(), peer.to_string()],
            SlotChange::Owner(peer) => vec!["NODE".to_owned(), peer.to_string()],
            SlotChange::Stable => vec!["STABLE".to_owned()],
        };
        let command = |slot: &Slot| {
            let start = ["CLUSTER".to_owned(), "SETSLOT".to_owned(), slot.to_string()];
            start.into_iter().chain(words.clone()).collect()
        };
        self.command(node, slots.iter().map(command).collect()).await.map(drop)
    }

    /// Those of these slots that hold keys on a node.
    async fn with_keys(&self, node: NodeId, slots: &[Slot]) -> Result<Vec<Slot>, Status> {
        if self.is_me(node) {
            return Ok(slots.iter().copied().filter(|slot| self.api.node.keys_in(*slot) > 0).collect());
        }
        let command = |slot: &Slot| vec!["CLUSTER".to_owned(), "COUNTKEYSINSLOT".to_owned(), slot.to_string()];
        let replies = self.command(node, slots.iter().map(command).collect()).await?;
        let held = slots.iter().zip(replies).filter(|(_, reply)| *reply != CommandReply::Integer(0));
        Ok(held.map(|(slot, _)| *slot).collect())
    }

    async fn command(&self, node: NodeId, commands: Vec<Vec<String>>) -> Result<Vec<CommandReply>, Status> {
        if self.api.node.view().lookup(&node).is_none() {
            return Err(edit::unknown_node(&node));
        }
        let replies = self.api.node.commands(node, commands).await;
        replies.map_err(|reason| Status::failed_precondition(format!("node {node}: {reason}")))
    }
}

fn holds_keys(slot: Slot, owner: NodeId) -> Status {
    Status::failed_precondition(format!(
        "slot {slot} holds keys on node {owner}; move it with a tool that moves keys, such as valkey-cli --cluster reshard"
    ))
}

/// What opened slots and went no further. Serving goes on, and a new call goes on from there.
fn half_way(status: &Status, slots: &[Slot], from: NodeId, to: NodeId) -> Status {
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return status.clone() };
    let open = format!("slots from {first} to {last} may stay open from node {from} to node {to}");
    Status::new(status.code(), format!("{}; {open}: call Apply again", status.message()))
}

/// An open slot loses no write: some of its keys may be with the new owner already, so closing it would hide them.
fn left_open(slot: Slot, from: NodeId, to: NodeId) -> Status {
    Status::failed_precondition(format!(
        "slot {slot} got keys on node {from} while it was opened, and stays open to node {to}: both together serve all of \
         it; end its move with a tool that moves keys, such as valkey-cli --cluster fix"
    ))
}
