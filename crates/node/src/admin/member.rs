//! This node, as the admin API needs it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_admin::{
    CommandReply, Edit, EditError, Edited, Failover as AdminFailover, Figures, MeetError, MeetReport, MeetTarget, Node,
    PeerFigures, SlotChange, proto,
};
use slotmesh_command::{Change, Failover, SlotState};
use slotmesh_config::Config;
use slotmesh_gossip::{Direction, Handshake, HandshakeRecord, MeetTarget as BusTarget};
use slotmesh_table::ClusterView;
use slotmesh_types::{ConfigEpoch, Host, NodeId, Now, Slot};

use super::counts::Counts;
use super::{client, links};
use crate::bus::{BusReply, BusRequest, Diagnosis};
use crate::clients::{Shared, decide, resolve};
use crate::{change, usage};

/// Changes that are put to the bus before the first of them is answered.
const TOGETHER: usize = 256;

/// Shown in place of what is secret.
const HIDDEN: &str = "***";

/// This node, as the admin API needs it.
pub(crate) struct Member {
    shared: Arc<Shared>,
    counts: Arc<Counts>,
}

impl Member {
    pub(crate) fn new(shared: Arc<Shared>, counts: Arc<Counts>) -> Self {
        Self { shared, counts }
    }

    /// Asks the bus, at a version if one is given.
    async fn ask(&self, at: Option<u64>, request: BusRequest) -> Option<BusReply> {
        self.shared.bus.ask(when(at, request)).await
    }

    async fn change(&self, at: Option<u64>, change: Change) -> Result<Edited, EditError> {
        edited(self.put(at, change).await)
    }

    /// Puts a change to the bus, at a version if one is given. It is under way at once.
    fn put(&self, at: Option<u64>, change: Change) -> impl Future<Output = Option<BusReply>> {
        decide::change(&self.shared, change, move |request| when(at, request))
    }

    /// Nothing is changed if any is refused from the start. Those that are under way together are saved together.
    async fn set_slots(&self, at: Option<u64>, changes: &[Change]) -> Result<Edited, EditError> {
        for some in changes.chunks(TOGETHER) {
            let check = |change| self.shared.bus.put(when(at, decide::check(&self.shared, change)));
            for answer in some.iter().map(check).collect::<Vec<_>>() {
                let answer = answer.ok_or(EditError::Stopped)?;
                edited(answer.await.ok())?;
            }
        }
        let Some((first, rest)) = changes.split_first() else { return Ok(Edited::Done) };
        // The first one moves the version.
        self.change(at, first.clone()).await?;
        let mut done = 1;
        for some in rest.chunks(TOGETHER) {
            let mut refused = None;
            // All of these are carried out, whatever becomes of the others among them.
            for answer in some.iter().map(|change| self.put(None, change.clone())).collect::<Vec<_>>() {
                match edited(answer.await) {
                    Ok(_) => done += 1,
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            if let Some(error) = refused {
                return Err(in_part(error, done, changes.len()));
            }
        }
        Ok(Edited::Done)
    }

    async fn handshake_lists(&self) -> Option<(Vec<Handshake>, Vec<HandshakeRecord>, Now)> {
        match self.shared.bus.ask(BusRequest::Handshakes).await {
            Some(BusReply::Handshakes(open, ended, now)) => Some((open, ended, now)),
            _ => None,
        }
    }

    async fn diagnose(&self) -> Option<Box<Diagnosis>> {
        match self.shared.bus.ask(BusRequest::Diagnose).await {
            Some(BusReply::Diagnosis(diagnosis)) => Some(diagnosis),
            _ => None,
        }
    }

    /// What became of the latest handshake with an address.
    async fn report(&self, target: BusTarget) -> Option<MeetReport> {
        let (open, ended, _) = self.handshake_lists().await?;
        let host = Host::from(target.ip);
        let same = |handshake: &&Handshake| {
            handshake.address.host.is_same(&host) && handshake.address.bus_port == target.bus_port
        };
        if let Some(handshake) = open.iter().find(same) {
            let trouble = handshake.last_error.map(|error| format!(", the last attempt failed: {error}"));
            return Some(MeetReport {
                handshake: handshake.id.0,
                outcome: proto::MeetOutcome::UnderWay,
                peer: None,
                message: format!("under way{}; see ListHandshakes", trouble.unwrap_or_default()),
            });
        }
        let record = ended.iter().rev().find(|record| same(&&record.handshake))?;
        let (outcome, peer) = links::outcome(record.end);
        Some(MeetReport { handshake: record.handshake.id.0, outcome, peer, message: record.end.to_string() })
    }
}

#[slotmesh_admin::async_trait]
impl Node for Member {
    fn view(&self) -> Arc<ClusterView> {
        self.shared.bus.topology().view()
    }

    fn keys_in(&self, slot: Slot) -> u64 {
        self.shared.server.keyspace.count(slot)
    }

    async fn refresh(&self) {
        // A bus that has stopped leaves the last view.
        let _ = self.shared.bus.ask(BusRequest::Refresh).await;
    }

    async fn meet(&self, at: Option<u64>, target: MeetTarget, wait: Option<Duration>) -> Result<MeetReport, MeetError> {
        let ip = match target.host.parse::<IpAddr>() {
            Ok(ip) => ip,
            Err(_) => resolve(&target.host).await.map_err(MeetError::Unresolved)?,
        };
        let target = BusTarget { ip, port: target.port, bus_port: target.bus_port };
        tracing::info!("Cluster meet {ip}:{} (admin request)", target.port);
        match self.ask(at, BusRequest::Meet(target, wait)).await {
            None => Err(MeetError::Stopped),
            Some(BusReply::Moved) => Err(MeetError::Moved),
            Some(BusReply::Refused(reason)) => Err(MeetError::Full(reason)),
            Some(_) => self.report(target).await.ok_or(MeetError::Stopped),
        }
    }

    async fn handshakes(&self) -> Vec<proto::Handshake> {
        let Some((open, ended, now)) = self.handshake_lists().await else { return Vec::new() };
        let open = open.iter().map(|handshake| links::handshake(handshake, now));
        open.chain(ended.iter().map(|record| links::ended_handshake(record, now))).collect()
    }

    async fn edit(&self, at: Option<u64>, edit: Edit) -> Result<Edited, EditError> {
        match edit {
            Edit::Forget(id) => match self.ask(at, BusRequest::Forget(id)).await {
                Some(BusReply::UnknownNode) => Err(EditError::UnknownNode(id)),
                reply => edited(reply),
            },
            Edit::Reset { hard } => self.change(at, Change::Reset { hard }).await,
            Edit::SetSlots(slots, change) => {
                let state = slot_state(change);
                let changes: Vec<_> = slots.into_iter().map(|slot| Change::SetSlot(slot, state)).collect();
                self.set_slots(at, &changes).await
            }
            Edit::AddSlots(ranges) => self.change(at, Change::AddSlots(ranges)).await,
            Edit::DelSlots(ranges) => self.change(at, Change::DelSlots(ranges)).await,
            Edit::FlushSlots => self.change(at, Change::FlushSlots).await,
            Edit::Failover(how) => self.change(at, Change::Failover(failover(how))).await,
            Edit::Replicate(Some(id)) if self.view().lookup(&id).is_none() => Err(EditError::UnknownNode(id)),
            Edit::Replicate(Some(id)) => self.change(at, Change::Replicate(id)).await,
            Edit::Replicate(None) => self.change(at, Change::ReplicateNoOne).await,
            Edit::BumpEpoch => self.change(at, Change::BumpEpoch).await,
            Edit::SetConfigEpoch(epoch) => self.change(at, Change::SetConfigEpoch(ConfigEpoch(epoch))).await,
        }
    }

    async fn commands(&self, node: NodeId, commands: Vec<Vec<String>>) -> Result<Vec<CommandReply>, String> {
        let address = self.view().lookup(&node).map(|member| member.facts.address);
        let address = address.ok_or_else(|| "no node of that id is known".to_owned())?;
        client::call(address, &commands).await
    }

    async fn peers(&self) -> Vec<PeerFigures> {
        self.diagnose().await.map(|diagnosis| links::peers(&diagnosis)).unwrap_or_default()
    }

    async fn figures(&self) -> Figures {
        let server = &self.shared.server;
        let (usage, stats) = (usage::read(), &server.stats);
        let mut figures = Figures {
            now: self.shared.clock.now(),
            started: server.started,
            events: self.counts.events(),
            handshakes_ended: self.counts.handshakes_ended(),
            clients: server.clients.count(),
            connections: stats.connections.get(),
            connections_rejected: stats.connections_rejected.get(),
            commands: stats.commands.get(),
            errors: stats.errors.get(),
            client_bytes: (stats.net_in.get(), stats.net_out.get()),
            resident_bytes: usage.rss_bytes,
            bus_delay_max: Some(self.shared.watchdog.report(self.shared.places.active()).bus.max),
            cpu: (usage.user_time, usage.system_time),
            ..Figures::default()
        };
        if let Some(diagnosis) = self.diagnose().await {
            let links =
                |direction| diagnosis.links.iter().filter(|link| link.direction == direction && link.connected).count();
            figures.links_outbound = links(Direction::Outbound);
            figures.links_inbound = links(Direction::Inbound);
            figures.handshakes = diagnosis.handshakes;
            figures.round_trips = diagnosis.round_trips.iter().map(|(_, trip)| trip.smoothed).collect();
            figures.bus = diagnosis.stats;
        }
        figures
    }

    fn settings(&self, pattern: &str) -> Vec<(String, String)> {
        let config = self.shared.server.config();
        let found = config.get(pattern);
        let shown = found.into_iter().map(|(name, value)| {
            let secret = Config::directive(name).is_some_and(|directive| directive.sensitive) && !value.is_empty();
            (name.to_owned(), if secret { HIDDEN.to_owned() } else { value.to_owned() })
        });
        shown.collect()
    }

    async fn configure(&self, settings: Vec<(String, String)>) -> Result<Vec<String>, String> {
        let changed = change::set(&self.shared, settings).await?;
        Ok(changed.into_iter().map(str::to_owned).collect())
    }
}

fn when(at: Option<u64>, request: BusRequest) -> BusRequest {
    match at {
        Some(version) => BusRequest::At(version, Box::new(request)),
        None => request,
    }
}

fn edited(reply: Option<BusReply>) -> Result<Edited, EditError> {
    match reply {
        None => Err(EditError::Stopped),
        Some(BusReply::Moved) => Err(EditError::Moved),
        Some(BusReply::Refused(reason)) => Err(EditError::Refused(reason)),
        Some(BusReply::Epoch { epoch, bumped }) => Ok(Edited::Epoch { epoch: epoch.0, bumped }),
        Some(_) => Ok(Edited::Done),
    }
}

/// What is told where some changes were refused after others were made.
fn in_part(error: EditError, done: usize, all: usize) -> EditError {
    match error {
        EditError::Refused(reason) => EditError::Refused(format!("{reason} ({done} of {all} slots were changed)")),
        error => error,
    }
}

fn slot_state(change: SlotChange) -> SlotState {
    match change {
        SlotChange::Migrating(id) => SlotState::Migrating(id),
        SlotChange::Importing(id) => SlotState::Importing(id),
        SlotChange::Stable => SlotState::Stable,
        SlotChange::Owner(id) => SlotState::Owner(id),
    }
}

fn failover(how: AdminFailover) -> Failover {
    match how {
        AdminFailover::Coordinated => Failover::Coordinated,
        AdminFailover::Force => Failover::Force,
        AdminFailover::Takeover => Failover::Takeover,
    }
}
