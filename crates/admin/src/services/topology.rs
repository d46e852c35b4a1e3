//! What this node knows, and how that changes.

use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{Updates, Watch, deadline};
use crate::api::Api;
use crate::edit::stopping;
use crate::journal::Step;
use crate::proto;
use crate::proto::topology_service_server::TopologyService;
use crate::proto::watch_topology_response::Update;

#[tonic::async_trait]
impl TopologyService for Api {
    type WatchTopologyStream = Updates<proto::WatchTopologyResponse>;

    async fn get_topology(
        &self,
        _: Request<proto::GetTopologyRequest>,
    ) -> Result<Response<proto::GetTopologyResponse>, Status> {
        Ok(Response::new(proto::GetTopologyResponse { topology: Some(self.topology()) }))
    }

    async fn watch_topology(
        &self,
        request: Request<proto::WatchTopologyRequest>,
    ) -> Result<Response<Self::WatchTopologyStream>, Status> {
        let deadline = deadline(&request);
        let resumed = request.into_inner().resume_after;
        let at = match &resumed {
            None => Position::Start,
            Some(revision) if revision.run_id == self.journal.run_id() => Position::After(revision.number),
            Some(_) => Position::Lost,
        };
        let watcher = Watcher { api: self.clone(), at, head: self.journal.head() };
        Ok(Response::new(watcher.updates(deadline)))
    }
}

impl Api {
    fn topology(&self) -> proto::Topology {
        self.catch_up();
        self.journal.snapshot(&self.node.view())
    }
}

/// One reader. It keeps nothing for one who stalls: the next update is made when the one before is taken.
struct Watcher {
    api: Api,
    at: Position,
    head: watch::Receiver<u64>,
}

enum Position {
    /// It has seen nothing.
    Start,
    /// It has seen this revision.
    After(u64),
    /// It has seen something that can't be continued.
    Lost,
}

impl Watch for Watcher {
    type Item = proto::WatchTopologyResponse;

    async fn next(&mut self) -> Result<proto::WatchTopologyResponse, Status> {
        loop {
            let number = match self.at {
                Position::Start => return Ok(self.snapshot(false)),
                Position::Lost => return Ok(self.snapshot(true)),
                Position::After(number) => number,
            };
            self.head.borrow_and_update();
            match self.api.journal.after(number) {
                Step::Delta(delta) => {
                    self.at = Position::After(delta.revision.as_ref().map_or(number, |revision| revision.number));
                    return Ok(proto::WatchTopologyResponse { update: Some(Update::Delta((*delta).clone())) });
                }
                Step::Lost => self.at = Position::Lost,
                Step::Nothing => self.head.changed().await.map_err(|_| stopping())?,
            }
        }
    }
}

impl Watcher {
    fn snapshot(&mut self, resync: bool) -> proto::WatchTopologyResponse {
        let topology = self.api.topology();
        self.at = Position::After(topology.revision.as_ref().map_or(0, |revision| revision.number));
        let snapshot = proto::TopologySnapshot { topology: Some(topology), resync };
        proto::WatchTopologyResponse { update: Some(Update::Snapshot(snapshot)) }
    }
}
