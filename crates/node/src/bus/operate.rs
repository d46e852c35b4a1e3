//! Changes that an operator asks for.

use slotmesh_command::{Change, Failover, SlotState};
use slotmesh_gossip::{Engine, EpochBump, FailoverMode, SlotChange};
use slotmesh_types::Now;

use super::command::{BusReply, Order};

/// What is replied to RESET where keys would be left without a cluster.
const RESET_WITH_KEYS: &str = "CLUSTER RESET can't be called with master nodes containing keys";

/// Carries out a change, or only looks whether it could be.
pub(crate) fn operate(engine: &mut Engine, now: Now, order: &Order) -> BusReply {
    let result = if order.only_check { check(engine, order) } else { apply(engine, now, order) };
    result.unwrap_or_else(BusReply::Refused)
}

fn apply(engine: &mut Engine, now: Now, order: &Order) -> Result<BusReply, String> {
    let done = match &order.change {
        Change::AddSlots(ranges) => said(engine.add_slots(now, ranges)),
        Change::DelSlots(ranges) => said(engine.del_slots(now, ranges)),
        Change::FlushSlots => said(engine.flush_slots(now, order.holds_keys)),
        Change::SetSlot(slot, state) => said(engine.set_slot(now, *slot, slot_change(*state), order.holds_keys)),
        Change::SetConfigEpoch(epoch) => said(engine.set_config_epoch(now, *epoch)),
        Change::Replicate(id) => said(engine.replicate(now, id, order.holds_keys)),
        Change::Failover(how) => said(engine.failover(now, failover_mode(*how))),
        Change::Reset { .. } if engine.table().me().is_primary() && order.holds_keys => Err(RESET_WITH_KEYS.into()),
        Change::Reset { hard } => {
            engine.reset(now, *hard);
            Ok(())
        }
        Change::ReplicateNoOne => {
            engine.replicate_no_one(now);
            Ok(())
        }
        Change::BumpEpoch => {
            return Ok(match engine.bump_epoch(now) {
                EpochBump::Bumped(epoch) => BusReply::Epoch { epoch, bumped: true },
                EpochBump::Still(epoch) => BusReply::Epoch { epoch, bumped: false },
            });
        }
    };
    done.map(|()| BusReply::Done)
}

/// Only the commands on slots can be wrong behind a part that has to be looked at first.
fn check(engine: &Engine, order: &Order) -> Result<BusReply, String> {
    let fine = match &order.change {
        Change::AddSlots(ranges) => said(engine.check_add_slots(ranges)),
        Change::DelSlots(ranges) => said(engine.check_del_slots(ranges)),
        Change::SetSlot(slot, state) => said(engine.check_set_slot(*slot, slot_change(*state), order.holds_keys)),
        _ => Ok(()),
    };
    fine.map(|()| BusReply::Done)
}

fn said<T, E: std::error::Error>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

fn slot_change(state: SlotState) -> SlotChange {
    match state {
        SlotState::Migrating(id) => SlotChange::Migrating(id),
        SlotState::Importing(id) => SlotChange::Importing(id),
        SlotState::Stable => SlotChange::Stable,
        SlotState::Owner(id) => SlotChange::Owner(id),
    }
}

fn failover_mode(how: Failover) -> FailoverMode {
    match how {
        Failover::Coordinated => FailoverMode::Coordinated,
        Failover::Force => FailoverMode::Force,
        Failover::Takeover => FailoverMode::Takeover,
    }
}
