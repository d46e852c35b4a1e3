//! Records to text.

use std::fmt::{self, Write};

use slotmesh_types::CurrentEpoch;

use super::record::{ConfFile, Flags, Health, NodeRecord, Role};

impl ConfFile {
    /// The file's text, as a real server writes it.
    #[must_use]
    pub fn to_text(&self) -> Vec<u8> {
        let mut text = FileText::for_nodes(self.nodes.len());
        self.nodes.iter().for_each(|node| text.add(node));
        text.finish(self.current_epoch, self.last_vote_epoch)
    }
}

/// The text of a file that is being written.
pub(super) struct FileText(String);

impl FileText {
    pub(super) fn for_nodes(count: usize) -> Self {
        Self(String::with_capacity(count * 200 + 64))
    }

    pub(super) fn add(&mut self, node: &NodeRecord) {
        writeln!(self.0, "{node}").expect("writing to a string does not fail");
    }

    pub(super) fn finish(mut self, current_epoch: CurrentEpoch, last_vote_epoch: CurrentEpoch) -> Vec<u8> {
        writeln!(self.0, "vars currentEpoch {current_epoch} lastVoteEpoch {last_vote_epoch}")
            .expect("writing to a string does not fail");
        self.0.into_bytes()
    }
}

impl fmt::Display for NodeRecord {
    /// The record without its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}@{}", self.id, self.host, self.port, self.bus_port)?;
        self.write_auxiliary(f)?;
        write!(f, " {} ", self.flags)?;
        match &self.primary {
            Some(primary) => write!(f, "{primary}")?,
            None => f.write_char('-')?,
        }
        let link = if self.connected || self.flags.myself { "connected" } else { "disconnected" };
        write!(f, " {} {} {} {link}", self.ping_sent, self.pong_received, self.config_epoch)?;
        self.slots.ranges().try_for_each(|range| write!(f, " {range}"))?;
        self.write_open_slots(f)
    }
}

impl NodeRecord {
    fn write_auxiliary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Redis 7.0 knows no auxiliary fields and then leaves out the comma of an empty host name, too.
        if !self.has_auxiliary() {
            return if self.hostname.is_none() { Ok(()) } else { write!(f, ",{}", self.hostname) };
        }
        write!(f, ",{}", self.hostname)?;
        let texts = |f: &mut fmt::Formatter<'_>, key: &str, value: &str| {
            if value.is_empty() { Ok(()) } else { write!(f, ",{key}={value}") }
        };
        let ports = |f: &mut fmt::Formatter<'_>, key: &str, port: u16| {
            if port == 0 { Ok(()) } else { write!(f, ",{key}={port}") }
        };
        texts(f, "availability-zone", self.zone.as_str())?;
        ports(f, "client-tls-port", self.client_tls_port)?;
        ports(f, "client-tcp-port", self.client_port)?;
        texts(f, "client-ipv6", self.client_ipv6.as_str())?;
        texts(f, "client-ipv4", self.client_ipv4.as_str())?;
        if let Some(port) = self.tls_port {
            write!(f, ",tls-port={port}")?;
        }
        texts(f, "nodename", self.human_nodename.as_str())?;
        self.shard.map_or(Ok(()), |shard| write!(f, ",shard-id={shard}"))
    }

    fn has_auxiliary(&self) -> bool {
        let texts =
            [self.zone.as_str(), self.client_ipv6.as_str(), self.client_ipv4.as_str(), self.human_nodename.as_str()];
        let ports = [self.client_tls_port, self.client_port];
        self.tls_port.is_some() || self.shard.is_some() || texts != [""; 4] || ports != [0; 2]
    }

    /// Open slots in ascending order; one that goes both ways is written as going away.
    fn write_open_slots(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open: Vec<_> = self.migrating.iter().map(|(slot, peer)| (*slot, "->-", peer)).collect();
        let coming = self.importing.iter().filter(|(slot, _)| self.migrating.iter().all(|(gone, _)| gone != slot));
        open.extend(coming.map(|(slot, peer)| (*slot, "-<-", peer)));
        open.sort_by_key(|(slot, ..)| *slot);
        open.iter().try_for_each(|(slot, arrow, peer)| write!(f, " [{slot}{arrow}{peer}]"))
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.myself, "myself"),
            (self.role == Role::Primary, "master"),
            (self.role == Role::Replica, "slave"),
            (self.health == Health::Pfail, "fail?"),
            (self.health == Health::Fail, "fail"),
            (self.handshake, "handshake"),
            (self.noaddr, "noaddr"),
            (self.no_failover, "nofailover"),
        ];
        let mut set = words.iter().filter(|(on, _)| *on).map(|(_, word)| *word);
        f.write_str(set.next().unwrap_or("noflags"))?;
        set.try_for_each(|word| write!(f, ",{word}"))
    }
}
