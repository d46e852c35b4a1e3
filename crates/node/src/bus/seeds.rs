//! Resolving seeds without keeping the bus waiting: names and files are looked up on threads of their own, so that a
//! resolver that hangs delays nothing, not even the end of the node.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::ToSocketAddrs;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use slotmesh_config::{Seed, SeedPorts};
use slotmesh_gossip::{Engine, MeetTarget};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::core::Core;

/// A round waits for its lookups this long; one that takes longer is left to itself until it ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is remembered between rounds.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    /// Seeds whose lookup has not come back.
    busy: Arc<Mutex<BTreeSet<Seed>>>,
    /// What was wrong with a seed when that was last told.
    told: RefCell<BTreeMap<Seed, String>>,
}

/// What a seed has led to: where its nodes are, or what is wrong with it.
type Found = (Seed, Result<Vec<MeetTarget>, String>);

/// One round: hands the engine what each seed gives as soon as it is there, then tells that this was all.
pub(super) async fn resolve(core: Rc<Core>, seeds: Vec<Seed>) {
    let (found, mut results) = unbounded_channel();
    for seed in seeds {
        match seed {
            // The receiver lives until the end of this function.
            Seed::Address { ip, ports } => drop(found.send((seed, Ok(vec![target(ip, ports)])))),
            Seed::Name { .. } | Seed::File(_) => look_up(&core.lookups().busy, seed, found.clone()),
        }
    }
    drop(found);
    let hand_over = async {
        while let Some((seed, result)) = results.recv().await {
            core.lookups().note(&seed, result.as_ref().err());
            let targets = result.unwrap_or_default();
            core.feed(|engine, now| engine.handle_seed_addresses(now, &targets));
        }
    };
    if tokio::time::timeout(PATIENCE, hand_over).await.is_err() {
        tracing::warn!("Some seeds have not been resolved within {} seconds", PATIENCE.as_secs());
    }
    core.feed(Engine::handle_seeds_resolved);
}

impl Lookups {
    /// Tells what is wrong with a seed, once for as long as it stays so.
    fn note(&self, seed: &Seed, error: Option<&String>) {
        let mut told = self.told.borrow_mut();
        match error {
            None => drop(told.remove(seed)),
            Some(error) if told.get(seed) == Some(error) => {}
            Some(error) => {
                tracing::warn!("Seed {seed} can't be resolved: {error}");
                // Seeds that are configured no more need not be remembered.
                if told.len() >= 2 * Seed::MAX {
                    told.clear();
                }
                told.insert(seed.clone(), error.clone());
            }
        }
    }
}

/// Looks a seed up on a thread of its own, unless the last lookup has not come back.
fn look_up(busy: &Arc<Mutex<BTreeSet<Seed>>>, seed: Seed, found: UnboundedSender<Found>) {
    let locked = |busy: &Mutex<BTreeSet<Seed>>, change: &dyn Fn(&mut BTreeSet<Seed>) -> bool| change(&mut busy.lock());
    if !locked(busy, &|busy| busy.insert(seed.clone())) {
        return;
    }
    let (shared, name) = (Arc::clone(busy), seed.clone());
    let started = thread::Builder::new().name("seed".into()).spawn(move || {
        let result = addresses(&seed);
        locked(&shared, &|busy| busy.remove(&seed));
        // Nobody waits any more: the node is stopping, or the round was given up.
        let _ = found.send((seed, result));
    });
    if let Err(error) = started {
        locked(busy, &|busy| busy.remove(&name));
        tracing::warn!("Seed {name} can't be resolved: {error}");
    }
}

fn addresses(seed: &Seed) -> Result<Vec<MeetTarget>, String> {
    match seed {
        Seed::Address { ip, ports } => Ok(vec![target(*ip, *ports)]),
        Seed::Name { name, ports } => {
            let found = (name.as_str(), ports.client).to_socket_addrs().map_err(|error| error.to_string())?;
            Ok(found.map(|address| target(address.ip(), *ports)).collect())
        }
        Seed::File(path) => {
            let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
            let seeds = Seed::parse_file(&text).map_err(|error| error.to_string())?;
            // A line that can't be resolved now does not take the others away.
            let (found, failed): (Vec<_>, Vec<_>) = seeds.iter().map(addresses).partition(Result::is_ok);
            match failed.into_iter().find_map(Result::err) {
                Some(error) if found.is_empty() => Err(error),
                _ => Ok(found.into_iter().flatten().flatten().collect()),
            }
        }
    }
}

fn target(ip: std::net::IpAddr, ports: SeedPorts) -> MeetTarget {
    MeetTarget { ip: ip.to_canonical(), port: ports.client, bus_port: ports.bus() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files_lead_to_addresses() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("seeds");
        fs::write(&path, "# two\n127.0.0.1:7000\nlocalhost:7001@7999\nnosuch.invalid:7000\n").expect("written");
        let found = addresses(&Seed::File(path.clone())).expect("addresses");
        let at = |port, bus_port| MeetTarget { ip: [127, 0, 0, 1].into(), port, bus_port };
        assert!(found.contains(&at(7000, 17_000)) && found.contains(&at(7001, 7999)), "{found:?}");
        fs::write(&path, "nonsense\n").expect("written");
        let error = addresses(&Seed::File(path.clone())).expect_err("no seed");
        assert!(error.contains("'nonsense' needs a port"), "{error}");
        fs::remove_file(&path).expect("removed");
        assert!(addresses(&Seed::File(path)).is_err());
    }
}
