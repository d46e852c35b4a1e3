//! The reply of CLUSTER NODES.
//!
//! Read more leniently than nodes.conf: flags and fields that are not known are skipped, so that nodes of later releases can
//! be looked at. What is needed must be there.

use slotmesh_types::{ConfigEpoch, NodeId, Slot, SlotRange};

use super::node_view::link_to;
use super::{Entry, Health, Link, OpenSlot, Place, Role};

/// A reply, read.
#[derive(Debug, Default)]
pub(crate) struct NodeLines {
    /// Ordered by id.
    pub(crate) entries: Vec<Entry>,
    /// Whose reply it is.
    pub(crate) myself: Option<NodeId>,
    /// Slots of that node which are on the move.
    pub(crate) open_slots: Vec<OpenSlot>,
}

/// A line that is none of a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} in the line {line:?}")]
pub(crate) struct LineError {
    what: &'static str,
    line: String,
}

impl NodeLines {
    pub(crate) fn parse(reply: &str) -> Result<Self, LineError> {
        let mut lines = Self::default();
        for line in reply.lines().filter(|line| !line.is_empty()) {
            lines.read(line).map_err(|what| LineError { what, line: line.to_owned() })?;
        }
        lines.entries.sort_unstable_by_key(|entry| entry.id);
        Ok(lines)
    }

    /// The node's link to another.
    pub(crate) fn link_to(&self, id: &NodeId) -> Link {
        link_to(&self.entries, id)
    }

    fn read(&mut self, line: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = line.split(' ').collect();
        let [id, address, flags, primary, _ping, _pong, epoch, link, slots @ ..] = &words[..] else {
            return Err("too few words");
        };
        let id: NodeId = id.parse().map_err(|_| "no id")?;
        let (place, hostname) = place(address).ok_or("no address")?;
        let flags: Vec<&str> = flags.split(',').collect();
        let has = |flag: &str| flags.contains(&flag);
        let mut entry = Entry {
            id,
            place,
            hostname,
            role: match () {
                () if has("master") || has("primary") => Role::Primary,
                () if has("slave") || has("replica") => Role::Replica(primary.parse().ok()),
                () => Role::Unknown,
            },
            health: match () {
                () if has("fail") => Health::Failed,
                () if has("fail?") => Health::Suspected,
                () => Health::Online,
            },
            handshake: has("handshake"),
            no_address: has("noaddr"),
            connected: *link == "connected",
            config_epoch: ConfigEpoch(epoch.parse().map_err(|_| "no epoch")?),
            slots: Vec::new(),
        };
        for word in slots {
            self.read_slots(word, &mut entry)?;
        }
        if has("myself") {
            self.myself = Some(id);
        }
        self.entries.push(entry);
        Ok(())
    }

    fn read_slots(&mut self, word: &str, entry: &mut Entry) -> Result<(), &'static str> {
        let slot = |text: &str| text.parse().ok().and_then(Slot::new).ok_or("no slot");
        let Some(open) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            entry.slots.push(SlotRange::new(slot(first)?, slot(last)?).ok_or("no range of slots")?);
            return Ok(());
        };
        let (at, peer, importing) = match (open.split_once("->-"), open.split_once("-<-")) {
            (Some((at, peer)), _) => (at, peer, false),
            (None, Some((at, peer))) => (at, peer, true),
            (None, None) => return Err("no open slot"),
        };
        self.open_slots.push(OpenSlot { slot: slot(at)?, importing, peer: peer.parse().map_err(|_| "no id")? });
        Ok(())
    }
}

/// `host:port@busport[,hostname][,name=value]...`; old servers leave the bus port out.
fn place(word: &str) -> Option<(Place, String)> {
    let mut parts = word.split(',');
    let (host, ports) = parts.next()?.rsplit_once(':')?;
    let (port, bus_port) = match ports.split_once('@') {
        Some((port, bus_port)) => (port.parse().ok()?, bus_port.parse().ok()?),
        None => {
            let port: u16 = ports.parse().ok()?;
            (port, port.checked_add(10_000)?)
        }
    };
    let hostname = parts.next().filter(|part| !part.contains('=')).unwrap_or_default();
    // Some servers print IPv6 addresses in brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((Place { host: host.to_owned(), port, bus_port }, hostname.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "b2a93f243f0236e50842bed873addecab2e49669";
    const OTHER: &str = "07c37dfeb235213a872192d90877d0cd55635b91";

    fn one(line: &str) -> (Entry, NodeLines) {
        let mut lines = NodeLines::parse(line).unwrap();
        (lines.entries.remove(0), lines)
    }

    #[test]
    fn a_line_with_everything_is_read() {
        let (entry, rest) = one(&format!(
            "{ID} 10.0.0.1:7000@17000,a.example,shard-id=x myself,master,later-flag - 0 0 2 connected 0-7 9 \
             [5->-{OTHER}] [12-<-{OTHER}]\n"
        ));
        assert_eq!(entry.place, Place { host: "10.0.0.1".into(), port: 7000, bus_port: 17_000 });
        assert_eq!((entry.hostname.as_str(), entry.role, entry.health), ("a.example", Role::Primary, Health::Online));
        assert_eq!((entry.slot_count(), entry.config_epoch, entry.connected), (9, ConfigEpoch(2), true));
        assert_eq!(rest.myself, Some(ID.parse().unwrap()));
        let open: Vec<_> = rest.open_slots.iter().map(|open| (open.slot.get(), open.importing)).collect();
        assert_eq!(open, [(5, false), (12, true)]);
    }

    #[test]
    fn replicas_handshakes_and_old_addresses_are_read() {
        let (replica, _) = one(&format!("{ID} ::1:7000@17000 slave,fail? {OTHER} 0 0 2 disconnected"));
        assert_eq!(replica.role, Role::Replica(Some(OTHER.parse().unwrap())));
        assert_eq!((replica.health, replica.place.host.as_str()), (Health::Suspected, "::1"));
        let (handshake, _) = one(&format!("{ID} :0@0 handshake - 0 0 0 disconnected"));
        assert!(handshake.handshake && handshake.place.target().is_none());
        let (old, _) = one(&format!("{ID} 10.0.0.1:7000 noflags - 0 0 0 connected"));
        assert_eq!((old.place.bus_port, old.role), (17_000, Role::Unknown));
    }

    #[test]
    fn what_is_no_line_is_refused_with_the_line() {
        let wrong = [
            "too short".to_owned(),
            format!("{ID} nowhere master - 0 0 0 connected"),
            format!("{ID} a:1@2 master - 0 0 x connected"),
            format!("{ID} a:1@2 master - 0 0 0 connected 16384"),
            format!("{ID} a:1@2 master - 0 0 0 connected 9-7"),
            format!("{ID} a:1@2 master - 0 0 0 connected [7]"),
            "xyz a:1@2 master - 0 0 0 connected".to_owned(),
        ];
        for line in wrong {
            let error = NodeLines::parse(&line).unwrap_err();
            assert!(error.to_string().contains(&line), "{error}");
        }
    }
}
