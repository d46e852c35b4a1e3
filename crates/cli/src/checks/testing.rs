//! Clusters for tests of checks: healthy ones, to be broken by the test.

use slotmesh_types::{ConfigEpoch, CurrentEpoch, NodeId, Slot, SlotRange};

use super::Finding;
use crate::talk::Target;
use crate::view::{Cluster, Entry, Health, Place, Role, Software, View};

/// A cluster whose nodes are numbered from 0; node `n` is at 10.0.0.1:700n.
pub(crate) struct Stage(Cluster);

pub(crate) fn id(node: usize) -> NodeId {
    format!("{node:040x}").parse().unwrap()
}

pub(crate) fn slot(raw: u16) -> Slot {
    Slot::new(raw).unwrap()
}

pub(crate) fn range(first: u16, last: u16) -> SlotRange {
    SlotRange::new(slot(first), slot(last)).unwrap()
}

impl Stage {
    /// A full mesh of primaries that share the slots.
    pub(crate) fn of(primaries: usize) -> Self {
        Self::new(primaries, 0)
    }

    /// The same with a replica for each: node `primaries + n` follows node `n`.
    pub(crate) fn with_replicas(primaries: usize) -> Self {
        Self::new(primaries, primaries)
    }

    fn new(primaries: usize, replicas: usize) -> Self {
        let entries: Vec<Entry> = (0..primaries + replicas).map(|node| entry(node, primaries)).collect();
        let mut cluster = Cluster::default();
        for own in &entries {
            let view = View {
                me: own.id,
                asked: own.place.target().unwrap(),
                entries: entries.clone(),
                open_slots: Vec::new(),
                state_ok: true,
                current_epoch: CurrentEpoch(primaries as u64),
                software: Software { name: Software::SLOTMESH, version: "0.1.0".to_owned() },
                cluster_name: String::new(),
                clock: None,
                keys: Some(0),
                inbound: Some(entries.iter().map(|entry| entry.id).filter(|id| *id != own.id).collect()),
            };
            cluster.answers.insert(view.asked.clone(), Ok(view.me));
            cluster.views.insert(view.me, view);
        }
        Self(cluster)
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.0
    }

    /// The view of a node.
    pub(crate) fn view(&mut self, node: usize) -> &mut View {
        self.0.views.get_mut(&id(node)).unwrap()
    }

    /// What `node` says of `other`.
    pub(crate) fn entry(&mut self, node: usize, other: usize) -> &mut Entry {
        self.view(node).entries.iter_mut().find(|entry| entry.id == id(other)).unwrap()
    }

    /// What everybody says of `node`.
    pub(crate) fn entries(&mut self, node: usize) -> impl Iterator<Item = &mut Entry> {
        let entries = self.0.views.values_mut().flat_map(|view| &mut view.entries);
        entries.filter(move |entry| entry.id == id(node))
    }

    /// `node` does not answer; links to it stand.
    pub(crate) fn silence(&mut self, node: usize) {
        self.0.views.remove(&id(node));
        self.0.answers.insert(target(node), Err("can't connect: refused".to_owned()));
    }

    /// `node` does not run: all others see it as failing.
    pub(crate) fn kill(&mut self, node: usize) {
        self.silence(node);
        self.unlink(node);
        self.entries(node).for_each(|entry| entry.health = Health::Failed);
    }

    /// No link to or from `node` stands.
    pub(crate) fn unlink(&mut self, node: usize) {
        for view in self.0.views.values_mut() {
            let own = view.me == id(node);
            let cut = view.entries.iter_mut().filter(|entry| (entry.id == id(node)) != own);
            cut.for_each(|entry| entry.connected = false);
            view.inbound.as_mut().unwrap().retain(|other| !own && *other != id(node));
        }
    }

    /// `node` does not know `other`.
    pub(crate) fn forget(&mut self, node: usize, other: usize) {
        self.view(node).entries.retain(|entry| entry.id != id(other));
    }

    /// Somebody who gave no answer was to be asked first.
    pub(crate) fn start_at(&mut self, target: Target) {
        self.0.silent_starts.insert(target);
    }

    /// Who answers at an address.
    pub(crate) fn answer(&mut self, at: Target, answer: Result<NodeId, String>) {
        self.0.answers.insert(at, answer);
    }
}

pub(crate) fn target(node: usize) -> Target {
    Target::new("10.0.0.1", 7000 + node as u16)
}

/// The one finding that there is.
pub(crate) fn only(mut findings: Vec<Finding>) -> Finding {
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

fn entry(node: usize, primaries: usize) -> Entry {
    let bound = |share: usize| (usize::from(Slot::COUNT) * share / primaries) as u16;
    let owns = node < primaries;
    Entry {
        id: id(node),
        place: Place { host: "10.0.0.1".to_owned(), port: 7000 + node as u16, bus_port: 17_000 + node as u16 },
        hostname: String::new(),
        role: if owns { Role::Primary } else { Role::Replica(Some(id(node - primaries))) },
        health: Health::Online,
        handshake: false,
        no_address: false,
        connected: true,
        config_epoch: ConfigEpoch((node % primaries) as u64 + 1),
        slots: if owns { vec![range(bound(node), bound(node + 1) - 1)] } else { Vec::new() },
    }
}
