//! Watches lose nothing, whatever their readers do.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use slotmesh_admin::proto::watch_topology_response::Update;
use slotmesh_admin::proto::{self, WatchTopologyRequest, WatchTopologyResponse};
use slotmesh_types::CurrentEpoch;
use support::{Api, FakeNode, PATIENCE, RUN, Random, id, slot};
use tokio::time::timeout;
use tonic::Streaming;

const CHANGES: u64 = 10_000;

/// What a reader has made of a stream.
#[derive(Default)]
struct Picture {
    nodes: BTreeMap<String, proto::Node>,
    state: proto::ClusterState,
    number: u64,
    resyncs: u64,
    deltas: u64,
}

impl Picture {
    fn apply(&mut self, response: WatchTopologyResponse) {
        match response.update.expect("an update") {
            Update::Snapshot(proto::TopologySnapshot { topology, resync }) => {
                let topology = topology.expect("a topology");
                self.resyncs += u64::from(resync);
                self.number = topology.revision.expect("a revision").number;
                self.state = topology.state.expect("a state");
                self.nodes = topology.nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
            }
            Update::Delta(delta) => {
                self.deltas += 1;
                assert!(delta.from_number <= self.number, "a change is missing before {:?}", delta.revision);
                let number = delta.revision.expect("a revision").number;
                assert!(number > self.number, "changes come in order");
                self.number = number;
                for gone in &delta.removed {
                    assert!(self.nodes.remove(gone).is_some(), "{gone} was never there");
                }
                self.nodes.extend(delta.changed.into_iter().map(|node| (node.id.clone(), node)));
                self.state = delta.state.unwrap_or(self.state.clone());
            }
        }
    }
}

/// One random change of any kind that the table knows.
fn change(node: &FakeNode, random: &mut Random) {
    let number = 1 + random.below(40);
    let (kind, any) = (random.below(8), random.next());
    node.change(|table| {
        let me = table.my_key();
        let Some(key) = table.lookup(&id(number)) else {
            let facts = slotmesh_table::NodeFacts::primary(id(number), support::shard(number));
            table.add(facts, support::now(1).mono).unwrap();
            return;
        };
        match kind {
            0 => table.remove(key),
            1 => table.make_replica(key, Some(me)),
            2 => table.make_primary(key),
            3 => table.facts_mut(key).connected ^= true,
            4 => drop(table.raise_current_epoch(CurrentEpoch(any % 1_000_000))),
            5 => table.unbind(slot(any)),
            _ if table.node(key).is_primary() => table.bind(slot(any), key),
            _ => table.facts_mut(key).health = slotmesh_table::Health::Fail,
        }
    });
}

async fn watch(
    client: &mut TopologyServiceClient<tonic::transport::Channel>,
    after: Option<u64>,
) -> Streaming<WatchTopologyResponse> {
    let resume_after = after.map(|number| proto::Revision { run_id: RUN.into(), number });
    client.watch_topology(WatchTopologyRequest { resume_after }).await.unwrap().into_inner()
}

/// Reads until the last revision, with pauses and new connections as its habits are.
async fn read(api: Arc<Api>, last: tokio::sync::watch::Receiver<Option<u64>>, stall: u64, reconnect: u64) -> Picture {
    let mut picture = Picture::default();
    let mut client = TopologyServiceClient::new(api.channel().await);
    let mut stream = watch(&mut client, None).await;
    let mut steps = 0;
    while last.borrow().is_none_or(|last| picture.number < last) {
        let response = timeout(PATIENCE, stream.message()).await.expect("an update in time").unwrap().unwrap();
        picture.apply(response);
        steps += 1;
        if stall > 0 && steps % stall == 0 {
            // Let the writer get far ahead: a reader that is not scheduled reads nothing.
            let ahead = picture.number + 2000;
            let mut versions = last.clone();
            while versions.borrow().is_none() && api.node.table(slotmesh_table::Table::version) < ahead {
                tokio::select! {
                    _ = versions.changed() => {}
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        if reconnect > 0 && steps % reconnect == 0 {
            drop(stream);
            client = TopologyServiceClient::new(api.channel().await);
            stream = watch(&mut client, Some(picture.number)).await;
        }
    }
    picture
}

#[tokio::test]
async fn readers_that_stall_and_come_back_end_with_the_truth_and_miss_no_change() {
    let api = Arc::new(Api::open());
    let (told, last) = tokio::sync::watch::channel(None);
    let habits = [(0, 0), (0, 100), (50, 0), (400, 70), (0, 20)];
    let readers: Vec<_> = habits
        .iter()
        .map(|(stall, again)| tokio::spawn(read(Arc::clone(&api), last.clone(), *stall, *again)))
        .collect();
    let mut random = Random(0x5107_3e5b);
    for step in 0..CHANGES {
        change(&api.node, &mut random);
        if step % 8 == 0 {
            tokio::task::yield_now().await;
        }
    }
    // One more for all to end with: a reader that has seen everything waits for it.
    told.send_replace(Some(api.node.table(slotmesh_table::Table::version) + 1));
    api.node.change(|table| table.raise_current_epoch(CurrentEpoch(2_000_000)));
    let mut client = TopologyServiceClient::new(api.channel().await);
    let truth = client.get_topology(proto::GetTopologyRequest {}).await.unwrap().into_inner().topology.unwrap();
    let nodes: BTreeMap<String, proto::Node> = truth.nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
    for reader in readers {
        let picture = timeout(PATIENCE, reader).await.expect("a reader ends").unwrap();
        assert_eq!(picture.nodes, nodes);
        assert_eq!(Some(picture.state), truth.state);
        assert_eq!(picture.number, truth.revision.as_ref().unwrap().number);
        assert!(picture.deltas > 0);
    }
}

#[tokio::test]
async fn every_change_that_is_read_as_it_comes_is_a_delta_of_its_own() {
    let api = Api::open();
    let mut client = TopologyServiceClient::new(api.channel().await);
    let mut stream = watch(&mut client, None).await;
    let mut picture = Picture::default();
    picture.apply(stream.message().await.unwrap().unwrap());
    let (mut random, mut resume) = (Random(7), (0, Vec::new()));
    for step in 1..=CHANGES {
        let before = api.node.table(slotmesh_table::Table::version);
        while api.node.table(slotmesh_table::Table::version) == before {
            change(&api.node, &mut random);
        }
        let update = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        if step > CHANGES - 4000 {
            resume.1.push(update.clone());
        } else {
            resume.0 = api.node.table(slotmesh_table::Table::version);
        }
        picture.apply(update);
        assert_eq!((picture.deltas, picture.resyncs), (step, 0));
        assert_eq!(picture.number, api.node.table(slotmesh_table::Table::version));
    }
    let mut resumed = watch(&mut client, Some(resume.0)).await;
    for first_time in resume.1 {
        let again = timeout(PATIENCE, resumed.message()).await.unwrap().unwrap().unwrap();
        assert_eq!(again, first_time, "a reader that comes back gets the very changes that it missed");
    }
}

#[tokio::test]
async fn what_is_not_remembered_is_made_up_for_by_a_snapshot_that_says_so() {
    let api = Api::open();
    let mut random = Random(9);
    change(&api.node, &mut random);
    let start = api.node.table(slotmesh_table::Table::version);
    let mut client = TopologyServiceClient::new(api.channel().await);
    let other_run = proto::Revision { run_id: "another".into(), number: start };
    let future = proto::Revision { run_id: RUN.into(), number: start + 1_000_000 };
    for resume_after in [other_run, future] {
        let request = WatchTopologyRequest { resume_after: Some(resume_after.clone()) };
        let mut stream = client.watch_topology(request).await.unwrap().into_inner();
        let first = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        assert!(
            matches!(&first.update, Some(Update::Snapshot(snapshot)) if snapshot.resync),
            "after {resume_after:?} came {first:?}"
        );
    }
}
