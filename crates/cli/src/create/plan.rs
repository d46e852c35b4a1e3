//! Who leads, who follows whom, and who gets which slots.

use std::collections::{BTreeMap, VecDeque};

use slotmesh_types::{NodeId, Slot, SlotRange};

use super::Candidate;
use crate::output::Table;
use crate::talk::Target;
use crate::view::Software;

/// What is to become of the nodes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Primaries first, in the order of their slots.
    pub(super) members: Vec<Member>,
    /// Index of the node that meets all others.
    pub(super) hub: usize,
}

/// What is to become of one node.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) target: Target,
    pub(super) ip: String,
    pub(super) bus_port: u16,
    pub(super) id: NodeId,
    pub(super) software: Software,
    /// A config epoch of its own, so that primaries need not settle that among each other; `None` if it has one.
    pub(super) epoch: Option<u64>,
    pub(super) task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// It is a primary with these slots.
    Lead(SlotRange),
    /// It is a replica of the member with this index.
    Follow(usize),
}

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{replicas} replicas for each primary take at least {} nodes, and there are {nodes}", replicas + 1)]
pub(super) struct TooFew {
    replicas: usize,
    nodes: usize,
}

impl Plan {
    /// Primaries are spread over the hosts, then replicas over other hosts than their primaries'.
    pub(super) fn make(candidates: &[Candidate], replicas: usize) -> Result<Self, TooFew> {
        let primaries = candidates.len() / replicas.saturating_add(1);
        if primaries == 0 {
            return Err(TooFew { replicas, nodes: candidates.len() });
        }
        let spread = spread(candidates);
        let (leaders, rest) = spread.split_at(primaries);
        let mut tasks: Vec<(usize, Task)> = Vec::new();
        for (share, leader) in leaders.iter().enumerate() {
            tasks.push((*leader, Task::Lead(share_of(share, primaries))));
        }
        let followers = followers(candidates, leaders, rest);
        tasks.extend(followers.into_iter().map(|(primary, follower)| (follower, Task::Follow(primary))));
        let epochs = epochs(candidates, leaders);
        let member = |(index, task): (usize, Task)| {
            let Candidate { target, ip, view } = &candidates[index];
            Member {
                target: target.clone(),
                ip: ip.clone(),
                bus_port: view.myself().map_or(0, |own| own.place.bus_port),
                id: view.me,
                software: view.software.clone(),
                epoch: epochs.get(&index).copied(),
                task,
            }
        };
        let members: Vec<Member> = tasks.into_iter().map(member).collect();
        // A slotmesh node tells newcomers of all others in its first packets; a real one lets gossip do that.
        let hub = members.iter().position(|member| member.software.is_slotmesh()).unwrap_or(0);
        Ok(Self { members, hub })
    }

    /// The plan for people.
    pub(super) fn text(&self) -> String {
        let mut table = Table::new(&["NODE", "SOFTWARE", "BECOMES", ""]);
        for member in &self.members {
            let (role, detail) = match member.task {
                Task::Lead(range) => ("primary", format!("slots {range}")),
                Task::Follow(primary) => ("replica", format!("of {}", self.members[primary].target)),
            };
            table.row(vec![member.target.to_string(), member.software.to_string(), role.to_owned(), detail]);
        }
        let mut text = table.text();
        for warning in self.warnings() {
            text.push_str(&format!("note: {warning}\n"));
        }
        text
    }

    fn warnings(&self) -> Vec<String> {
        let is_leader = |member: &&Member| matches!(member.task, Task::Lead(_));
        let leaders = self.members.iter().filter(is_leader).count();
        let mut warnings = Vec::new();
        if leaders < 3 {
            warnings.push(format!("{leaders} primaries can't vote one of them out: no failover happens by itself"));
        }
        let shared = self.members.iter().filter(|member| match member.task {
            Task::Follow(primary) => self.members[primary].ip == member.ip,
            Task::Lead(_) => false,
        });
        let shared = shared.count();
        if shared > 0 {
            warnings.push(format!("{shared} replicas are on the host of their primary"));
        }
        warnings
    }
}

/// Indices of the candidates in an order that takes one of each host in turn.
fn spread(candidates: &[Candidate]) -> Vec<usize> {
    let mut hosts: Vec<(&str, VecDeque<usize>)> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        match hosts.iter_mut().find(|(host, _)| *host == candidate.ip) {
            Some((_, nodes)) => nodes.push_back(index),
            None => hosts.push((&candidate.ip, VecDeque::from([index]))),
        }
    }
    let mut order = Vec::new();
    while order.len() < candidates.len() {
        order.extend(hosts.iter_mut().filter_map(|(_, nodes)| nodes.pop_front()));
    }
    order
}

fn share_of(share: usize, of: usize) -> SlotRange {
    let slots = usize::from(Slot::COUNT);
    let slot = |raw: usize| u16::try_from(raw).ok().and_then(Slot::new).expect("a bound of a share is a slot");
    // More primaries than slots can't be: a cluster has fewer nodes.
    SlotRange::from(slot(slots * share / of)..=slot(slots * (share + 1) / of - 1))
}

/// Gives each of `rest` a leader, evenly: pairs of a leader's position and a candidate.
fn followers(candidates: &[Candidate], leaders: &[usize], rest: &[usize]) -> Vec<(usize, usize)> {
    let host = |index: usize| &*candidates[index].ip;
    let mut waiting = rest.to_vec();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    while !waiting.is_empty() {
        for (position, leader) in leaders.iter().enumerate() {
            let taken: Vec<&str> =
                pairs.iter().filter(|(of, _)| *of == position).map(|(_, node)| host(*node)).collect();
            let left = |index: usize| waiting.iter().filter(|other| host(**other) == host(index)).count();
            // Another host than the primary's, then than its other replicas', then of those with most nodes left.
            let best = (0..waiting.len()).max_by_key(|at| {
                let node = waiting[*at];
                (host(node) != host(*leader), !taken.contains(&host(node)), left(node), std::cmp::Reverse(*at))
            });
            if let Some(at) = best {
                pairs.push((position, waiting.remove(at)));
            }
        }
    }
    swap_apart(&mut pairs, |position, node| host(leaders[position]) == host(node));
    pairs
}

/// The last ones got what was left: exchanges replicas that share a host with their primary, where that helps.
fn swap_apart(pairs: &mut [(usize, usize)], together: impl Fn(usize, usize) -> bool) {
    for one in 0..pairs.len() {
        let (leader, node) = pairs[one];
        if !together(leader, node) {
            continue;
        }
        let helps = |&(other_leader, other): &(usize, usize)| !together(leader, other) && !together(other_leader, node);
        if let Some(two) = pairs.iter().position(helps) {
            (pairs[one].1, pairs[two].1) = (pairs[two].1, pairs[one].1);
        }
    }
}

/// A config epoch for each leader that has none.
fn epochs(candidates: &[Candidate], leaders: &[usize]) -> BTreeMap<usize, u64> {
    let own = |index: usize| candidates[index].view.myself().map_or(0, |own| own.config_epoch.0);
    let used: Vec<u64> = (0..candidates.len()).map(own).collect();
    let mut free = (1..).filter(|epoch| !used.contains(epoch));
    leaders
        .iter()
        .filter(|leader| own(**leader) == 0)
        .map(|leader| (*leader, free.next().unwrap_or(u64::MAX)))
        .collect()
}

#[cfg(test)]
pub(super) mod testing {
    use slotmesh_types::{ConfigEpoch, CurrentEpoch};

    use super::*;
    use crate::view::{Entry, Health, Place, Role, View};

    /// A fresh node of this number.
    pub(in super::super) fn candidate(ip: &str, node: usize) -> Candidate {
        let id = format!("{node:040x}").parse().unwrap();
        let target = Target::new(ip, 7000 + node as u16);
        let own = Entry {
            id,
            place: Place { host: ip.to_owned(), port: target.port, bus_port: target.port + 10_000 },
            hostname: String::new(),
            role: Role::Primary,
            health: Health::Online,
            handshake: false,
            no_address: false,
            connected: true,
            config_epoch: ConfigEpoch(0),
            slots: Vec::new(),
        };
        let view = View {
            me: id,
            asked: target.clone(),
            entries: vec![own],
            open_slots: Vec::new(),
            state_ok: false,
            current_epoch: CurrentEpoch(0),
            software: Software { name: "Valkey", version: "9.1.2".to_owned() },
            cluster_name: String::new(),
            clock: None,
            keys: Some(0),
            inbound: None,
        };
        Candidate { target, ip: ip.to_owned(), view }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::candidate;
    use super::*;

    fn on_hosts(hosts: &[&str]) -> Vec<Candidate> {
        hosts.iter().enumerate().map(|(node, host)| candidate(host, node)).collect()
    }

    fn together(plan: &Plan) -> usize {
        let shares = |member: &&Member| match member.task {
            Task::Follow(primary) => plan.members[primary].ip == member.ip,
            Task::Lead(_) => false,
        };
        plan.members.iter().filter(shares).count()
    }

    #[test]
    fn slots_are_dealt_evenly_and_all_of_them() {
        let plan = Plan::make(&on_hosts(&["a"; 7]), 0).unwrap();
        let ranges: Vec<SlotRange> = plan
            .members
            .iter()
            .map(|member| match member.task {
                Task::Lead(range) => range,
                Task::Follow(_) => panic!("nobody follows"),
            })
            .collect();
        assert_eq!((ranges[0].first().get(), ranges[6].last().get()), (0, 16_383));
        assert!(ranges.windows(2).all(|pair| pair[0].last().get() + 1 == pair[1].first().get()));
        assert!(ranges.iter().all(|range| (2340..=2341).contains(&range.iter().count())));
    }

    #[test]
    fn replicas_are_on_other_hosts_than_their_primaries_where_that_is_possible() {
        let layouts: [&[&str]; 4] = [
            &["a", "a", "b", "b", "c", "c"],
            &["a", "b", "c", "a", "b", "c"],
            &["a", "a", "a", "b", "b", "b"],
            &["a", "a", "b", "b", "b", "a", "c", "c"],
        ];
        for hosts in layouts {
            let plan = Plan::make(&on_hosts(hosts), 1).unwrap();
            assert_eq!(together(&plan), 0, "{hosts:?}: {}", plan.text());
            assert!(!plan.text().contains("on the host"), "{}", plan.text());
        }
        let plan = Plan::make(&on_hosts(&["a"; 6]), 1).unwrap();
        assert!(plan.text().contains("3 replicas are on the host of their primary"), "{}", plan.text());
    }

    #[test]
    fn nodes_over_become_further_replicas() {
        let plan = Plan::make(&on_hosts(&["a"; 8]), 1).unwrap();
        let counts: Vec<usize> = (0..4)
            .map(|primary| plan.members.iter().filter(|member| member.task == Task::Follow(primary)).count())
            .collect();
        assert_eq!(counts, [1, 1, 1, 1]);
        let plan = Plan::make(&on_hosts(&["a"; 7]), 1).unwrap();
        assert_eq!(plan.members.iter().filter(|member| matches!(member.task, Task::Follow(_))).count(), 4);
        assert_eq!(Plan::make(&on_hosts(&["a"; 2]), 2).unwrap_err(), TooFew { replicas: 2, nodes: 2 });
    }

    #[test]
    fn a_slotmesh_node_is_the_hub_and_epochs_are_distinct() {
        let mut nodes = on_hosts(&["a"; 3]);
        nodes[2].view.software.name = Software::SLOTMESH;
        nodes[0].view.entries[0].config_epoch = slotmesh_types::ConfigEpoch(1);
        let plan = Plan::make(&nodes, 0).unwrap();
        assert_eq!(plan.members[plan.hub].id, nodes[2].view.me);
        assert_eq!(plan.members.iter().map(|member| member.epoch).collect::<Vec<_>>(), [None, Some(2), Some(3)]);
    }
}
