//! Requests that wait for keys (BLPOP and its like).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::Db;
use slotmesh_store::stream::{Stream, StreamId};
use slotmesh_types::Slot;

use crate::client::Client;
use crate::cluster::Family;
use crate::routing::Asker;
use crate::table::Known;

/// What is replied to a request that has waited in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    /// Null.
    Null,
    /// The null of arrays.
    NullArray,
}

impl WaitEnd {
    pub(crate) fn write(self, reply: &mut ReplyWriter<'_>) {
        match self {
            Self::Null => reply.null(),
            Self::NullArray => reply.null_array(),
        }
    }
}

/// What a request waits for.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) keys: Vec<Box<[u8]>>,
    /// How long; `None` for ever.
    pub(crate) timeout: Option<Duration>,
    pub(crate) end: WaitEnd,
    /// The words that it is executed with then, if not its own.
    pub(crate) args: Option<Vec<Vec<u8>>>,
    pub(crate) wanted: Wanted,
}

/// What a key must hold for a request that waits for it to be executed anew.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// Something of the type of that name.
    Type(&'static str),
    /// A stream with an entry behind the id of the key. The ids stand as the keys do.
    Behind(Vec<StreamId>),
    /// A stream with entries that this group has not read. When the group is gone, or the stream, that ends the wait as
    /// well.
    NewFor(Box<[u8]>),
}

impl Wait {
    /// Whether the request is to be executed anew, by what one of its keys holds now. To see that costs little; to
    /// execute it would cost as much as the first time, for each who waits.
    pub(crate) fn has_come(&self, key: &[u8], db: &mut Db<'_>) -> bool {
        match &self.wanted {
            Wanted::Type(name) => db.type_name(key) == Some(name),
            Wanted::Behind(ids) => {
                let Ok(Some(stream)) = db.view::<Stream>(key) else { return false };
                self.keys.iter().zip(ids).any(|(own, id)| **own == *key && stream.has_after(*id))
            }
            Wanted::NewFor(group) => {
                let Ok(Some(stream)) = db.view::<Stream>(key) else { return true };
                stream.group(group).is_none_or(|group| stream.has_after(group.last()))
            }
        }
    }
}

/// A request that waits for keys of a slot. It stands in the queues of its keys until it is served, under the lock of
/// the slot by whoever changes a key, or until it is given up.
pub struct Waiter {
    pub(crate) client: Arc<Client>,
    pub(crate) protocol: Protocol,
    pub(crate) command: &'static Known,
    pub(crate) args: Vec<Vec<u8>>,
    /// Whether the keys that it looks up count as used.
    pub(crate) touches: bool,
    pub(crate) slot: Slot,
    /// What its client had said before.
    pub(crate) asker: Asker,
    /// How its client came in, which decides how it is told of other nodes.
    pub(crate) family: Family,
    pub(crate) wait: Wait,
    /// Whether the keys it reads are noted for its client.
    pub(crate) tracks: bool,
    reply: Mutex<Option<Vec<u8>>>,
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("client", &self.client.id).field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// Two are the same if they are one.
impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Waiter {}

impl Waiter {
    pub(crate) fn new(
        client: Arc<Client>,
        (protocol, asker, family): (Protocol, Asker, Family),
        (command, args): (&'static Known, &[&[u8]]),
        touches: bool,
        slot: Slot,
        (mut wait, tracks): (Wait, bool),
    ) -> Self {
        let args = wait.args.take().unwrap_or_else(|| args.iter().map(|argument| argument.to_vec()).collect());
        Self { client, protocol, command, args, touches, slot, asker, family, wait, tracks, reply: Mutex::default() }
    }

    /// How long it waits; `None` for ever.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.wait.timeout
    }

    /// Whether it is served.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.reply().is_some()
    }

    /// It is served: this is its reply. Its driver is told.
    pub(crate) fn serve(&self, reply: Vec<u8>) {
        *self.reply() = Some(reply);
        self.client.wake();
    }

    /// Takes the reply, once it is served.
    pub(crate) fn take_reply(&self) -> Option<Vec<u8>> {
        self.reply().take()
    }

    fn reply(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.reply.lock()
    }
}
