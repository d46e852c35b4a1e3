//! A request on keys, being executed while the lock of their slot is held.

use std::time::Duration;

use slotmesh_rdb::RestoreError;
use slotmesh_resp::ReplyWriter;
use slotmesh_store::{Db, Value};

use crate::error_reply::{self, ErrorReply};
use crate::event::{Classes, Event};
use crate::random::Random;
use crate::settings::Settings;
use crate::table::{Group, Known};
use crate::waiting::{Wait, WaitEnd, Wanted};

/// What a handler of a command on keys gives: nothing, since its reply is written, or the error to reply. What it has
/// written before an error is dropped.
pub(crate) type Done = Result<(), ErrorReply>;

/// A value that was made of a payload, or what is wrong with that.
pub(crate) type Prepared = Result<Value, RestoreError>;

/// What is done for a command on keys before their slot is locked.
pub(crate) type Prepare = fn(&[&[u8]], &Settings) -> Prepared;

/// The function behind a command on keys. Name, number of words, flags and slot are checked before it is called.
pub(crate) type KeyedHandler = fn(&mut Keyed<'_>) -> Done;

/// A request on keys being executed.
///
/// Its fields are borrowed one by one, so that what a key holds can be written to the reply without a copy.
pub(crate) struct Keyed<'a> {
    /// The words of the request.
    pub(crate) args: &'a [&'a [u8]],
    /// The keys of its slot.
    pub(crate) db: Db<'a>,
    /// Where the reply goes.
    pub(crate) reply: ReplyWriter<'a>,
    /// What the configuration says.
    pub(crate) settings: &'a Settings,
    /// What was done before the slot was locked; not in a transaction.
    pub(crate) prepared: &'a mut Option<Prepared>,
    /// Chance.
    pub(crate) random: &'a mut Random,
    pub(crate) command: &'static Known,
    /// What has happened to keys.
    pub(super) events: &'a mut Vec<Event>,
    /// Whether it may wait for keys; not in a transaction.
    pub(super) may_wait: bool,
    pub(super) wait: Option<Wait>,
}

impl Keyed<'_> {
    /// Tells those who listen that something has happened to a key.
    pub(crate) fn tell(&mut self, class: Classes, name: &'static str, key: &[u8]) {
        if self.settings.events.any() && self.settings.events.has(class) {
            // What was missing or is new was so before.
            self.events.extend(self.db.take_notes().into_iter().map(Event::from));
            self.events.push(Event { name, key: key.into() });
        }
    }

    /// Tells that something was taken out of what a key holds, and that the key is gone if it was the last.
    pub(crate) fn tell_taken(&mut self, class: Classes, name: &'static str, key: &[u8], is_gone: bool) {
        self.tell(class, name, key);
        if is_gone {
            self.tell(Classes::GENERIC, "del", key);
        }
    }

    /// Has a request on lists or sorted sets wait until one of the keys has something for it; then it is executed anew.
    /// Where it may not wait, or when it has waited for too long, `end` is its reply. Nothing is to be written besides.
    pub(crate) fn wait<'k>(
        &mut self,
        keys: impl IntoIterator<Item = &'k [u8]>,
        timeout: Option<Duration>,
        end: WaitEnd,
    ) -> Done {
        let keys = keys.into_iter().map(Into::into).collect();
        let wanted = Wanted::Type(if self.command.spec.group == Group::SortedSet { "zset" } else { "list" });
        self.wait_as(Wait { keys, timeout, end, args: None, wanted })
    }

    /// The same, in a way of its own.
    pub(crate) fn wait_as(&mut self, wait: Wait) -> Done {
        if self.may_wait {
            self.wait = Some(wait);
        } else {
            wait.end.write(&mut self.reply);
        }
        Ok(())
    }

    /// The error of arguments that fit the arity of a container's subcommand and nothing else.
    pub(crate) fn wrong_shape(&self) -> ErrorReply {
        error_reply::wrong_subcommand(self.command, self.args)
    }

    /// Replies OK.
    pub(crate) fn ok(&mut self) -> Done {
        self.reply.simple("OK");
        Ok(())
    }

    /// Replies with a number of things.
    pub(crate) fn count(&mut self, count: usize) -> Done {
        self.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
        Ok(())
    }
}
