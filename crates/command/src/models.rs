//! What is shared between threads under more than one lock, in every order of steps (`cargo xtask model`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use loom::thread;
use slotmesh_config::OutputLimits;
use slotmesh_sync::Mutex;
use slotmesh_types::{Mono, NodeId, Now, Slot};

use crate::client::{Client, Driver, Peer};
use crate::output::Output;
use crate::pause::{Held, Pause, PauseReason};
use crate::pubsub::{Kind, Outbox, PubSub};
use crate::routing::ShardOwner;

/// Notes that its client was woken.
#[derive(Default)]
struct Bell {
    served: Arc<AtomicUsize>,
}

impl Driver for Bell {
    fn killed(&self) {}

    fn served(&self) {
        self.served.fetch_add(1, Relaxed);
    }

    fn pushed(&self) {}
}

fn client(id: u64, bell: Bell) -> Arc<Client> {
    let peer = Peer::Unix { path: String::new() };
    Arc::new(Client::new(id, &peer, 0, Now::default(), Box::new(bell)))
}

fn now() -> Mono {
    Now::default().mono
}

/// A slot that is ours, until it is not. It stands for the view of the cluster, which threads read without a lock.
fn owner(is_ours: &AtomicBool) -> impl Fn(Slot) -> Option<ShardOwner> {
    |_| is_ours.load(Acquire).then_some(ShardOwner::Member(NodeId::from_entropy([1; 20])))
}

#[test]
fn a_subscription_ends_when_its_slot_leaves_at_that_moment() {
    loom::model(|| {
        let (hub, client) = (PubSub::new(OutputLimits::default()), client(1, Bell::default()));
        let is_ours = Arc::new(AtomicBool::new(true));
        let keeper = thread::spawn({
            let (hub, is_ours) = (hub.clone(), Arc::clone(&is_ours));
            move || {
                is_ours.store(false, Release);
                hub.keep_slots(now(), owner(&is_ours));
            }
        });
        let (_, found) = hub.join_shard(now(), b"news", owner(&is_ours), &client);
        if found.is_none() {
            hub.keep_slots(now(), owner(&is_ours));
        }
        keeper.join().expect("no panic");
        assert!(!client.subscriptions.any(), "nobody would ever end it");
        assert_eq!((hub.count(Kind::Shard), hub.clients()), (0, 0));
    });
}

#[test]
fn figures_are_right_when_a_client_goes_while_its_slot_does() {
    loom::model(|| {
        let (hub, client) = (PubSub::new(OutputLimits::default()), client(1, Bell::default()));
        let is_ours = Arc::new(AtomicBool::new(true));
        hub.join_shard(now(), b"news", owner(&is_ours), &client);
        is_ours.store(false, Release);
        let keeper = thread::spawn({
            let (hub, is_ours) = (hub.clone(), Arc::clone(&is_ours));
            move || hub.keep_slots(now(), owner(&is_ours))
        });
        hub.leave_all(&client);
        keeper.join().expect("no panic");
        assert!(!client.subscriptions.any());
        assert_eq!((hub.count(Kind::Shard), hub.clients()), (0, 0));
    });
}

#[test]
fn all_hear_what_is_published_to_a_channel_in_one_order() {
    loom::model(|| {
        let hub = PubSub::new(OutputLimits::default());
        let clients = [client(1, Bell::default()), client(2, Bell::default())];
        for client in &clients {
            hub.join(Kind::Channel, b"news", client);
        }
        let other = thread::spawn({
            let hub = hub.clone();
            move || hub.publish(now(), b"news", b"a")
        });
        assert_eq!(hub.publish(now(), b"news", b"b"), 2);
        assert_eq!(other.join().expect("no panic"), 2);
        let [first, second] = clients.map(|client| {
            let mut heard = Output::default();
            client.outbox.take_all(&mut heard);
            heard.own().to_vec()
        });
        assert_eq!(first, second);
        assert!(!first.is_empty());
    });
}

#[test]
fn no_frame_is_left_with_nobody_to_be_woken_for_it() {
    loom::model(|| {
        let (outbox, bell) = (Arc::new(Outbox::default()), Arc::new(AtomicUsize::new(0)));
        let push = |outbox: &Outbox, bell: &AtomicUsize| {
            if outbox.push(&Bytes::from_static(b"12345")) {
                bell.swap(1, AcqRel);
            }
        };
        let other = thread::spawn({
            let (outbox, bell) = (Arc::clone(&outbox), Arc::clone(&bell));
            move || push(&outbox, &bell)
        });
        let driver = thread::spawn({
            let (outbox, bell) = (Arc::clone(&outbox), Arc::clone(&bell));
            move || {
                if bell.swap(0, AcqRel) == 1 {
                    outbox.take_all(&mut Output::default());
                }
            }
        });
        push(&outbox, &bell);
        other.join().expect("no panic");
        driver.join().expect("no panic");
        assert!(outbox.frames() == 0 || bell.load(Acquire) == 1, "it would wait for ever");
        assert_eq!(outbox.queued_bytes(), 5 * outbox.frames() as u64);
        assert_eq!(outbox.queued_bytes() + outbox.buffered_bytes(), 10);
    });
}

#[test]
fn nothing_is_written_after_a_pause_has_begun() {
    loom::model(|| {
        let (pause, keys) = (Arc::new(Pause::default()), Arc::new(Mutex::<u32>::default()));
        let writer = thread::spawn({
            let (pause, keys) = (Arc::clone(&pause), Arc::clone(&keys));
            move || {
                let mut keys = keys.lock();
                if pause.hold(&client(1, Bell::default()), || true, now()).is_none() {
                    *keys += 1;
                }
            }
        });
        let until = now().after(Duration::from_secs(1));
        pause.begin(PauseReason::Failover, Held::Writes, until, now());
        // As the server does it: every lock is had once.
        let told = *keys.lock();
        writer.join().expect("no panic");
        assert_eq!(*keys.lock(), told, "the replica that takes over lacks it");
    });
}

#[test]
fn who_waits_for_the_end_of_a_pause_is_woken() {
    loom::model(|| {
        let (pause, served) = (Arc::new(Pause::default()), Arc::new(AtomicUsize::new(0)));
        let until = now().after(Duration::from_secs(1));
        pause.begin(PauseReason::Operator, Held::Writes, until, now());
        let client = client(1, Bell { served: Arc::clone(&served) });
        let ender = thread::spawn({
            let pause = Arc::clone(&pause);
            move || pause.end(PauseReason::Operator, now())
        });
        let waits = pause.hold(&client, || true, now()).is_some();
        ender.join().expect("no panic");
        assert_eq!(served.load(Relaxed), usize::from(waits));
        assert_eq!(pause.waiting(), 0);
    });
}
