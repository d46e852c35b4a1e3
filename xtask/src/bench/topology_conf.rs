//! A nodes.conf of a large cluster, in the form that Valkey 9.1 writes.

use std::fmt::Write;

const SLOTS: u32 = 16_384;

/// The file of the first of `nodes` primaries that share all slots. All others have the client port `port`, each at a
/// loopback address of its own.
pub(crate) fn nodes_conf(nodes: u16, port: u16) -> String {
    let bus_port = port + crate::rack::ports::BUS_OFFSET;
    let mut text = String::new();
    for index in 0..nodes {
        let [high, low] = index.to_be_bytes();
        let (flags, time) = if index == 0 { ("myself,master", 0) } else { ("master", 1_795_000_000_000_u64) };
        let (first, last) = slots(index, nodes);
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{} 127.1.{high}.{low}:{port}@{bus_port},,tls-port=0,shard-id={} {flags} - 0 {time} {} connected {first}-{last}",
            hex(b'1', index),
            hex(b'2', index),
            index + 1
        );
    }
    let _ = writeln!(text, "vars currentEpoch {nodes} lastVoteEpoch 0");
    text
}

/// 40 digits that differ at the front as random ones do.
fn hex(mark: u8, index: u16) -> String {
    let mixed = (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(mark);
    format!("{mixed:016x}{mixed:016x}{:08x}", u32::from(index))
}

/// First and last slot of a node.
fn slots(index: u16, nodes: u16) -> (u32, u32) {
    let start = |index: u32| index * SLOTS / u32::from(nodes);
    (start(u32::from(index)), start(u32::from(index) + 1) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_slots_are_shared_out() {
        assert_eq!(slots(0, 200), (0, 80));
        assert_eq!(slots(199, 200), (16_302, 16_383));
        assert_eq!(nodes_conf(200, 7000).lines().count(), 201);
    }
}
