//! Calls that change several nodes, one step after the other, and tell of each.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use slotmesh_admin::proto::recovery_service_client::RecoveryServiceClient;
use slotmesh_admin::proto::slot_service_client::SlotServiceClient;
use slotmesh_admin::proto::{
    ApplyRequest, ApplyResponse, EditOptions, ExecuteRecoveryRequest, FencingEvidence, FencingMethod, Layout,
    NodeSlots, SlotRange, apply_response, execute_recovery_response,
};
use slotmesh_admin::{Edit, Failover};
use slotmesh_table::Health;
use support::{Api, PATIENCE, id, slot};
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
    let evidence = FencingEvidence {
        node_id: id(1).to_string(),
        method: FencingMethod::PoweredOff.into(),
        operator: "ada".into(),
        statement: "INC-7".into(),
    };
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
