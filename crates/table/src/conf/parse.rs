//! Text to records.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

use slotmesh_types::{ConfigEpoch, CurrentEpoch, Host, NodeId, Slot, SlotRange, UnixMillis};

use super::error::{ConfError, LineError};
use super::record::{ConfFile, Flags, Health, NodeRecord, Role};

/// The longest line a server writes: one record with every slot open.
const LINE_MAX: usize = 1024 + Slot::COUNT as usize * 128;

impl ConfFile {
    /// Reads a nodes.conf.
    ///
    /// An empty file is not handled here: a server takes it for a missing one.
    ///
    /// # Errors
    /// For everything a real server refuses, and for a file whose last line is cut short; see [`ConfError`].
    pub fn parse(text: &[u8]) -> Result<Self, ConfError> {
        let mut file = Self::default();
        let mut seen = BTreeSet::new();
        let mut myself = false;
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let at = |reason| ConfError::Line { line: index + 1, reason };
            let words = words(line).map_err(at)?;
            let Some(first) = words.first() else { continue };
            if first.eq_ignore_ascii_case("vars") {
                file.read_vars(&words[1..]).map_err(at)?;
                continue;
            }
            let record = NodeRecord::parse(&words).map_err(at)?;
            if !seen.insert(record.id) {
                return Err(at(LineError::Duplicate(record.id)));
            }
            if record.flags.myself && std::mem::replace(&mut myself, true) {
                return Err(at(LineError::SecondMyself));
            }
            file.nodes.push(record);
        }
        if myself { Ok(file) } else { Err(ConfError::NoMyself) }
    }

    /// Unknown variables are skipped, as real servers do.
    fn read_vars(&mut self, words: &[&str]) -> Result<(), LineError> {
        let (pairs, rest) = words.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(LineError::Vars);
        }
        for [name, value] in pairs {
            if name.eq_ignore_ascii_case("currentEpoch") {
                self.current_epoch = CurrentEpoch(number(value)?);
            } else if name.eq_ignore_ascii_case("lastVoteEpoch") {
                self.last_vote_epoch = CurrentEpoch(number(value)?);
            }
        }
        Ok(())
    }
}

fn words(line: &[u8]) -> Result<Vec<&str>, LineError> {
    if line.len() > LINE_MAX {
        return Err(LineError::TooLong(LINE_MAX));
    }
    let line = line.strip_suffix(b"\n").ok_or(LineError::CutShort)?;
    let line = std::str::from_utf8(line).map_err(|_| LineError::NotText)?;
    Ok(line.split_ascii_whitespace().collect())
}

fn number<T: FromStr>(word: &str) -> Result<T, LineError> {
    word.parse().map_err(|_| LineError::Number(word.to_owned()))
}

fn id(word: &str) -> Result<NodeId, LineError> {
    word.parse().map_err(|_| LineError::Id(word.to_owned()))
}

impl NodeRecord {
    fn parse(words: &[&str]) -> Result<Self, LineError> {
        let [name, address, flags, primary, ping, pong, epoch, link, slots @ ..] = words else {
            return Err(LineError::Words(words.len()));
        };
        let mut record = Self::new(id(name)?);
        record.read_address(address)?;
        record.flags = Flags::parse(flags)?;
        record.primary = if *primary == "-" { None } else { Some(id(primary)?) };
        record.ping_sent = UnixMillis(number(ping)?);
        record.pong_received = UnixMillis(number(pong)?);
        record.config_epoch = ConfigEpoch(number(epoch)?);
        record.connected = *link == "connected";
        for word in slots {
            record.read_slots(word)?;
        }
        Ok(record)
    }

    fn read_address(&mut self, word: &str) -> Result<(), LineError> {
        let bad = || LineError::Address(word.to_owned());
        let mut parts = word.split(',');
        let endpoint = parts.next().ok_or_else(bad)?;
        let (host, ports) = endpoint.rsplit_once(':').ok_or_else(bad)?;
        self.host = Host::new(host.as_bytes()).map_err(|_| bad())?;
        let (port, bus_port) = match ports.split_once('@') {
            Some((port, bus_port)) => (number(port)?, number(bus_port)?),
            None => {
                let port: u16 = number(ports)?;
                (port, port.checked_add(10_000).ok_or_else(bad)?)
            }
        };
        (self.port, self.bus_port) = (port, bus_port);
        if let Some(hostname) = parts.next() {
            self.hostname = hostname.parse().map_err(|_| bad())?;
        }
        parts.try_for_each(|field| self.read_auxiliary(field))
    }

    fn read_auxiliary(&mut self, field: &str) -> Result<(), LineError> {
        let bad = || LineError::Auxiliary(field.to_owned());
        let (key, value) = field.split_once('=').ok_or_else(bad)?;
        let port = || value.parse::<u16>().map_err(|_| bad());
        let address = |family: fn(&IpAddr) -> bool| {
            value.parse::<Host>().ok().filter(|host| host.ip().is_some_and(|ip| family(&ip))).ok_or_else(bad)
        };
        match key {
            "shard-id" => self.shard = Some(value.parse().map_err(|_| bad())?),
            "nodename" => self.human_nodename = value.parse().map_err(|_| bad())?,
            "availability-zone" => self.zone = value.parse().map_err(|_| bad())?,
            "tls-port" => self.tls_port = Some(port()?),
            // Written by releases before 7.2.1 when the bus runs over TLS.
            "tcp-port" => self.port = port()?,
            "client-tcp-port" => self.client_port = port()?,
            "client-tls-port" => self.client_tls_port = port()?,
            "client-ipv4" => self.client_ipv4 = address(IpAddr::is_ipv4)?,
            "client-ipv6" => self.client_ipv6 = address(IpAddr::is_ipv6)?,
            _ => return Err(bad()),
        }
        Ok(())
    }

    fn read_slots(&mut self, word: &str) -> Result<(), LineError> {
        let bad = || LineError::Slot(word.to_owned());
        let slot = |text: &str| text.parse().ok().and_then(Slot::new).ok_or_else(bad);
        if let Some(open) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (list, at, peer) = if let Some((at, peer)) = open.split_once("->-") {
                (&mut self.migrating, at, peer)
            } else {
                let (at, peer) = open.split_once("-<-").ok_or_else(bad)?;
                (&mut self.importing, at, peer)
            };
            list.push((slot(at)?, id(peer)?));
            return Ok(());
        }
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        self.slots.insert_range(SlotRange::new(slot(first)?, slot(last)?).ok_or_else(bad)?);
        Ok(())
    }
}

impl Flags {
    fn parse(word: &str) -> Result<Self, LineError> {
        let mut flags = Self::default();
        for flag in word.split(',') {
            match flag {
                "myself" => flags.myself = true,
                "master" | "primary" => flags.role = Role::Primary,
                "slave" | "replica" => flags.role = Role::Replica,
                "fail?" => flags.health = Health::Pfail,
                "fail" => flags.health = Health::Fail,
                "handshake" => flags.handshake = true,
                "noaddr" => flags.noaddr = true,
                "nofailover" => flags.no_failover = true,
                "noflags" => {}
                _ => return Err(LineError::Flag(flag.to_owned())),
            }
        }
        Ok(flags)
    }
}
