//! The nodes.conf files of a small cluster that has been together before: its nodes need no MEET.

use std::fmt::Write;

use crate::rack::ports::BUS_OFFSET;

const SLOTS: usize = 16_384;

/// The file of one of the primaries at these ports, which share all slots.
pub(crate) fn of(me: usize, ports: &[u16]) -> String {
    let mut text = String::new();
    for (index, port) in ports.iter().enumerate() {
        let flags = if index == me { "myself,master" } else { "master" };
        let (first, last) = (index * SLOTS / ports.len(), (index + 1) * SLOTS / ports.len() - 1);
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{index:040x} 127.0.0.1:{port}@{},,tls-port=0,shard-id={index:040x} {flags} - 0 0 {} connected {first}-{last}",
            port + BUS_OFFSET,
            index + 1
        );
    }
    let _ = writeln!(text, "vars currentEpoch {} lastVoteEpoch 0", ports.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_names_its_own_node() {
        let text = of(1, &[7000, 7001, 7002]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].contains(" myself,master ") && lines[1].ends_with(" connected 5461-10921"), "{}", lines[1]);
        assert!(lines[2].ends_with(" 10922-16383") && lines[2].contains("127.0.0.1:7002@17002,"), "{}", lines[2]);
    }
}
