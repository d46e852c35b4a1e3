//! From one node to all: whoever is named by anybody is asked.

use std::collections::VecDeque;

use tokio::task::JoinSet;

use super::{Cluster, View, by_admin, by_resp};
use crate::talk::{Access, Admin, AskError, Target};

/// Most nodes that are asked at the same time.
const AT_ONCE: usize = 64;

/// Where to begin.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// The client port of a node of any kind.
    Resp(Target),
    /// The admin API of a slotmesh node.
    Admin(Admin),
}

/// What one node says.
///
/// # Errors
/// It can't be asked.
pub(crate) async fn first_view(start: &Start, access: &Access) -> Result<View, AskError> {
    match start {
        Start::Resp(target) => by_resp::view(target, access).await,
        Start::Admin(admin) => by_admin::view(admin, access.tls.is_some()).await,
    }
}

/// Asks the nodes to start with, then every node that one of those asked knows, each once at each address. Only reads.
///
/// # Errors
/// None of the nodes to start with can be asked; the first one's error.
pub(crate) async fn collect(starts: &[Start], access: &Access) -> Result<Cluster, AskError> {
    let mut cluster = Cluster::default();
    let mut waiting = VecDeque::new();
    let mut failures = Vec::new();
    for start in starts {
        match first_view(start, access).await {
            Ok(view) => {
                if let Start::Resp(target) = start {
                    cluster.answers.insert(target.clone(), Ok(view.me));
                }
                take(&mut cluster, view, &mut waiting);
            }
            Err(error) => {
                cluster.answers.insert(error.target.clone(), Err(error.kind.to_string()));
                cluster.silent_starts.insert(error.target.clone());
                failures.push(error);
            }
        }
    }
    match failures.into_iter().next() {
        Some(error) if cluster.views.is_empty() => Err(error),
        _ => {
            ask_all(&mut cluster, waiting, access).await;
            Ok(cluster)
        }
    }
}

async fn ask_all(cluster: &mut Cluster, mut waiting: VecDeque<Target>, access: &Access) {
    let mut asking = JoinSet::new();
    loop {
        while asking.len() < AT_ONCE
            && let Some(target) = waiting.pop_front()
        {
            if cluster.answers.contains_key(&target) {
                continue;
            }
            cluster.answers.insert(target.clone(), Err("it was not asked".to_owned()));
            let access = access.clone();
            asking.spawn(async move {
                let view = by_resp::view(&target, &access).await;
                (target, view)
            });
        }
        let Some(joined) = asking.join_next().await else { return };
        let (target, result) = joined.expect("asking does not panic");
        match result {
            Ok(view) => {
                cluster.answers.insert(target, Ok(view.me));
                take(cluster, view, &mut waiting);
            }
            Err(error) => {
                cluster.answers.insert(target, Err(error.kind.to_string()));
            }
        }
    }
}

/// Keeps a view and notes whom it names. Of a node that answers at several addresses the first view counts.
fn take(cluster: &mut Cluster, view: View, waiting: &mut VecDeque<Target>) {
    let members = view.members().filter(|entry| !entry.no_address);
    waiting.extend(members.filter_map(|entry| entry.place.target()));
    cluster.views.entry(view.me).or_insert(view);
}
