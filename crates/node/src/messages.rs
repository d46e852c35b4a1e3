//! Published messages on their way between threads.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// What an entry costs besides its text: itself, and the books of the allocator.
const ENTRY_BYTES: usize = 64;

/// A published message.
#[derive(Debug)]
pub(crate) struct Message {
    /// Whether it is for a shard channel.
    pub(crate) shard: bool,
    channel_bytes: usize,
    text: Box<[u8]>,
}

impl Message {
    pub(crate) fn new(shard: bool, channel: &[u8], message: &[u8]) -> Self {
        Self { shard, channel_bytes: channel.len(), text: [channel, message].concat().into() }
    }

    /// Its channel and what was published there.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        self.text.split_at(self.channel_bytes)
    }

    fn bytes(&self) -> usize {
        self.text.len() + ENTRY_BYTES
    }
}

/// A queue that counts bytes. Adding never waits; whoever adds looks whether there is room, or waits for it afterwards.
#[derive(Debug)]
pub(crate) struct Messages {
    queue: Mutex<VecDeque<Message>>,
    bytes: AtomicUsize,
    bytes_max: usize,
    arrived: Notify,
    room: Notify,
}

impl Messages {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            queue: Mutex::default(),
            bytes: AtomicUsize::new(0),
            bytes_max,
            arrived: Notify::new(),
            room: Notify::new(),
        }
    }

    pub(crate) fn push(&self, message: Message) {
        let mut queue = self.queue();
        self.bytes.fetch_add(message.bytes(), Ordering::Relaxed);
        queue.push_back(message);
        if queue.len() == 1 {
            self.arrived.notify_one();
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) < self.bytes_max
    }

    /// Waits until there is room.
    pub(crate) async fn room(&self) {
        loop {
            let mut room = pin!(self.room.notified());
            room.as_mut().enable();
            if self.has_room() {
                return;
            }
            room.await;
        }
    }

    /// Waits until there is a message. For one task only.
    pub(crate) async fn arrived(&self) {
        while self.queue().is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Takes the oldest messages, at least one if there is any, until they make `enough` bytes or there are `most`.
    pub(crate) fn take(&self, enough: usize, most: usize) -> Vec<Message> {
        let mut queue = self.queue();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < enough
            && batch.len() < most
            && let Some(message) = queue.pop_front()
        {
            bytes += message.bytes();
            batch.push(message);
        }
        if queue.is_empty() {
            // What a burst needed is not kept.
            *queue = VecDeque::new();
        }
        drop(queue);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if self.has_room() {
            self.room.notify_waiters();
        }
        batch
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.queue.lock()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;

    struct Ignore;

    impl Wake for Ignore {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn messages_come_out_in_order_and_in_parts() {
        let messages = Messages::new(1000);
        for text in [b"1", b"2", b"3"] {
            messages.push(Message::new(false, b"c", text));
        }
        let batch = messages.take(100, 9);
        assert_eq!(batch.iter().map(Message::parts).collect::<Vec<_>>(), [(&b"c"[..], &b"1"[..]), (b"c", b"2")]);
        assert_eq!(messages.take(usize::MAX, 9).len(), 1);
        assert!(messages.take(1, 9).is_empty());
    }

    #[test]
    fn room_is_waited_for_and_comes_back() {
        let messages = Messages::new(1000);
        messages.push(Message::new(true, b"c", &[b'x'; 2000]));
        assert!(!messages.has_room());
        let waker = Waker::from(Arc::new(Ignore));
        let mut context = Context::from_waker(&waker);
        let mut room = pin!(messages.room());
        assert_eq!(room.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(messages.take(1, 9).len(), 1);
        assert_eq!(room.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
