//! The way back when most primaries are lost.

use std::collections::BTreeSet;
use std::time::Duration;

use slotmesh_types::NodeId;
use tokio::sync::OwnedMutexGuard;
use tonic::{Request, Response, Status};

use super::Updates;
use crate::api::Api;
use crate::course::{Entry, Teller};
use crate::node::{Edit, Failover};
use crate::plan::owns;
use crate::proto::execute_recovery_response::Update;
use crate::proto::recovery_service_server::RecoveryService;
use crate::proto::{self, FencingEvidence};
use crate::recovery::{Plan, Takeover};
use crate::{convert, edit};

/// How long a takeover may take to be believed here.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(30);

#[tonic::async_trait]
impl RecoveryService for Api {
    type ExecuteRecoveryStream = Updates<proto::ExecuteRecoveryResponse>;

    async fn plan_recovery(
        &self,
        request: Request<proto::PlanRecoveryRequest>,
    ) -> Result<Response<proto::PlanRecoveryResponse>, Status> {
        let (plan, revision) = self.recovery(&request.into_inner().evidence).await;
        Ok(Response::new(plan.shown(revision)))
    }

    async fn execute_recovery(
        &self,
        request: Request<proto::ExecuteRecoveryRequest>,
    ) -> Result<Response<Self::ExecuteRecoveryStream>, Status> {
        let request = request.into_inner();
        let key = edit::key(request.options.as_ref());
        let teller = match self.recoveries.enter(key, &request)? {
            Entry::Known(course) => return Ok(Response::new(course.updates())),
            Entry::New(teller) => teller,
        };
        let turn = self.campaign_turn()?;
        self.check_expected(request.options.as_ref())?;
        let (plan, revision) = self.recovery(&request.evidence).await;
        let takeovers = chosen(&plan, &request.primary_ids)?;
        for takeover in &takeovers {
            check(takeover)?;
        }
        for evidence in &request.evidence {
            audit(evidence);
        }
        let updates = teller.updates();
        let execution = Execution { api: self.clone(), teller };
        tokio::spawn(execution.run(Update::Plan(plan.shown(revision)), takeovers, turn));
        Ok(Response::new(updates))
    }
}

impl Api {
    async fn recovery(&self, evidence: &[FencingEvidence]) -> (Plan, proto::Revision) {
        // Offsets move without a new version: the view has to be of now.
        self.node.refresh().await;
        let view = self.node.view();
        self.journal.note(&view);
        (Plan::new(&view, evidence), self.journal.revision(view.version))
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
            let ids = (takeover.primary.to_string(), replica.to_string());
            let progress = |done| {
                let (primary_id, replica_id) = ids.clone();
                Update::Progress(proto::TakeoverProgress { primary_id, replica_id, done })
            };
            if !self.tell(progress(false)) {
                return;
            }
            if let Err(status) = self.take_over(&takeover, replica).await {
                return self.teller.fail(status);
            }
            if !self.tell(progress(true)) {
                return;
            }
        }
        self.tell(Update::Recovered(proto::Recovered { revision: Some(self.api.revision()) }));
        self.teller.finish();
    }

    fn tell(&self, update: Update) -> bool {
        self.teller.tell(proto::ExecuteRecoveryResponse { update: Some(update) })
    }

    async fn take_over(&self, takeover: &Takeover, replica: NodeId) -> Result<(), Status> {
        let mut head = self.api.journal.head();
        if *self.api.node.view().me().facts.id() == replica {
            self.api.edit(None, Edit::Failover(Failover::Takeover)).await?;
        } else {
            let command = ["CLUSTER", "FAILOVER", "TAKEOVER"].map(str::to_owned).to_vec();
            let result = self.api.node.commands(replica, vec![command]).await;
            result.map_err(|reason| Status::failed_precondition(format!("node {replica}: {reason}")))?;
        }
        let believed = async {
            loop {
                head.borrow_and_update();
                if self.api.node.view().lookup(&replica).is_some_and(|node| owns(node, &takeover.slots)) {
                    return Ok(());
                }
                head.changed().await.map_err(|_| edit::stopping())?;
            }
        };
        let seconds = TAKEOVER_TIMEOUT.as_secs();
        tokio::time::timeout(TAKEOVER_TIMEOUT, believed).await.unwrap_or_else(|_| {
            Err(Status::deadline_exceeded(format!(
                "node {replica} was told to take over, but is not seen to own the slots after {seconds} s; look at the \
                 topology before going on"
            )))
        })
    }
}
