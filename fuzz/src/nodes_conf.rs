//! nodes.conf.

use slotmesh_table::Table;
use slotmesh_table::conf::{ConfFile, NodeRecord};
use slotmesh_types::{Mono, Now, UnixMillis};

/// Any bytes as a nodes.conf: what is read is written so that it is read as the same again, and the table made from it
/// can be saved and loaded.
///
/// # Panics
/// When that does not hold.
pub fn nodes_conf(data: &[u8]) {
    let Ok(file) = ConfFile::parse(data) else { return };
    let text = file.to_text();
    let again = read(&text);
    assert_eq!(again, canonical(file), "{}", String::from_utf8_lossy(&text));
    assert_eq!(again.to_text(), text, "writing is stable");
    let Ok(table) = again.into_table(now().mono) else { return };
    saved_tables_are_the_same(&table);
}

/// Loads what a table saves. The shards of replicas of replicas move on with each start, all else stays.
fn saved_tables_are_the_same(table: &Table) {
    let saved = ConfFile::from_table(table, now());
    let loaded = read(&saved.to_text()).into_table(now().mono).expect("a saved table can be loaded");
    let mut back = ConfFile::from_table(&loaded, now());
    assert_eq!(back.nodes.len(), saved.nodes.len());
    for (back, saved) in back.nodes.iter_mut().zip(&saved.nodes) {
        back.shard = saved.shard;
    }
    assert_eq!(back, saved);
}

fn read(text: &[u8]) -> ConfFile {
    ConfFile::parse(text).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(text)))
}

/// The one of the files that say the same which is written.
fn canonical(mut file: ConfFile) -> ConfFile {
    file.nodes.iter_mut().for_each(canonical_record);
    file
}

fn canonical_record(record: &mut NodeRecord) {
    record.connected |= record.flags.myself;
    // A slot on its way to somewhere is not on its way here; the rest is ordered by slot.
    let migrating = &record.migrating;
    record.importing.retain(|(slot, _)| migrating.iter().all(|(gone, _)| gone != slot));
    record.migrating.sort_by_key(|(slot, _)| *slot);
    record.importing.sort_by_key(|(slot, _)| *slot);
}

fn now() -> Now {
    Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) }
}
