//! What is too big, too much or no call at all.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::time::Duration;

use slotmesh_admin::proto::event_service_client::EventServiceClient;
use slotmesh_admin::proto::slot_service_client::SlotServiceClient;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use slotmesh_admin::proto::watch_events_request::Start;
use slotmesh_admin::proto::watch_events_response::Update;
use slotmesh_admin::proto::{
    AddSlotsRequest, EditOptions, EventCursor, GetTopologyRequest, Revision, SlotRange, WatchEventsRequest,
    WatchTopologyRequest,
};
use support::{Api, PATIENCE, RUN};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

#[tokio::test]
async fn a_thousand_watchers_all_see_a_change() {
    let api = Api::open();
    let mut streams = Vec::new();
    for _ in 0..10 {
        let channel = api.channel().await;
        for _ in 0..100 {
            let mut client = TopologyServiceClient::new(channel.clone());
            let mut stream = client.watch_topology(WatchTopologyRequest::default()).await.unwrap().into_inner();
            timeout(PATIENCE, stream.message()).await.unwrap().unwrap().expect("the snapshot");
            streams.push(stream);
        }
    }
    api.node.join(1);
    for stream in &mut streams {
        let update = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().expect("the change");
        let delta = format!("{update:?}");
        assert!(delta.contains("Delta") && delta.contains(support::id(1).as_str()), "{delta}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_long_or_no_message_is_refused_and_the_next_is_served() {
    let api = Api::open();
    let mut client = SlotServiceClient::new(api.channel().await);
    let slots = vec![SlotRange { first: 1, last: 1 }; 400_000];
    let long = client.add_slots(AddSlotsRequest { slots, options: None }).await.unwrap_err();
    assert_eq!(long.code(), Code::OutOfRange, "{long}");
    for (first, last) in [(0, 16384), (5, 4), (70_000, 70_001)] {
        let slots = vec![SlotRange { first, last }];
        let wrong = client.add_slots(AddSlotsRequest { slots, options: None }).await.unwrap_err();
        assert_eq!(wrong.code(), Code::InvalidArgument, "{wrong}");
    }
    let none = client.add_slots(AddSlotsRequest::default()).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
    let slots = vec![SlotRange { first: 0, last: 5 }];
    client.add_slots(AddSlotsRequest { slots, options: None }).await.unwrap();
    assert_eq!(api.node.table(|table| table.me().slot_count()), 6);
}

#[tokio::test]
async fn garbage_ends_its_connection_and_nothing_else() {
    let api = Api::open();
    for garbage in [&b"\x00\x00\x00\x00"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff", &[0x16; 600]]
    {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A reset is as good an end as any.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
    }
    TopologyServiceClient::new(api.channel().await).get_topology(GetTopologyRequest {}).await.unwrap();
}

#[tokio::test]
async fn a_call_by_http_1_is_no_call_and_metrics_are_served_by_it() {
    let api = Api::open();
    let ask = async |request: &str| {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer").unwrap();
        String::from_utf8(answer).unwrap()
    };
    let head = "host: evil.example\r\nconnection: close\r\ncontent-type: application/grpc\r\ncontent-length: 5\r\n\r\n";
    let path = "/slotmesh.admin.v1.SlotService/FlushSlots";
    let refused = ask(&format!("POST {path} HTTP/1.1\r\n{head}\0\0\0\0\0")).await;
    assert!(refused.starts_with("HTTP/1.1 505"), "{refused}");
    assert!(api.node.edits.lock().unwrap().is_empty());
    let metrics = ask("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
}

#[tokio::test]
async fn answers_that_nobody_takes_are_bounded() {
    let api = Api::open();
    let mut calls = tokio::task::JoinSet::new();
    let mut stalled = Vec::new();
    // More than there are places.
    for _ in 0..9 {
        // It lets the server send nothing.
        let channel = api.endpoint().initial_stream_window_size(0).connect().await.unwrap();
        for _ in 0..64 {
            let mut client = TopologyServiceClient::new(channel.clone());
            // Refused while the reader below held the last place: it asks again.
            calls.spawn(async move { while client.get_topology(GetTopologyRequest {}).await.is_err() {} });
        }
        stalled.push(channel);
    }
    let mut client = TopologyServiceClient::new(api.channel().await);
    let refused = async {
        loop {
            match client.get_topology(GetTopologyRequest {}).await {
                Err(status) => return status,
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    };
    let refused = timeout(PATIENCE, refused).await.expect("a bound");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    drop((calls, stalled));
    let served = async { while client.get_topology(GetTopologyRequest {}).await.is_err() {} };
    timeout(PATIENCE, served).await.expect("whoever goes gives its places back");
}

#[tokio::test]
async fn a_deadline_ends_a_call_and_a_reader_that_leaves_gives_its_place_back() {
    let api = Api::open();
    let mut client = TopologyServiceClient::new(api.channel().await);
    for _ in 0..3 {
        // More than there are places, over time.
        let mut streams = Vec::new();
        for _ in 0..1500 {
            streams.push(client.watch_topology(WatchTopologyRequest::default()).await.unwrap().into_inner());
            if streams.len() == 900 {
                streams.clear();
            }
        }
    }
    let mut request = tonic::Request::new(WatchEventsRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let stream = EventServiceClient::new(api.channel().await).watch_events(request).await;
    let ended = match stream {
        Err(status) => status,
        Ok(stream) => timeout(PATIENCE, stream.into_inner().message()).await.unwrap().unwrap_err(),
    };
    assert!([Code::DeadlineExceeded, Code::Cancelled].contains(&ended.code()), "{ended}");
}

#[tokio::test]
async fn an_edit_holds_only_while_the_layout_is_as_it_was_and_acts_once_for_each_key() {
    let api = Api::open();
    let mut client = SlotServiceClient::new(api.channel().await);
    let topology = TopologyServiceClient::new(api.channel().await).get_topology(GetTopologyRequest {}).await.unwrap();
    let seen = topology.into_inner().topology.unwrap().revision;
    let add = |first: u32, expected: &Option<Revision>, key: &str| AddSlotsRequest {
        slots: vec![SlotRange { first, last: first }],
        options: Some(EditOptions { expected_revision: expected.clone(), idempotency_key: key.into() }),
    };
    let first = client.add_slots(add(1, &seen, "one")).await.unwrap().into_inner().revision;
    assert_eq!(client.add_slots(add(1, &seen, "one")).await.unwrap().into_inner().revision, first);
    assert_eq!(api.node.edits.lock().unwrap().len(), 1, "the second call did nothing");
    let late = client.add_slots(add(2, &seen, "")).await.unwrap_err();
    assert_eq!(late.code(), Code::Aborted, "{late}");
    let me = api.node.table(slotmesh_table::Table::my_key);
    api.node.change(|table| table.facts_mut(me).connected ^= true);
    client.add_slots(add(2, &first, "")).await.expect("a link that comes or goes is no change of the layout");
    let busy = client.add_slots(add(2, &None, "two")).await.unwrap_err();
    assert_eq!((busy.code(), busy.message()), (Code::FailedPrecondition, "Slot 2 is already busy"));
    let other = Some(Revision { run_id: "another".into(), number: 1 });
    assert_eq!(client.add_slots(add(3, &other, "")).await.unwrap_err().code(), Code::Aborted);
}

#[tokio::test]
async fn events_come_in_order_and_lost_ones_are_counted() {
    let api = Api::open();
    let mut client = EventServiceClient::new(api.channel().await);
    for sequence in (1..=20).chain(26..=30) {
        api.node.tell(sequence).await;
    }
    let after = |sequence: u64, run_id: &str| WatchEventsRequest {
        start: Some(Start::After(EventCursor { run_id: run_id.into(), sequence })),
    };
    let mut stream =
        client.watch_events(WatchEventsRequest { start: Some(Start::Oldest(true)) }).await.unwrap().into_inner();
    let mut seen = Vec::new();
    while seen.len() < 26 {
        let update = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap().update.unwrap();
        seen.push(match update {
            Update::Event(event) => event.cursor.unwrap().sequence,
            Update::Gap(gap) => {
                assert_eq!((gap.missed, gap.next_sequence), (5, 26));
                0
            }
        });
    }
    assert_eq!(seen, (1..=20).chain([0]).chain(26..=30).collect::<Vec<_>>());
    let mut resumed = client.watch_events(after(29, RUN)).await.unwrap().into_inner();
    let next = timeout(PATIENCE, resumed.message()).await.unwrap().unwrap().unwrap();
    assert!(
        matches!(next.update, Some(Update::Event(event)) if event.cursor.as_ref().is_some_and(|at| at.sequence == 30))
    );
    let mut restarted = client.watch_events(after(12, "another")).await.unwrap().into_inner();
    let first = timeout(PATIENCE, restarted.message()).await.unwrap().unwrap().unwrap();
    assert!(matches!(first.update, Some(Update::Gap(gap)) if gap.missed == 0 && gap.next_sequence == 1));
    assert_eq!(client.watch_events(after(31, RUN)).await.unwrap_err().code(), Code::OutOfRange);
}
