//! Changes of what this node is to the cluster. Some of them are refused where there are keys; then nothing is written
//! from the look at the keys until everybody sees what has come of it.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_command::{Change, SlotState, Span};
use tokio::time::timeout;

use super::shared::Shared;
use crate::bus::{BusReply, BusRequest, Decision, Order};

/// For so long writes wait for the bus. Only one that is held up takes longer; then nothing is changed.
const DECIDED_WITHIN: Duration = Duration::from_secs(5);

/// Has the bus carry out a change; `None` when it has stopped. `wrap` may put conditions on the request.
///
/// A task of its own brings to its end what has begun: whoever has asked may go meanwhile.
pub(crate) fn change(
    shared: &Arc<Shared>,
    change: Change,
    wrap: impl FnOnce(BusRequest) -> BusRequest + Send + 'static,
) -> impl Future<Output = Option<BusReply>> {
    let owner = Arc::clone(shared);
    let task = tokio::spawn(async move { decide(&owner, change, wrap).await });
    async { task.await.unwrap_or(None) }
}

/// A look at whether a change could be carried out, as a request to the bus.
pub(crate) fn check(shared: &Shared, change: &Change) -> BusRequest {
    let keyspace = &shared.server.keyspace;
    let holds_keys = match emptied(change) {
        Some(Span::One(slot)) => keyspace.count(slot) > 0,
        Some(Span::All) => !keyspace.is_empty(),
        None => false,
    };
    BusRequest::Change(Order { change: change.clone(), holds_keys, only_check: true, decision: None })
}

/// The slots that have to be without keys for a change.
fn emptied(change: &Change) -> Option<Span> {
    match change {
        Change::SetSlot(slot, SlotState::Owner(_)) => Some(Span::One(*slot)),
        Change::FlushSlots | Change::Replicate(_) | Change::Reset { .. } => Some(Span::All),
        _ => None,
    }
}

async fn decide(shared: &Shared, change: Change, wrap: impl FnOnce(BusRequest) -> BusRequest) -> Option<BusReply> {
    let span = emptied(&change);
    let still = span.and_then(|span| shared.server.stand_still(span));
    let holds_keys = span.is_some() && still.is_none();
    let request = |decision| wrap(BusRequest::Change(Order { change, holds_keys, only_check: false, decision }));
    let Some(still) = still else { return shared.bus.ask(request(None)).await };
    let (decision, place, mut decided) = Decision::new();
    let answer = shared.bus.put(request(Some(decision)))?;
    if timeout(DECIDED_WITHIN, &mut decided).await.is_err() {
        if place.take() {
            return Some(BusReply::Refused("the cluster bus is held up; nothing was changed, try again".into()));
        }
        // It has begun, and does not wait for anything until it is done.
        let _ = decided.await;
    }
    // Whoever writes now is told by what can be seen. That it reaches the disk is no concern of theirs.
    drop(still);
    answer.await.ok()
}
