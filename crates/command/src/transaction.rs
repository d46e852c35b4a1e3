//! Requests that wait for EXEC.

use std::collections::VecDeque;

use crate::outcome::Outcome;

/// Requests that wait for EXEC, or are being executed by it.
#[derive(Debug)]
pub(crate) struct Transaction {
    requests: VecDeque<Vec<Vec<u8>>>,
    bytes: usize,
    /// A request was refused: EXEC will execute none.
    pub(crate) failed: bool,
    /// EXEC has come.
    pub(crate) running: bool,
    /// What the connection does when all are executed.
    pub(crate) end: Outcome,
}

impl Transaction {
    /// One without requests.
    pub(crate) fn new() -> Self {
        Self { requests: VecDeque::new(), bytes: 0, failed: false, running: false, end: Outcome::Continue }
    }

    /// Adds a request, unless all of them would take more than `max` bytes then. Tells whether it did.
    pub(crate) fn push(&mut self, args: &[&[u8]], max: usize) -> bool {
        // Short arguments cost more than their bytes.
        let bytes: usize = args.iter().map(|argument| argument.len() + size_of::<Vec<u8>>()).sum();
        let fits = self.bytes + bytes <= max;
        if fits {
            self.bytes += bytes;
            self.requests.push_back(args.iter().map(|argument| argument.to_vec()).collect());
        }
        fits
    }

    /// Takes the next request.
    pub(crate) fn pop(&mut self) -> Option<Vec<Vec<u8>>> {
        self.requests.pop_front()
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_does_not_fit_is_not_kept_and_the_others_come_out_in_order() {
        let mut transaction = Transaction::new();
        let words = size_of::<Vec<u8>>();
        assert!(transaction.push(&[b"a"], 2 * words + 2));
        assert!(transaction.push(&[b"b"], 2 * words + 2));
        assert!(!transaction.push(&[b""], 2 * words + 2));
        assert_eq!(transaction.len(), 2);
        assert_eq!(transaction.pop(), Some(vec![b"a".to_vec()]));
        assert_eq!(transaction.pop(), Some(vec![b"b".to_vec()]));
        assert_eq!(transaction.pop(), None);
    }
}
