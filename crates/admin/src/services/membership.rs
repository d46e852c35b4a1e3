//! Who is in the cluster.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use slotmesh_types::NodeId;
use tonic::{Request, Response, Status};

use crate::api::Api;
use crate::convert;
use crate::edit::{stopping, too_busy};
use crate::node::{Edit, MeetError, MeetReport, MeetTarget};
use crate::proto::membership_service_server::MembershipService;
use crate::proto::{self, EditOptions};

/// Client port to bus port, when nothing else is said. Source: spec of the bus, section 1.
const BUS_PORT_OFFSET: u32 = 10_000;

/// Longest wait for the outcome of a handshake.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// How many members are told to forget a node at the same time.
const FORGETS_MAX: usize = 64;

/// How often a MEET is tried again because something that does not matter to it changed meanwhile.
const TRIES: usize = 32;

#[tonic::async_trait]
impl MembershipService for Api {
    async fn meet(&self, request: Request<proto::MeetRequest>) -> Result<Response<proto::MeetResponse>, Status> {
        let request = request.into_inner();
        let (target, wait) = (target(&request)?, wait(request.wait)?);
        let (api, options) = (self.clone(), request.options.clone());
        let work = async move {
            let report = api.meet_when(options.as_ref(), target, wait).await?;
            Ok(proto::MeetResponse {
                handshake_id: report.handshake,
                outcome: report.outcome.into(),
                node_id: report.peer.map(|peer| peer.to_string()).unwrap_or_default(),
                message: report.message,
            })
        };
        self.once("Meet", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn list_handshakes(
        &self,
        _: Request<proto::ListHandshakesRequest>,
    ) -> Result<Response<proto::ListHandshakesResponse>, Status> {
        Ok(Response::new(proto::ListHandshakesResponse { handshakes: self.node.handshakes().await }))
    }

    async fn forget(&self, request: Request<proto::ForgetRequest>) -> Result<Response<proto::ForgetResponse>, Status> {
        let request = request.into_inner();
        let id = convert::node_id("node_id", &request.node_id)?;
        let (api, options, fan_out) = (self.clone(), request.options.clone(), request.fan_out);
        let work = async move {
            let others = if fan_out { api.others(&id) } else { Vec::new() };
            api.edit(options.as_ref(), Edit::Forget(id)).await?;
            let mut results = vec![api.own_result()];
            results.extend(api.forget_on(others, id).await);
            Ok(proto::ForgetResponse { results, revision: Some(api.revision()) })
        };
        self.once("Forget", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn reset(&self, request: Request<proto::ResetRequest>) -> Result<Response<proto::ResetResponse>, Status> {
        let request = request.into_inner();
        let (api, options, hard) = (self.clone(), request.options.clone(), request.hard);
        let work = async move {
            api.edit(options.as_ref(), Edit::Reset { hard }).await?;
            let node_id = api.node.view().me().facts.id().to_string();
            Ok(proto::ResetResponse { node_id, revision: Some(api.revision()) })
        };
        self.once("Reset", request.options.as_ref(), &request, work).await.map(Response::new)
    }
}

impl Api {
    async fn meet_when(
        &self,
        options: Option<&EditOptions>,
        target: MeetTarget,
        wait: Option<Duration>,
    ) -> Result<MeetReport, Status> {
        for _ in 0..TRIES {
            let at = self.check_expected(options)?;
            match self.node.meet(at, target.clone(), wait).await {
                Ok(report) => return Ok(report),
                Err(MeetError::Moved) => self.node.refresh().await,
                Err(MeetError::Unresolved(reason)) => {
                    return Err(Status::invalid_argument(format!(
                        "host: {reason}; give an IP address or a name that resolves"
                    )));
                }
                Err(MeetError::Full(reason)) => return Err(Status::resource_exhausted(reason)),
                Err(MeetError::Stopped) => return Err(stopping()),
            }
        }
        Err(too_busy())
    }

    fn own_result(&self) -> proto::NodeResult {
        let node_id = self.node.view().me().facts.id().to_string();
        proto::NodeResult { node_id, ok: true, error: String::new() }
    }

    /// Every member but this node and one that goes.
    fn others(&self, gone: &NodeId) -> Vec<NodeId> {
        let view = self.node.view();
        let members = view.nodes.iter().filter(|node| !node.facts.handshake && !view.is_me(node));
        members.map(|node| *node.facts.id()).filter(|id| id != gone).collect()
    }

    /// Tells the members, several at a time: those that can't be reached hold up nobody else.
    async fn forget_on(&self, members: Vec<NodeId>, id: NodeId) -> Vec<proto::NodeResult> {
        let tell = |member: NodeId| async move {
            let command = vec!["CLUSTER".to_owned(), "FORGET".to_owned(), id.to_string()];
            let error = match self.node.commands(member, vec![command]).await {
                // It has heard of it already.
                Err(error) if error.contains("Unknown node") => String::new(),
                Err(error) => error,
                Ok(_) => String::new(),
            };
            proto::NodeResult { node_id: member.to_string(), ok: error.is_empty(), error }
        };
        stream::iter(members).map(tell).buffered(FORGETS_MAX).collect().await
    }
}

fn target(request: &proto::MeetRequest) -> Result<MeetTarget, Status> {
    if request.host.is_empty() || request.host.len() > 255 {
        return Err(Status::invalid_argument("host: give an IP address or a host name"));
    }
    let port = |field: &str, port: u32| {
        let valid = u16::try_from(port).ok().filter(|port| *port > 0);
        valid.ok_or_else(|| Status::invalid_argument(format!("{field}: {port} is no port; ports go from 1 to 65535")))
    };
    let bus_port = if request.bus_port == 0 { request.port.saturating_add(BUS_PORT_OFFSET) } else { request.bus_port };
    Ok(MeetTarget {
        host: request.host.clone(),
        port: port("port", request.port)?,
        bus_port: port("bus_port", bus_port)?,
    })
}

fn wait(given: Option<prost_types::Duration>) -> Result<Option<Duration>, Status> {
    let Some(given) = given else { return Ok(None) };
    let length = Duration::try_from(given).ok().filter(|length| *length <= WAIT_MAX);
    length.map(Some).ok_or_else(|| Status::invalid_argument("wait: give a length of time from 0 to 10 minutes"))
}
