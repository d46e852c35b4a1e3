//! The way back when most primaries are lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::ClusterView;
use slotmesh_types::NodeId;
use tokio::sync::OwnedMutexGuard;
use tonic::{Request, Response, Status};

use super::{Updates, check_count};
use crate::api::Api;
use crate::course::{Entry, Teller};
use crate::node::{Edit, Failover};
use crate::proto::execute_recovery_response::Update;
use crate::proto::recovery_service_server::RecoveryService;
use crate::proto::{self, FencingEvidence};
use crate::recovery::{Plan, State, Takeover};
use crate::{convert, edit};

/// How long a takeover may take to be believed here.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take until an election that was won is seen here.
const ELECTED_TIMEOUT: Duration = Duration::from_secs(5);

/// Most pieces of evidence in one call: one for each node of the biggest cluster.
const EVIDENCE_MAX: usize = 16_384;

#[tonic::async_trait]
impl RecoveryService for Api {
    type ExecuteRecoveryStream = Updates<proto::ExecuteRecoveryResponse>;

    async fn plan_recovery(
        &self,
        request: Request<proto::PlanRecoveryRequest>,
    ) -> Result<Response<proto::PlanRecoveryResponse>, Status> {
        let evidence = request.into_inner().evidence;
        check_count("evidence", evidence.len(), EVIDENCE_MAX)?;
        let view = self.fresh_view().await;
        let plan = Plan::new(&view, &evidence);
        Ok(Response::new(plan.shown(self.journal.revision(view.version))))
    }

    async fn execute_recovery(
        &self,
        request: Request<proto::ExecuteRecoveryRequest>,
    ) -> Result<Response<Self::ExecuteRecoveryStream>, Status> {
        let request = request.into_inner();
        check_count("evidence", request.evidence.len(), EVIDENCE_MAX)?;
        let key = edit::key(request.options.as_ref());
        let teller = match self.recoveries.enter(key, &request)? {
            Entry::Known(course) => return Ok(Response::new(course.updates())),
            Entry::New(teller) => teller,
        };
        let turn = self.campaign_turn()?;
        let view = self.fresh_view().await;
        self.check_view(request.options.as_ref(), &view)?;
        let plan = Plan::new(&view, &request.evidence);
        let takeovers = chosen(&plan, &request.primary_ids)?;
        for takeover in &takeovers {
            check(takeover)?;
        }
        let chosen: BTreeSet<&str> = takeovers.iter().map(|takeover| takeover.primary.as_str()).collect();
        for evidence in request.evidence.iter().filter(|evidence| chosen.contains(evidence.node_id.as_str())) {
            audit(evidence);
        }
        let updates = teller.updates();
        let execution = Execution { api: self.clone(), teller };
        let revision = self.journal.revision(view.version);
        tokio::spawn(execution.run(Update::Plan(plan.shown(revision)), takeovers, turn));
        Ok(Response::new(updates))
    }
}

impl Api {
    /// Offsets move without a new version: a plan needs a view of now.
    async fn fresh_view(&self) -> Arc<ClusterView> {
        self.node.refresh().await;
        let view = self.node.view();
        self.journal.note(&view);
        view
    }
}

/// The takeovers of these primaries; all when none is named.
fn chosen(plan: &Plan, primary_ids: &[String]) -> Result<Vec<Takeover>, Status> {
    let wanted = primary_ids.iter().map(|id| convert::node_id("primary_ids", id));
    let wanted = wanted.collect::<Result<BTreeSet<NodeId>, Status>>()?;
    let known = |id: &NodeId| plan.takeovers.iter().any(|takeover| takeover.primary == *id);
    if let Some(unknown) = wanted.iter().find(|id| !known(id)) {
        return Err(Status::not_found(format!(
            "primary_ids: {unknown} is no failed primary with slots; see PlanRecovery"
        )));
    }
    let takeovers = plan.takeovers.iter().filter(|takeover| wanted.is_empty() || wanted.contains(&takeover.primary));
    let takeovers: Vec<Takeover> = takeovers.cloned().collect();
    if takeovers.is_empty() {
        return Err(Status::failed_precondition("no primary with slots is failing: nothing is to be recovered"));
    }
    Ok(takeovers)
}

fn check(takeover: &Takeover) -> Result<(), Status> {
    if takeover.obstacles.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = takeover.obstacles.iter().map(proto::Obstacle::as_str_name).collect();
    Err(Status::failed_precondition(format!(
        "the place of {} can't be taken: {}; nothing was done, see PlanRecovery",
        takeover.primary,
        names.join(", ")
    )))
}

/// What an operator vouches for stays in the log.
fn audit(evidence: &FencingEvidence) {
    let FencingEvidence { node_id, operator, statement, .. } = evidence;
    let (id, operator, statement) = (convert::short(node_id), convert::short(operator), convert::short(statement));
    tracing::warn!(
        "Recovery: operator {operator:?} says that node {id:?} is fenced ({}): {statement:?}",
        evidence.method().as_str_name()
    );
}

/// A recovery on its way.
struct Execution {
    api: Api,
    teller: Teller<proto::ExecuteRecoveryResponse>,
}

impl Execution {
    async fn run(self, first: Update, takeovers: Vec<Takeover>, _turn: OwnedMutexGuard<()>) {
        if !self.tell(first) {
            return;
        }
        for takeover in takeovers {
            // A plan without a candidate has an obstacle, and was refused.
            let Some(replica) = takeover.replica else { continue };
            let primary_id = takeover.primary.to_string();
            let progress = |replica: NodeId, done| {
                let (primary_id, replica_id) = (primary_id.clone(), replica.to_string());
                Update::Progress(proto::TakeoverProgress { primary_id, replica_id, done })
            };
            if !self.tell(progress(replica, false)) {
                return;
            }
            match self.take_over(&takeover, replica).await {
                Ok(owner) if !self.tell(progress(owner, true)) => return,
                Ok(_) => {}
                Err(status) => return self.teller.fail(status),
            }
        }
        self.tell(Update::Recovered(proto::Recovered { revision: Some(self.api.revision()) }));
        self.teller.finish();
    }

    fn tell(&self, update: Update) -> bool {
        self.teller.tell(proto::ExecuteRecoveryResponse { update: Some(update) })
    }

    /// Gives whoever owns the slots in the end. The view is looked at anew: since the plan was made, elections may have
    /// become possible, and one may have been won.
    async fn take_over(&self, takeover: &Takeover, replica: NodeId) -> Result<NodeId, Status> {
        let view = self.api.fresh_view().await;
        let how = match takeover.state(&view) {
            State::Taken(owner) => return Ok(owner),
            State::Changed => return Err(changed(takeover)),
            State::Due if Plan::new(&view, &[]).majority_lost() => Failover::Takeover,
            // With votes, so that two replicas can't win.
            State::Due => Failover::Force,
        };
        let taken = |view: &ClusterView| matches!(takeover.state(view), State::Taken(_));
        if let Err(status) = self.fail_over(replica, how).await
            // It is refused by a replica that has won an election just now.
            && !self.api.shows(ELECTED_TIMEOUT, taken).await
        {
            return Err(status);
        }
        self.api.shows(TAKEOVER_TIMEOUT, taken).await;
        match takeover.state(&self.api.node.view()) {
            State::Taken(owner) => Ok(owner),
            State::Due | State::Changed => Err(Status::deadline_exceeded(format!(
                "node {replica} was told to take over, but is not seen to own the slots after {} s; look at the topology \
                 before going on",
                TAKEOVER_TIMEOUT.as_secs()
            ))),
        }
    }

    async fn fail_over(&self, replica: NodeId, how: Failover) -> Result<(), Status> {
        if *self.api.node.view().me().facts.id() == replica {
            return self.api.edit(None, Edit::Failover(how)).await.map(drop);
        }
        let option = if how == Failover::Force { "FORCE" } else { "TAKEOVER" };
        let command = ["CLUSTER", "FAILOVER", option].map(str::to_owned).to_vec();
        let result = self.api.node.commands(replica, vec![command]).await;
        result.map(drop).map_err(|reason| Status::failed_precondition(format!("node {replica}: {reason}")))
    }
}

fn changed(takeover: &Takeover) -> Status {
    Status::failed_precondition(format!(
        "node {} is back, or its slots have changed, since the plan was made; nothing more was done, see PlanRecovery",
        takeover.primary
    ))
}
