//! Requests that wait for EXEC.

use std::collections::VecDeque;

use slotmesh_types::Slot;

use crate::outcome::Outcome;
use crate::pause::is_told_to_others;
use crate::routing::{self, Access, Redirection};
use crate::table::{Flag, Known};

/// A request that waits, with the command it names.
type Request = (&'static Known, Vec<Vec<u8>>);

/// Requests that wait for EXEC, or are being executed by it.
#[derive(Debug)]
pub(crate) struct Transaction {
    requests: VecDeque<Request>,
    bytes: usize,
    /// A request was refused: EXEC will execute none.
    pub(crate) failed: bool,
    /// A key that was watched for it has changed: EXEC will execute none.
    pub(crate) broken: bool,
    /// EXEC has come.
    pub(crate) running: bool,
    /// One that is on keys was executed.
    pub(crate) uses_keys: bool,
    /// What the connection does when all are executed.
    pub(crate) end: Outcome,
}

impl Transaction {
    /// One without requests.
    pub(crate) fn new() -> Self {
        Self {
            requests: VecDeque::new(),
            bytes: 0,
            failed: false,
            broken: false,
            running: false,
            uses_keys: false,
            end: Outcome::Continue,
        }
    }

    /// Adds a request, unless all of them would take more than `max` bytes then. Tells whether it did.
    pub(crate) fn push(&mut self, command: &'static Known, args: &[&[u8]], max: usize) -> bool {
        // Short arguments cost more than their bytes.
        let bytes: usize = args.iter().map(|argument| argument.len() + size_of::<Vec<u8>>()).sum();
        let fits = self.bytes + bytes <= max;
        if fits {
            self.bytes += bytes;
            self.requests.push_back((command, args.iter().map(|argument| argument.to_vec()).collect()));
        }
        fits
    }

    /// Takes the next request.
    pub(crate) fn pop(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    /// Puts the next request back.
    pub(crate) fn put_back(&mut self, command: &'static Known, request: Vec<Vec<u8>>) {
        self.requests.push_front((command, request));
    }

    /// The keys of all requests.
    pub(crate) fn keys(&self) -> Vec<&[u8]> {
        let mut keys = Vec::new();
        for (command, request) in &self.requests {
            let words: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
            keys.extend(command.spec.keys_of(&words));
        }
        keys
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Bytes of the requests that came.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether any command has this flag.
    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.requests.iter().any(|(command, _)| command.spec.flags.contains(&flag))
    }

    /// Whether any may change keys, or tells other nodes something.
    pub(crate) fn is_told_to_others(&self) -> bool {
        self.requests.iter().any(|(command, _)| is_told_to_others(command))
    }

    /// What all of them want of the slot of their keys. Source: `getNodeByQuery`, which looks at the flags of all.
    pub(crate) fn access(&self) -> Access {
        match () {
            () if self.has(Flag::Pubsub) => Access::ShardChannel,
            () if self.has(Flag::Write) => Access::Write,
            () => Access::Read,
        }
    }

    /// The slot of every key of every request; `None` without keys.
    pub(crate) fn one_slot(&self) -> Result<Option<Slot>, Redirection<'static>> {
        let mut slot = None;
        for (command, request) in &self.requests {
            let words: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
            if let Some(found) = routing::slot_of(command.spec, &words)?
                && slot.replace(found).is_some_and(|earlier| earlier != found)
            {
                return Err(Redirection::CrossSlot);
            }
        }
        Ok(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_does_not_fit_is_not_kept_and_the_others_come_out_in_order() {
        let ping = crate::table::find(b"ping").expect("a command");
        let mut transaction = Transaction::new();
        let words = size_of::<Vec<u8>>();
        assert!(transaction.push(ping, &[b"a"], 2 * words + 2));
        assert!(transaction.push(ping, &[b"b"], 2 * words + 2));
        assert!(!transaction.push(ping, &[b""], 2 * words + 2));
        assert_eq!(transaction.len(), 2);
        assert_eq!(transaction.pop().map(|(_, words)| words), Some(vec![b"a".to_vec()]));
        assert_eq!(transaction.pop().map(|(_, words)| words), Some(vec![b"b".to_vec()]));
        assert!(transaction.pop().is_none());
    }
}
