//! The admin API of real nodes, through its generated client.

mod support;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use slotmesh_admin::proto::diagnostics_service_client::DiagnosticsServiceClient;
use slotmesh_admin::proto::event_service_client::EventServiceClient;
use slotmesh_admin::proto::membership_service_client::MembershipServiceClient;
use slotmesh_admin::proto::recovery_service_client::RecoveryServiceClient;
use slotmesh_admin::proto::replication_service_client::ReplicationServiceClient;
use slotmesh_admin::proto::slot_service_client::SlotServiceClient;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use slotmesh_admin::proto::watch_events_request::Start;
use slotmesh_admin::proto::{self, MeetOutcome, apply_response, watch_events_response, watch_topology_response};
use slotmesh_node::{Node, StartError};
use support::{Client, Folder, PATIENCE, free_port, start, try_start};
use tonic::Code;
use tonic::transport::Channel;

/// A node with its API.
struct Member {
    node: Node,
    port: u16,
    admin: u16,
    _folder: Folder,
}

impl Member {
    fn start(directives: &str) -> Self {
        let (folder, port, admin) = (Folder::new(), free_port(), free_port());
        let text = format!("slotmesh-admin-port {admin}\ncluster-node-timeout 2000\n{directives}");
        let node = start(&folder.0, port, &text);
        Self { node, port, admin, _folder: folder }
    }

    fn id(&self) -> String {
        self.node.id().to_string()
    }

    async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://127.0.0.1:{}", self.admin)).expect("an address");
        endpoint.connect().await.expect("a connection")
    }

    fn meet_request(&self) -> proto::MeetRequest {
        let wait = Some(prost_seconds(10));
        proto::MeetRequest { host: "127.0.0.1".into(), port: self.port.into(), wait, ..Default::default() }
    }

    async fn meet(&self, other: &Self) -> proto::MeetResponse {
        let mut client = MembershipServiceClient::new(self.channel().await);
        client.meet(other.meet_request()).await.expect("an answer").into_inner()
    }

    async fn topology(&self) -> proto::Topology {
        let mut client = TopologyServiceClient::new(self.channel().await);
        let answer = client.get_topology(proto::GetTopologyRequest {}).await.expect("a topology");
        answer.into_inner().topology.expect("a topology")
    }
}

fn prost_seconds(seconds: u64) -> slotmesh_admin::ProtoDuration {
    slotmesh_admin::duration(Duration::from_secs(seconds))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await.expect("done in time") })
}

/// Watches until a picture made of snapshot and changes is as wanted.
async fn watch_until(member: &Member, mut wanted: impl FnMut(&BTreeMap<String, proto::Node>) -> bool) {
    let mut client = TopologyServiceClient::new(member.channel().await);
    let request = proto::WatchTopologyRequest::default();
    let mut stream = client.watch_topology(request).await.expect("a stream").into_inner();
    let mut nodes: BTreeMap<String, proto::Node> = BTreeMap::new();
    while !wanted(&nodes) {
        let changed = match stream.message().await.expect("an update").and_then(|update| update.update) {
            Some(watch_topology_response::Update::Snapshot(snapshot)) => {
                nodes.clear();
                snapshot.topology.expect("a topology").nodes
            }
            Some(watch_topology_response::Update::Delta(delta)) => {
                delta.removed.iter().for_each(|gone| drop(nodes.remove(gone)));
                delta.changed
            }
            None => panic!("the stream ended"),
        };
        nodes.extend(changed.into_iter().map(|node| (node.id.clone(), node)));
    }
}

fn is_member(nodes: &BTreeMap<String, proto::Node>, id: &str) -> bool {
    nodes.get(id).is_some_and(|node| node.connected && !node.flags.expect("flags").handshake)
}

#[test]
fn a_meet_can_be_waited_for_and_says_how_it_ended() {
    let (a, b) = (Member::start(""), Member::start(""));
    run(async {
        let joined = a.meet(&b).await;
        assert_eq!((joined.outcome(), &joined.node_id), (MeetOutcome::Joined, &b.id()), "{joined:?}");
        let again = a.meet(&b).await;
        assert_eq!((again.outcome(), &again.node_id), (MeetOutcome::AlreadyKnown, &b.id()), "{again:?}");
        assert_eq!(a.meet(&a).await.outcome(), MeetOutcome::Itself);
        let mut client = MembershipServiceClient::new(a.channel().await);
        let nobody = proto::MeetRequest { port: 1, bus_port: 2, ..b.meet_request() };
        let nobody = client.meet(nobody).await.expect("an answer").into_inner();
        assert_eq!(nobody.outcome(), MeetOutcome::Unreachable, "{nobody:?}");
        let client_port = proto::MeetRequest { bus_port: b.port.into(), ..b.meet_request() };
        let client_port = client.meet(client_port).await.expect("an answer").into_inner();
        assert!(![MeetOutcome::Joined, MeetOutcome::UnderWay].contains(&client_port.outcome()), "{client_port:?}");
        let list = client.list_handshakes(proto::ListHandshakesRequest {}).await.expect("a list").into_inner();
        assert!(list.handshakes.iter().any(|one| one.id == joined.handshake_id && one.node_id == b.id()));
        let wrong = proto::MeetRequest { port: 0, ..b.meet_request() };
        assert_eq!(client.meet(wrong).await.expect_err("no port").code(), Code::InvalidArgument);
    });
}

#[test]
fn a_refused_meet_gives_the_reason() {
    let (a, b) = (Member::start("slotmesh-cluster-name blue"), Member::start("slotmesh-cluster-name green"));
    run(async {
        assert_eq!(a.meet(&b).await.outcome(), MeetOutcome::OtherCluster);
        let mut client = EventServiceClient::new(b.channel().await);
        let request = proto::WatchEventsRequest { start: Some(Start::Oldest(true)) };
        let mut events = client.watch_events(request).await.expect("a stream").into_inner();
        loop {
            let update = events.message().await.expect("an event").expect("no end").update;
            if let Some(watch_events_response::Update::Event(event)) = update
                && let Some(proto::event::Kind::MeetRefused(refused)) = event.kind
            {
                assert_eq!(refused.reason(), proto::MeetRefusal::OtherCluster);
                break;
            }
        }
    });
}

#[test]
fn watches_follow_members_and_slots_and_every_event_is_numbered() {
    let (a, b, c) = (Member::start(""), Member::start(""), Member::start(""));
    let mut clients = Client::connect(a.port);
    run(async {
        a.meet(&b).await;
        b.meet(&c).await;
        watch_until(&a, |nodes| [&b, &c].iter().all(|member| is_member(nodes, &member.id()))).await;
        assert!(clients.text(&["CLUSTER", "ADDSLOTSRANGE", "0", "99"]).contains("OK"));
        let mine = a.id();
        watch_until(&b, |nodes| nodes.get(&mine).is_some_and(|node| node.slot_count == 100)).await;
        let topology = a.topology().await;
        assert_eq!((topology.my_id.as_str(), topology.nodes.len(), topology.shards.len()), (mine.as_str(), 3, 3));
        assert_eq!(topology.state.expect("a state").slots_assigned, 100);
        let mut client = EventServiceClient::new(a.channel().await);
        let request = proto::WatchEventsRequest { start: Some(Start::Oldest(true)) };
        let mut events = client.watch_events(request).await.expect("a stream").into_inner();
        let (mut next, mut names) = (1, Vec::new());
        while !["SlotsChanged", "HandshakeEnded", "LinkUp", "ConfigSaved"]
            .iter()
            .all(|name| names.iter().any(|seen: &String| seen.starts_with(name)))
        {
            let update = events.message().await.expect("an event").expect("no end").update;
            let Some(watch_events_response::Update::Event(event)) = update else { panic!("a gap") };
            assert_eq!(event.cursor.expect("a cursor").sequence, next);
            next += 1;
            names.push(format!("{:?}", event.kind.expect("a kind")));
        }
        let mut client = MembershipServiceClient::new(a.channel().await);
        let request = proto::ForgetRequest { node_id: c.id(), fan_out: true, options: None };
        let results = client.forget(request).await.expect("an answer").into_inner().results;
        assert_eq!(results.len(), 2);
        assert!(results.iter().all(|result| result.ok), "{results:?}");
        watch_until(&b, |nodes| !nodes.is_empty() && !nodes.contains_key(&c.id())).await;
        let unknown = proto::ForgetRequest { node_id: "0".repeat(40), ..Default::default() };
        assert_eq!(client.forget(unknown).await.expect_err("nobody").code(), Code::NotFound);
    });
}

#[test]
fn a_layout_is_planned_and_applied_on_both_nodes() {
    let (a, b) = (Member::start(""), Member::start(""));
    run(async {
        a.meet(&b).await;
        watch_until(&a, |nodes| is_member(nodes, &b.id())).await;
        let mut slots = SlotServiceClient::new(a.channel().await);
        let half = |first: u32, last: u32| vec![proto::SlotRange { first, last }];
        let node_slots = |member: &Member, slots| proto::NodeSlots { node_id: member.id(), slots };
        let layout = proto::Layout { nodes: vec![node_slots(&a, half(0, 8191)), node_slots(&b, half(8192, 16383))] };
        apply(&mut slots, layout.clone()).await.expect("applied");
        let (left, right) = (a.id(), b.id());
        watch_until(&b, |nodes| nodes.get(&left).is_some_and(|node| node.slot_count == 8192)).await;
        watch_until(&a, |nodes| nodes.get(&right).is_some_and(|node| node.slot_count == 8192)).await;
        let plan = proto::PlanRequest { layout: Some(layout) };
        assert!(slots.plan(plan).await.expect("a plan").into_inner().steps.is_empty(), "it is as wanted");
        let move_some = proto::Layout { nodes: vec![node_slots(&b, half(0, 9))] };
        let steps = apply(&mut slots, move_some).await.expect("moved");
        assert_eq!((steps[0].kind(), &steps[0].from_id), (proto::StepKind::Move, &left));
        watch_until(&a, |nodes| nodes.get(&right).is_some_and(|node| node.slot_count == 8202)).await;
        let nobody = proto::NodeSlots { node_id: "0".repeat(40), slots: half(0, 9) };
        let refused = apply(&mut slots, proto::Layout { nodes: vec![nobody] }).await.expect_err("an unknown node");
        assert_eq!(refused.code(), Code::NotFound);
    });
}

async fn apply(
    client: &mut SlotServiceClient<Channel>,
    layout: proto::Layout,
) -> Result<Vec<proto::Step>, tonic::Status> {
    let request = proto::ApplyRequest { layout: Some(layout), options: None };
    let mut stream = client.apply(request).await?.into_inner();
    let mut steps = Vec::new();
    while let Some(response) = stream.message().await? {
        match response.update.expect("an update") {
            apply_response::Update::Plan(plan) => steps = plan.steps,
            apply_response::Update::Progress(progress) => assert!((progress.index as usize) < steps.len()),
            apply_response::Update::Applied(_) => return Ok(steps),
        }
    }
    Err(tonic::Status::unknown("the stream ended early"))
}

#[test]
fn roles_and_epochs_change_and_refusals_have_a_reason() {
    let (a, b) = (Member::start(""), Member::start(""));
    run(async {
        let mut replication = ReplicationServiceClient::new(b.channel().await);
        let epoch = proto::SetConfigEpochRequest { config_epoch: 7, options: None };
        replication.set_config_epoch(epoch).await.expect("set");
        a.meet(&b).await;
        watch_until(&b, |nodes| is_member(nodes, &a.id())).await;
        let late = replication.set_config_epoch(epoch_again()).await.expect_err("it knows a node");
        assert_eq!(late.code(), Code::FailedPrecondition, "{late}");
        let primary = proto::FailoverRequest::default();
        assert_eq!(replication.failover(primary).await.expect_err("a primary").code(), Code::FailedPrecondition);
        let follow = proto::ReplicateRequest { primary_id: a.id(), options: None };
        replication.replicate(follow).await.expect("a replica");
        let (primary, replica) = (a.id(), b.id());
        watch_until(&a, |nodes| nodes.get(&replica).is_some_and(|node| node.primary_id == primary)).await;
        let takeover = proto::FailoverMode::Takeover.into();
        replication.failover(proto::FailoverRequest { mode: takeover, options: None }).await.expect("a takeover");
        watch_until(&b, |nodes| nodes.get(&replica).is_some_and(|node| node.role() == proto::Role::Primary)).await;
        let bumped = replication.bump_epoch(proto::BumpEpochRequest::default()).await.expect("an epoch").into_inner();
        assert_eq!(
            bumped.config_epoch,
            b.topology().await.nodes.iter().map(|node| node.config_epoch).max().expect("a node")
        );
        let mut recovery = RecoveryServiceClient::new(b.channel().await);
        let plan = recovery.plan_recovery(proto::PlanRecoveryRequest::default()).await.expect("a plan").into_inner();
        assert!(!plan.majority_lost && plan.takeovers.is_empty());
        let nothing = recovery.execute_recovery(proto::ExecuteRecoveryRequest::default()).await;
        assert_eq!(nothing.expect_err("nothing to recover").code(), Code::FailedPrecondition);
    });
}

fn epoch_again() -> proto::SetConfigEpochRequest {
    proto::SetConfigEpochRequest { config_epoch: 8, options: None }
}

#[test]
fn links_figures_settings_and_metrics_tell_of_the_peer() {
    let (a, b) = (Member::start("cluster-ping-interval 100"), Member::start("cluster-ping-interval 100"));
    run(async {
        a.meet(&b).await;
        let mut client = DiagnosticsServiceClient::new(a.channel().await);
        let peer = loop {
            let request = proto::ListLinksRequest { node_id: b.id() };
            let peers = client.list_links(request).await.expect("links").into_inner().peers;
            let whole = |peer: &proto::PeerLinks| {
                peer.round_trip.is_some() && peer.inbound.is_some() && peer.outbound.is_some()
            };
            if let Some(peer) = peers.into_iter().find(whole) {
                break peer;
            }
            tokio::task::yield_now().await;
        };
        let outbound = peer.outbound.expect("a link");
        assert!(outbound.connected && outbound.sent_bytes > 2000 && outbound.received_bytes > 2000, "{outbound:?}");
        assert!(outbound.packets.iter().any(|count| count.r#type == "pong" && count.received > 0), "{outbound:?}");
        let figures = client.get_figures(proto::GetFiguresRequest {}).await.expect("figures").into_inner();
        assert_eq!((figures.links_outbound, figures.links_inbound), (1, 1));
        assert!(figures.gossip_entries > 0 || figures.bus_received_bytes > 0, "{figures:?}");
        let set = |name: &str, value: &str| proto::SetConfigRequest {
            settings: vec![proto::Setting { name: name.into(), value: value.into() }],
            options: None,
        };
        let changed = client.set_config(set("cluster-node-timeout", "3000")).await.expect("set").into_inner().changed;
        assert_eq!(changed, ["cluster-node-timeout"]);
        let request = proto::GetConfigRequest { patterns: vec!["cluster-node-t*".into()] };
        let settings = client.get_config(request).await.expect("settings").into_inner().settings;
        assert_eq!((settings.len(), settings[0].value.as_str()), (1, "3000"));
        let refused = client.set_config(set("slotmesh-admin-port", "1")).await.expect_err("immutable");
        assert!(refused.code() == Code::InvalidArgument && refused.message().contains("immutable"), "{refused}");
    });
    let page = get(a.admin, "/metrics");
    for line in
        ["slotmesh_bus_links{direction=\"outbound\"} 1", "slotmesh_handshakes_ended_total{outcome=\"joined\"} 1"]
    {
        assert!(page.lines().any(|other| other == line), "no {line} in {page}");
    }
    for name in slotmesh_admin::METRIC_NAMES {
        assert!(page.contains(&format!("# TYPE {name} ")), "{name} is missing");
    }
}

fn get(port: u16, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_node_open_to_strangers_does_not_start_and_one_without_a_port_serves_no_api() {
    let folder = Folder::new();
    let open = format!("slotmesh-admin-port {}\nslotmesh-admin-bind 0.0.0.0", free_port());
    let refused = try_start(&folder.0, free_port(), &open).expect_err("nobody is asked who calls");
    assert!(matches!(&refused, StartError::Admin(reason) if reason.contains("slotmesh-admin-token-file")), "{refused}");
    let token = folder.0.join("tokens");
    std::fs::write(&token, "admin 0123456789abcdef0123\n").expect("written");
    let guarded = format!("{open}\nslotmesh-admin-token-file {}", token.display());
    try_start(&folder.0, free_port(), &guarded).expect("guarded").stop();
    let other = Folder::new();
    try_start(&other.0, free_port(), "").expect("no API").stop();
}

#[test]
fn a_watch_of_a_real_node_ends_with_the_truth_after_many_edits() {
    let a = Member::start("");
    run(async {
        let mut client = SlotServiceClient::new(a.channel().await);
        let edits = async {
            for first in (0..1000u32).step_by(2) {
                let slots = vec![proto::SlotRange { first, last: first }];
                client.add_slots(proto::AddSlotsRequest { slots, options: None }).await.expect("added");
            }
        };
        let id = a.id();
        let watch = watch_until(&a, |nodes| nodes.get(&id).is_some_and(|node| node.slot_count == 500));
        tokio::join!(edits, watch);
        assert_eq!(a.topology().await.nodes[0].slots.len(), 500);
    });
}
