//! Roles and epochs of this node.

use tonic::{Request, Response, Status};

use crate::api::Api;
use crate::convert;
use crate::node::{Edit, Edited, Failover};
use crate::proto::replication_service_server::ReplicationService;
use crate::proto::{self, FailoverMode};

#[tonic::async_trait]
impl ReplicationService for Api {
    async fn failover(
        &self,
        request: Request<proto::FailoverRequest>,
    ) -> Result<Response<proto::FailoverResponse>, Status> {
        let request = request.into_inner();
        let mode = match request.mode() {
            FailoverMode::Unspecified | FailoverMode::Coordinated => Failover::Coordinated,
            FailoverMode::Force => Failover::Force,
            FailoverMode::Takeover => Failover::Takeover,
        };
        let (api, options) = (self.clone(), request.options.clone());
        let work = async move {
            api.edit(options.as_ref(), Edit::Failover(mode)).await?;
            Ok(proto::FailoverResponse { revision: Some(api.revision()) })
        };
        self.once("Failover", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn replicate(
        &self,
        request: Request<proto::ReplicateRequest>,
    ) -> Result<Response<proto::ReplicateResponse>, Status> {
        let request = request.into_inner();
        let primary = match request.primary_id.as_str() {
            "" => None,
            id => Some(convert::node_id("primary_id", id)?),
        };
        let (api, options) = (self.clone(), request.options.clone());
        let work = async move {
            api.edit(options.as_ref(), Edit::Replicate(primary)).await?;
            Ok(proto::ReplicateResponse { revision: Some(api.revision()) })
        };
        self.once("Replicate", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn bump_epoch(
        &self,
        request: Request<proto::BumpEpochRequest>,
    ) -> Result<Response<proto::BumpEpochResponse>, Status> {
        let request = request.into_inner();
        let (api, options) = (self.clone(), request.options.clone());
        let work = async move {
            let (config_epoch, bumped) = match api.edit(options.as_ref(), Edit::BumpEpoch).await? {
                Edited::Epoch { epoch, bumped } => (epoch, bumped),
                Edited::Done => (api.node.view().my_epoch.0, true),
            };
            Ok(proto::BumpEpochResponse { config_epoch, bumped, revision: Some(api.revision()) })
        };
        self.once("BumpEpoch", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn set_config_epoch(
        &self,
        request: Request<proto::SetConfigEpochRequest>,
    ) -> Result<Response<proto::SetConfigEpochResponse>, Status> {
        let request = request.into_inner();
        let (api, options, epoch) = (self.clone(), request.options.clone(), request.config_epoch);
        let work = async move {
            api.edit(options.as_ref(), Edit::SetConfigEpoch(epoch)).await?;
            Ok(proto::SetConfigEpochResponse { revision: Some(api.revision()) })
        };
        self.once("SetConfigEpoch", request.options.as_ref(), &request, work).await.map(Response::new)
    }
}
