//! Calls that change several nodes, one step after the other, and tell of each.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::sync::atomic::Ordering;

use slotmesh_admin::proto::membership_service_client::MembershipServiceClient;
use slotmesh_admin::proto::recovery_service_client::RecoveryServiceClient;
use slotmesh_admin::proto::slot_service_client::SlotServiceClient;
use slotmesh_admin::proto::{
    ApplyRequest, ApplyResponse, EditOptions, ExecuteRecoveryRequest, FencingEvidence, FencingMethod, ForgetRequest,
    Layout, NodeSlots, SlotRange, apply_response, execute_recovery_response,
};
use slotmesh_admin::{CommandReply, Edit, Failover};
use slotmesh_table::Health;
use support::{Api, FakeNode, PATIENCE, id, slot};
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

fn keyed(key: &str) -> Option<EditOptions> {
    Some(EditOptions { idempotency_key: key.into(), ..EditOptions::default() })
}

fn layout(node: u64, last: u32) -> Option<Layout> {
    let slots = vec![SlotRange { first: 0, last }];
    Some(Layout { nodes: vec![NodeSlots { node_id: id(node).to_string(), slots }] })
}

async fn all<T>(mut stream: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut updates = Vec::new();
    while let Some(update) = timeout(PATIENCE, stream.message()).await.expect("an update in time")? {
        updates.push(update);
    }
    Ok(updates)
}

async fn apply(api: &Api, request: ApplyRequest) -> Result<Vec<ApplyResponse>, Status> {
    all(SlotServiceClient::new(api.channel().await).apply(request).await?.into_inner()).await
}

fn evidence(node: u64) -> FencingEvidence {
    FencingEvidence {
        node_id: id(node).to_string(),
        method: FencingMethod::PoweredOff.into(),
        operator: "ada".into(),
        statement: "INC-7".into(),
    }
}

/// Members 1 and 2; the first owns slots 0 to 2.
fn with_slots() -> Api {
    let api = Api::open();
    let owner = api.node.join(1);
    api.node.join(2);
    api.node.change(|table| (0..3).for_each(|raw| table.bind(slot(raw), owner)));
    api
}

fn told(node: &FakeNode, part: &str) -> Vec<String> {
    let told = node.told.lock().unwrap();
    told.iter().filter(|(_, command)| command.contains(part)).map(|(_, command)| command.clone()).collect()
}

#[tokio::test]
async fn a_slot_that_holds_keys_is_left_where_it_is() {
    let api = with_slots();
    api.node.answer_with(|_, _, command| Ok(CommandReply::Integer(i64::from(command == "CLUSTER COUNTKEYSINSLOT 1"))));
    let error = apply(&api, ApplyRequest { layout: layout(2, 2), options: None }).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.message().contains("slot 1 holds keys"), "{error}");
    assert_eq!(told(&api.node, "SETSLOT"), [""; 0]);
}

#[tokio::test]
async fn so_is_one_whose_keys_are_on_this_node() {
    let api = with_slots();
    api.node.change(|table| (0..3).for_each(|raw| table.bind(slot(raw), table.my_key())));
    *api.node.own_key.lock().unwrap() = Some(slot(1));
    let error = apply(&api, ApplyRequest { layout: layout(2, 2), options: None }).await.unwrap_err();
    assert!(error.message().contains("slot 1 holds keys"), "{error}");
    assert!(api.node.edits.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_slot_that_gets_a_key_while_it_is_opened_changes_no_owner() {
    let api = with_slots();
    let mut opened = false;
    api.node.answer_with(move |_, _, command| {
        opened |= command.contains("MIGRATING");
        Ok(CommandReply::Integer(i64::from(opened && command == "CLUSTER COUNTKEYSINSLOT 1")))
    });
    let error = apply(&api, ApplyRequest { layout: layout(2, 2), options: None }).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.message().contains("slot 1 got keys"), "{error}");
    let node = id(2);
    let moved = [0, 2].map(|slot| format!("CLUSTER SETSLOT {slot} NODE {node}"));
    assert_eq!(told(&api.node, " NODE "), [moved.clone(), moved].concat());
    assert_eq!(told(&api.node, "STABLE"), [""; 0], "closing it would hide keys that the new owner has already");
}

#[tokio::test]
async fn a_node_that_gives_its_last_slot_away_may_follow_the_new_owner_at_once() {
    let api = with_slots();
    api.node.answer_with(|node, member, command| {
        if command.contains(" NODE ") && member == id(1) {
            return Err("Please use SETSLOT only with masters.".into());
        }
        if command.contains("SETSLOT 2 NODE") {
            node.change(|table| {
                let (old, new) = (table.lookup(&id(1)).unwrap(), table.lookup(&id(2)).unwrap());
                (0..3).for_each(|raw| table.bind(slot(raw), new));
                table.make_replica(old, Some(new));
            });
        }
        Ok(CommandReply::Integer(0))
    });
    let updates = apply(&api, ApplyRequest { layout: layout(2, 2), options: keyed("one") }).await.unwrap();
    assert!(matches!(updates.last().unwrap().update, Some(apply_response::Update::Applied(_))), "{updates:?}");
}

#[tokio::test]
async fn one_campaign_is_under_way_at_a_time() {
    let api = with_slots();
    let silence = api.node.silence.lock().await;
    let request = ApplyRequest { layout: layout(2, 2), options: None };
    let mut client = SlotServiceClient::new(api.channel().await);
    let first = client.apply(request.clone()).await.unwrap().into_inner();
    assert_eq!(apply(&api, request.clone()).await.unwrap_err().code(), Code::Aborted);
    let mut recovery = RecoveryServiceClient::new(api.channel().await);
    let refused = recovery.execute_recovery(ExecuteRecoveryRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    drop(silence);
    all(first).await.unwrap();
    apply(&api, request).await.unwrap();
}

#[tokio::test]
async fn a_member_that_does_not_answer_holds_up_no_other_when_a_node_is_to_be_forgotten() {
    let api = with_slots();
    for number in 3..6 {
        api.node.join(number);
    }
    let silence = api.node.silence.lock().await;
    let mut client = MembershipServiceClient::new(api.channel().await);
    let request = ForgetRequest { node_id: id(5).to_string(), fan_out: true, options: None };
    let call = tokio::spawn(async move { client.forget(request).await });
    let asked = async {
        while api.node.asked.load(Ordering::Relaxed) < 4 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, asked).await.expect("all are told at once");
    drop(silence);
    let results = call.await.unwrap().unwrap().into_inner().results;
    let told: Vec<String> = results.into_iter().map(|result| result.node_id).collect();
    assert_eq!(told, (0..5).map(|number| id(number).to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_apply_sent_again_with_its_key_acts_once_and_tells_the_same() {
    let api = Api::open();
    let request = ApplyRequest { layout: layout(0, 5), options: keyed("one") };
    let first = apply(&api, request.clone()).await.unwrap();
    assert!(matches!(first[0].update, Some(apply_response::Update::Plan(_))), "{first:?}");
    assert!(matches!(first.last().unwrap().update, Some(apply_response::Update::Applied(_))), "{first:?}");
    assert_eq!(apply(&api, request.clone()).await.unwrap(), first);
    assert_eq!(api.node.edits.lock().unwrap().len(), 1, "the second call did nothing");
    let other = ApplyRequest { layout: layout(0, 7), ..request };
    assert_eq!(apply(&api, other.clone()).await.unwrap_err().code(), Code::InvalidArgument, "the key is another's");
    let anew = apply(&api, ApplyRequest { options: None, ..other }).await.unwrap();
    assert_ne!(anew, first);
    let long = ApplyRequest { layout: layout(0, 5), options: keyed(&"k".repeat(129)) };
    assert_eq!(apply(&api, long).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn an_apply_that_failed_does_not_use_its_key_up() {
    let api = Api::open();
    let nobody = ApplyRequest { layout: layout(9, 5), options: keyed("one") };
    assert_eq!(apply(&api, nobody.clone()).await.unwrap_err().code(), Code::NotFound);
    api.node.join(9);
    let updates = apply(&api, nobody).await.unwrap();
    assert!(matches!(updates.last().unwrap().update, Some(apply_response::Update::Applied(_))), "{updates:?}");
}

#[tokio::test]
async fn a_recovery_sent_again_with_its_key_takes_over_once() {
    let api = Api::open();
    let primary = api.node.join(1);
    api.node.change(|table| {
        table.bind(slot(7), primary);
        table.facts_mut(primary).health = Health::Fail;
        let me = table.my_key();
        table.make_replica(me, Some(primary));
    });
    let evidence = evidence(1);
    let request =
        ExecuteRecoveryRequest { evidence: vec![evidence], options: keyed("one"), ..ExecuteRecoveryRequest::default() };
    let mut client = RecoveryServiceClient::new(api.channel().await);
    let first = all(client.execute_recovery(request.clone()).await.unwrap().into_inner()).await.unwrap();
    let last = first.last().unwrap().update.as_ref();
    assert!(matches!(last, Some(execute_recovery_response::Update::Recovered(_))), "{first:?}");
    let again = all(client.execute_recovery(request).await.unwrap().into_inner()).await.unwrap();
    assert_eq!(again, first, "although nothing is left to recover");
    assert_eq!(*api.node.edits.lock().unwrap(), [Edit::Failover(Failover::Takeover)]);
}

/// This node and the failed primaries 1 and 2 with a slot each; 11 is a replica of the first, 21 and 22 of the second.
fn with_majority_lost() -> Api {
    let api = Api::open();
    let me = api.node.table(slotmesh_table::Table::my_key);
    api.node.change(|table| table.bind(slot(0), me));
    for (number, replicas) in [(1, &[11][..]), (2, &[21, 22])] {
        let primary = api.node.join(number);
        let replicas: Vec<_> = replicas.iter().map(|number| api.node.join(*number)).collect();
        api.node.change(|table| {
            table.bind(slot(number), primary);
            table.facts_mut(primary).health = Health::Fail;
            for replica in replicas {
                table.make_replica(replica, Some(primary));
                table.facts_mut(replica).connected = true;
            }
        });
    }
    api
}

async fn recover(api: &Api, evidence: Vec<FencingEvidence>) -> Result<Vec<(String, bool)>, Status> {
    let request = ExecuteRecoveryRequest { evidence, ..ExecuteRecoveryRequest::default() };
    let stream = RecoveryServiceClient::new(api.channel().await).execute_recovery(request).await?.into_inner();
    let progress = all(stream).await?.into_iter().filter_map(|response| match response.update {
        Some(execute_recovery_response::Update::Progress(progress)) => Some((progress.replica_id, progress.done)),
        _ => None,
    });
    Ok(progress.collect())
}

#[tokio::test]
async fn once_a_majority_is_back_replicas_are_elected_and_take_nothing_over() {
    let api = with_majority_lost();
    api.node.answer_with(|node, member, _| {
        node.promote(if member == id(11) { 11 } else { 21 });
        Ok(CommandReply::Other)
    });
    let weak = FencingEvidence { statement: String::new(), ..evidence(2) };
    let progress = recover(&api, vec![evidence(1), weak, evidence(2)]).await.unwrap();
    let step = |number: u64, done: bool| (id(number).to_string(), done);
    assert_eq!(progress, [step(11, false), step(11, true), step(21, false), step(21, true)]);
    let commands = ["CLUSTER FAILOVER TAKEOVER", "CLUSTER FAILOVER FORCE"];
    assert_eq!(told(&api.node, "FAILOVER"), commands);
}

#[tokio::test]
async fn slots_of_a_replica_that_was_elected_meanwhile_are_not_taken_from_it() {
    let api = with_majority_lost();
    api.node.answer_with(|node, _, _| {
        node.promote(11);
        node.promote(22);
        Ok(CommandReply::Other)
    });
    let progress = recover(&api, vec![evidence(1), evidence(2)]).await.unwrap();
    assert_eq!(progress.last(), Some(&(id(22).to_string(), true)), "whoever has won");
    assert_eq!(told(&api.node, "FAILOVER").len(), 1);
}

#[tokio::test]
async fn a_recovery_ends_when_a_primary_has_come_back() {
    let api = with_majority_lost();
    api.node.answer_with(|node, _, _| {
        node.promote(11);
        node.change(|table| {
            let primary = table.lookup(&id(2)).unwrap();
            table.facts_mut(primary).health = Health::Online;
        });
        Ok(CommandReply::Other)
    });
    let ended = recover(&api, vec![evidence(1), evidence(2)]).await.unwrap_err();
    assert_eq!(ended.code(), Code::FailedPrecondition);
    assert!(ended.message().contains(id(2).as_str()), "{ended}");
    assert_eq!(told(&api.node, "FAILOVER").len(), 1);
    let much = recover(&api, vec![FencingEvidence::default(); 16_385]).await.unwrap_err();
    assert_eq!(much.code(), Code::InvalidArgument);
}
