//! Carrying out a layout, step by step.

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

impl Api {
    pub(crate) fn begin_apply(&self, request: &proto::ApplyRequest) -> Result<Updates<proto::ApplyResponse>, Status> {
        let key = edit::key(request.options.as_ref());
        let teller = match self.applies.enter(key, request)? {
            Entry::Known(course) => return Ok(course.updates()),
            Entry::New(teller) => teller,
        };
        let turn = self.campaign_turn()?;
        self.check_expected(request.options.as_ref())?;
        let view = self.node.view();
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
            self.check_empty(from, batch).await?;
            self.set(step.to, batch, SlotChange::Importing(from)).await?;
            self.set(from, batch, SlotChange::Migrating(step.to)).await?;
            // The new owner first: it takes a new epoch with which it is believed everywhere.
            self.set(step.to, batch, SlotChange::Owner(step.to)).await?;
            self.set(from, batch, SlotChange::Owner(step.to)).await?;
        }
        Ok(())
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

    /// Keys do not move by this: a slot that holds some is left where it is. This node has no keyspace yet.
    async fn check_empty(&self, node: NodeId, slots: &[Slot]) -> Result<(), Status> {
        if self.is_me(node) {
            return Ok(());
        }
        let command = |slot: &Slot| vec!["CLUSTER".to_owned(), "COUNTKEYSINSLOT".to_owned(), slot.to_string()];
        let replies = self.command(node, slots.iter().map(command).collect()).await?;
        match slots.iter().zip(replies).find(|(_, reply)| *reply != CommandReply::Integer(0)) {
            None => Ok(()),
            Some((slot, _)) => Err(Status::failed_precondition(format!(
                "slot {slot} holds keys on node {node}; move it with a tool that moves keys, such as valkey-cli --cluster reshard"
            ))),
        }
    }

    async fn command(&self, node: NodeId, commands: Vec<Vec<String>>) -> Result<Vec<CommandReply>, Status> {
        if self.api.node.view().lookup(&node).is_none() {
            return Err(edit::unknown_node(&node));
        }
        let replies = self.api.node.commands(node, commands).await;
        replies.map_err(|reason| Status::failed_precondition(format!("node {node}: {reason}")))
    }
}
