//! CLUSTER BUMPEPOCH and SET-CONFIG-EPOCH. Source: spec of the commands, section 5.

use slotmesh_types::ConfigEpoch;

use crate::call::{Call, Handled};
use crate::commands::numbers::integer;
use crate::error_reply::ErrorReply;
use crate::outcome::{Change, Outcome, Question};

pub(crate) fn bumpepoch(_call: &mut Call<'_>) -> Handled {
    Ok(Outcome::Ask(Question::Change(Change::BumpEpoch)))
}

pub(crate) fn set_config_epoch(call: &mut Call<'_>) -> Handled {
    let number = integer(call.args[2])?;
    let epoch = u64::try_from(number);
    let epoch = epoch.map_err(|_| ErrorReply::err(format!("Invalid config epoch specified: {number}")))?;
    Ok(Outcome::Ask(Question::Change(Change::SetConfigEpoch(ConfigEpoch(epoch)))))
}
