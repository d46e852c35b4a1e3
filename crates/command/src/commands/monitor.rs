//! MONITOR.

use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(crate) fn monitor(call: &mut Call<'_>) -> Handled {
    if call.session.is_executing() {
        return Err(ErrorReply::err("MONITOR isn't allowed for DENY BLOCKING client"));
    }
    if call.session.monitors {
        // Real servers say nothing to one who asks again.
        return Ok(Outcome::Continue);
    }
    call.session.monitors = true;
    call.server.monitors.join(call.session.client());
    call.ok()
}
