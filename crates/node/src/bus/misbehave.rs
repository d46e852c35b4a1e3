//! DEBUG: misbehaviour on purpose.

use std::time::Duration;

use slotmesh_command::{Debug, DroppedPackets};
use slotmesh_gossip::{DroppedPackets as Dropped, Engine, Mischief};
use slotmesh_types::Now;

use super::command::BusReply;

/// Does what a test asks for.
pub(crate) fn misbehave(engine: &mut Engine, now: Now, how: &Debug) -> BusReply {
    let mischief = engine.mischief();
    let mischief = match *how {
        Debug::Log(ref text) => {
            tracing::warn!("DEBUG LOG: {text}");
            return BusReply::Done;
        }
        Debug::Sleep(time) => {
            hold_up(time);
            return BusReply::Done;
        }
        Debug::KillLinks { ref node, to, from } => {
            let known = engine.kill_links(now, node, to, from);
            return if known { BusReply::Done } else { BusReply::Refused(format!("Unknown node {node}")) };
        }
        Debug::Drop(packets) => {
            let drop = match packets {
                DroppedPackets::None => Dropped::None,
                DroppedPackets::Type(number) => Dropped::Type(number),
                DroppedPackets::All => Dropped::All,
            };
            Mischief { drop, ..mischief }
        }
        Debug::CloseOnDrop(close_on_drop) => Mischief { close_on_drop, ..mischief },
        Debug::NoReconnection(no_reconnection) => Mischief { no_reconnection, ..mischief },
        Debug::NoRandomPing(no_random_ping) => Mischief { no_random_ping, ..mischief },
    };
    engine.set_mischief(now, mischief);
    BusReply::Done
}

#[expect(clippy::disallowed_methods, reason = "nothing else may block the bus; here that is what is asked for")]
fn hold_up(time: Duration) {
    std::thread::sleep(time);
}
