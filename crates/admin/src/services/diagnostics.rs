//! Figures and settings.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};

use super::check_count;
use crate::api::Api;
use crate::convert;
use crate::proto;
use crate::proto::diagnostics_service_server::DiagnosticsService;

/// Most patterns or settings of one call.
const ITEMS_MAX: usize = 256;

#[tonic::async_trait]
impl DiagnosticsService for Api {
    async fn list_links(
        &self,
        request: Request<proto::ListLinksRequest>,
    ) -> Result<Response<proto::ListLinksResponse>, Status> {
        let wanted = match request.into_inner().node_id.as_str() {
            "" => None,
            id => Some(convert::node_id("node_id", id)?),
        };
        let mut peers = self.node.peers().await;
        peers.retain(|peer| wanted.is_none_or(|wanted| peer.node == wanted));
        if let (Some(wanted), true) = (wanted, peers.is_empty())
            && self.node.view().lookup(&wanted).is_none()
        {
            return Err(crate::edit::unknown_node(&wanted));
        }
        let peers = peers.into_iter().map(|peer| peer.links).collect();
        Ok(Response::new(proto::ListLinksResponse { peers }))
    }

    async fn get_figures(
        &self,
        _: Request<proto::GetFiguresRequest>,
    ) -> Result<Response<proto::GetFiguresResponse>, Status> {
        let figures = self.node.figures().await;
        let revision = self.revision();
        let used = figures.bus.messages.iter().filter(|kind| kind.sent + kind.received > 0);
        let packets = used.map(|kind| proto::PacketCount {
            r#type: kind.name.to_owned(),
            sent: kind.sent,
            received: kind.received,
        });
        let events = figures.events.iter().filter(|event| event.count > 0);
        let events = events.map(|event| proto::EventCount { name: event.name.to_owned(), count: event.count });
        Ok(Response::new(proto::GetFiguresResponse {
            revision: Some(revision),
            packets: packets.collect(),
            bus_sent_bytes: figures.bus.bytes_sent,
            bus_received_bytes: figures.bus.bytes_received,
            gossip_entries: figures.bus.gossip_entries,
            links_over_limit: figures.bus.links_over_limit,
            links_outbound: convert::count(figures.links_outbound),
            links_inbound: convert::count(figures.links_inbound),
            handshakes_under_way: convert::count(figures.handshakes),
            events: events.collect(),
            clients_connected: figures.clients as u64,
            commands_processed: figures.commands,
            resident_bytes: figures.resident_bytes,
            started: convert::timestamp(figures.started.unix),
            table_unchanged_for: Some(convert::milliseconds(figures.now.mono.since(self.journal.changed()))),
            version: self.version.clone(),
        }))
    }

    async fn get_config(
        &self,
        request: Request<proto::GetConfigRequest>,
    ) -> Result<Response<proto::GetConfigResponse>, Status> {
        let mut patterns = request.into_inner().patterns;
        check_count("patterns", patterns.len(), ITEMS_MAX)?;
        if patterns.is_empty() {
            patterns.push("*".to_owned());
        }
        let found: BTreeMap<String, String> = patterns.iter().flat_map(|pattern| self.node.settings(pattern)).collect();
        let settings = found.into_iter().map(|(name, value)| proto::Setting { name, value }).collect();
        Ok(Response::new(proto::GetConfigResponse { settings }))
    }

    async fn set_config(
        &self,
        request: Request<proto::SetConfigRequest>,
    ) -> Result<Response<proto::SetConfigResponse>, Status> {
        let request = request.into_inner();
        check_count("settings", request.settings.len(), ITEMS_MAX)?;
        if request.settings.is_empty() {
            return Err(Status::invalid_argument("settings: give at least one"));
        }
        let settings = request.settings.iter().map(|setting| (setting.name.clone(), setting.value.clone())).collect();
        let (api, options) = (self.clone(), request.options.clone());
        let work = async move {
            api.check_expected(options.as_ref())?;
            let changed = api.node.configure(settings).await.map_err(Status::invalid_argument)?;
            Ok(proto::SetConfigResponse { changed })
        };
        self.once("SetConfig", request.options.as_ref(), &request, work).await.map(Response::new)
    }
}
