//! The admin API of a node of ours among real servers.

use std::future::Future;

use anyhow::{Result, ensure};
use slotmesh_admin::proto::membership_service_client::MembershipServiceClient;
use slotmesh_admin::proto::recovery_service_client::RecoveryServiceClient;
use slotmesh_admin::proto::slot_service_client::SlotServiceClient;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use slotmesh_admin::proto::{self, FencingMethod, MeetOutcome, Obstacle, apply_response, execute_recovery_response};
use tonic::Code;
use tonic::transport::Channel;
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, star};

/// A node of ours with its API at this port.
pub(crate) fn start_with_api(turn: &Turn) -> (Node, u16) {
    let port = turn.rack.free_port().unwrap();
    let flags = [("slotmesh-admin-port", &*port.to_string()), ("cluster-node-timeout", "1000")];
    let mut nodes = turn.rack.start(&[Kind::Slotmesh], &flags).unwrap();
    (nodes.remove(0), port)
}

fn run<T>(port: u16, work: impl AsyncFnOnce(Channel) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = Channel::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
        let work = async { work(endpoint.connect().await.unwrap()).await };
        within(work).await
    })
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("done in time")
}

fn await_slots(nodes: &[Node], id: &str, slots: &[&str]) {
    wait::until(format!("{slots:?} of {id} in every view"), PATIENCE, || {
        nodes.iter().filter(|node| node.pid().is_ok()).try_for_each(|node| {
            let line = node.line_of(id)?.ok_or_else(|| anyhow::anyhow!("unknown"))?;
            ensure!(line.slots == slots, "{} at port {} says {line:?}", node.kind(), node.port());
            Ok(())
        })
    })
    .unwrap();
}

#[test]
fn real_servers_are_met_shown_given_slots_and_forgotten_through_the_api() {
    let Some(turn) = Turn::take() else { return };
    for kind in turn.peers() {
        let (ours, admin) = start_with_api(&turn);
        let mut nodes = turn.rack.start(&[kind], &[("cluster-node-timeout", "1000")]).unwrap();
        nodes.insert(0, ours);
        let (mine, peer) = (nodes[0].id().unwrap(), nodes[1].id().unwrap());
        let request = proto::MeetRequest {
            host: "127.0.0.1".into(),
            port: nodes[1].port().into(),
            wait: Some(slotmesh_admin::duration(std::time::Duration::from_secs(10))),
            ..Default::default()
        };
        let met = run(admin, async |channel| MembershipServiceClient::new(channel).meet(request).await);
        let met = met.unwrap().into_inner();
        assert_eq!((met.outcome(), met.node_id.as_str()), (MeetOutcome::Joined, peer.as_str()), "{kind}: {met:?}");
        await_mesh(&nodes);
        let range = |first, last| vec![proto::SlotRange { first, last }];
        let give = |id: &str, slots| proto::NodeSlots { node_id: id.to_owned(), slots };
        let layout = proto::Layout { nodes: vec![give(&mine, range(0, 8191)), give(&peer, range(8192, 16383))] };
        run(admin, async |channel| apply(channel, layout).await).unwrap();
        await_slots(&nodes, &mine, &["0-8191"]);
        await_slots(&nodes, &peer, &["8192-16383"]);
        let there_and_back = [give(&peer, range(8100, 8191)), give(&mine, range(9000, 9010))];
        run(admin, async |channel| apply(channel, proto::Layout { nodes: there_and_back.to_vec() }).await).unwrap();
        await_slots(&nodes, &mine, &["0-8099", "9000-9010"]);
        await_slots(&nodes, &peer, &["8100-8999", "9011-16383"]);
        // They change places: each keeps a slot until it has got others, so neither comes to follow the other.
        let first = [range(0, 8099), range(9000, 9010)].concat();
        let second = [range(8100, 8999), range(9011, 16383)].concat();
        let exchanged = proto::Layout { nodes: vec![give(&peer, first), give(&mine, second)] };
        run(admin, async |channel| apply(channel, exchanged).await).unwrap();
        await_slots(&nodes, &mine, &["8100-8999", "9011-16383"]);
        await_slots(&nodes, &peer, &["0-8099", "9000-9010"]);
        // All of them: the peer follows us by itself, and takes no SETSLOT any more.
        let everything = proto::Layout { nodes: vec![give(&mine, range(0, 16383))] };
        run(admin, async |channel| apply(channel, everything).await).unwrap();
        await_slots(&nodes, &mine, &["0-16383"]);
        wait::until("the cluster to serve in our topology", PATIENCE, || {
            let answer = run(admin, async |channel| {
                TopologyServiceClient::new(channel).get_topology(proto::GetTopologyRequest {}).await
            });
            let topology = answer?.into_inner().topology.unwrap_or_default();
            ensure!(topology.nodes.len() == 2 && topology.state.as_ref().is_some_and(|state| state.ok), "{topology:?}");
            Ok(())
        })
        .unwrap();
    }
}

async fn apply(channel: Channel, layout: proto::Layout) -> Result<(), tonic::Status> {
    let request = proto::ApplyRequest { layout: Some(layout), options: None };
    let mut stream = SlotServiceClient::new(channel).apply(request).await?.into_inner();
    while let Some(response) = stream.message().await? {
        if let Some(apply_response::Update::Applied(_)) = response.update {
            return Ok(());
        }
    }
    Err(tonic::Status::unknown("the stream ended early"))
}

#[test]
fn a_lost_majority_is_recovered_with_evidence_and_not_without() {
    let Some(turn) = Turn::take() else { return };
    for kind in turn.present(&[Kind::Valkey9, Kind::Valkey8]) {
        let (ours, admin) = start_with_api(&turn);
        // Ours, two primaries, and a replica of the first of them.
        let mut nodes = turn.rack.start(&[kind; 3], &[("cluster-node-timeout", "1000")]).unwrap();
        nodes.insert(0, ours);
        for (node, (first, last)) in nodes.iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
            node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
        }
        star(&nodes);
        await_mesh(&nodes);
        let lost = [nodes[1].id().unwrap(), nodes[2].id().unwrap()];
        let replica = nodes[3].id().unwrap();
        nodes[3].call(&["CLUSTER", "REPLICATE", &lost[0]]).unwrap();
        wait::until("the replica's data", PATIENCE, || {
            ensure!(nodes[3].text(&["INFO", "replication"])?.contains("master_link_status:up"));
            let line = nodes[0].line_of(&replica)?.ok_or_else(|| anyhow::anyhow!("unknown"))?;
            ensure!(line.has("slave"), "{line:?}");
            Ok(())
        })
        .unwrap();
        nodes[1].kill();
        nodes[2].kill();
        let plan = await_lost(admin);
        let first = plan.takeovers.iter().find(|takeover| takeover.primary_id == lost[0]).unwrap();
        assert_eq!(first.replica_id, replica);
        assert_eq!(first.obstacles().collect::<Vec<_>>(), [Obstacle::NoEvidence]);
        let second = plan.takeovers.iter().find(|takeover| takeover.primary_id == lost[1]).unwrap();
        assert!(second.obstacles().any(|obstacle| obstacle == Obstacle::NoCandidate), "{second:?}");
        let execute = |evidence: Vec<proto::FencingEvidence>| {
            let request = proto::ExecuteRecoveryRequest { evidence, primary_ids: vec![lost[0].clone()], options: None };
            run(admin, async |channel| recover(channel, request).await)
        };
        assert_eq!(execute(Vec::new()).unwrap_err().code(), Code::FailedPrecondition);
        let evidence = proto::FencingEvidence {
            node_id: lost[0].clone(),
            method: FencingMethod::ProcessStopped.into(),
            operator: "test".into(),
            statement: String::new(),
        };
        assert_eq!(execute(vec![evidence.clone()]).unwrap_err().code(), Code::FailedPrecondition, "it says nothing");
        execute(vec![proto::FencingEvidence { statement: "killed by the test".into(), ..evidence }]).unwrap();
        await_slots(&nodes, &replica, &["5461-10922"]);
    }
}

fn await_lost(admin: u16) -> proto::PlanRecoveryResponse {
    wait::until("the majority to be seen as lost", PATIENCE, || {
        let plan = run(admin, async |channel| {
            RecoveryServiceClient::new(channel).plan_recovery(proto::PlanRecoveryRequest::default()).await
        });
        let plan = plan?.into_inner();
        ensure!(plan.majority_lost && plan.takeovers.len() == 2, "{plan:?}");
        Ok(plan)
    })
    .unwrap()
}

async fn recover(channel: Channel, request: proto::ExecuteRecoveryRequest) -> Result<(), tonic::Status> {
    let mut stream = RecoveryServiceClient::new(channel).execute_recovery(request).await?.into_inner();
    while let Some(response) = stream.message().await? {
        if let Some(execute_recovery_response::Update::Recovered(_)) = response.update {
            return Ok(());
        }
    }
    Err(tonic::Status::unknown("the stream ended early"))
}
