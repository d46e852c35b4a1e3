//! nodes.conf as a node writes it loads again, to an equal table.

use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, Now, UnixMillis};

pub(super) fn check(table: &Table, now: Now) -> Result<(), String> {
    let read = ConfFile::parse(&ConfFile::text_of(table, now))
        .map_err(|error| format!("nodes.conf can't be read: {error}"))?;
    let loaded = read.into_table(now.mono).map_err(|error| format!("nodes.conf makes no table: {error}"))?;
    let (written, again) = (comparable(table, now), comparable(&loaded, now));
    if written == again {
        return Ok(());
    }
    let text = |conf: &ConfFile| String::from_utf8_lossy(&conf.to_text()).into_owned();
    Err(format!("nodes.conf changes when it is loaded:\n{}---\n{}", text(&written), text(&again)))
}

/// What a restart has to keep: all but connections, heartbeat times as far as whether there were any, and the epochs and
/// shards that stand with replicas, which are their primaries'.
fn comparable(table: &Table, now: Now) -> ConfFile {
    let mut conf = ConfFile::from_table(table, now);
    let seen = |at: UnixMillis| UnixMillis(u64::from(at != UnixMillis(0)));
    for record in &mut conf.nodes {
        record.connected = false;
        if record.primary.is_some() {
            record.config_epoch = ConfigEpoch(0);
            record.shard = None;
        }
        record.ping_sent = seen(record.ping_sent);
        record.pong_received = seen(record.pong_received);
    }
    conf
}
