//! What was asked of a key, and what was seen.

use std::fmt;

use crate::model::{Asked, Standing};

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Places in the order of all beginnings and ends.
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) asked: Asked,
    /// As the protocol has it, with a space for each end of a line.
    pub(crate) reply: String,
}

/// All calls that have to do with a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Vec<Call>);

impl History {
    pub(crate) fn add(&mut self, call: Call) {
        self.0.push(call);
    }

    pub(crate) fn calls(&self) -> &[Call] {
        &self.0
    }

    /// Adds a call that is written as [`Call`] shows it.
    pub(crate) fn add_written(&mut self, began: u64, ended: u64, what: &str, reply: &str) {
        let (now, what) = match what.strip_prefix('@').and_then(|timed| timed.split_once(' ')) {
            Some((now, what)) => (now.parse().expect("a time"), what),
            None => (0, what),
        };
        let asked = match what {
            "flush" => Asked::Flush,
            "wait" => Asked::Wait,
            "expire" => Asked::Expire { now },
            "depart" => Asked::Depart { now },
            "arrive" => Asked::Arrive,
            "stay" => Asked::Stay,
            "now here" => Asked::Stand(Standing::Here),
            "now down" => Asked::Stand(Standing::Down),
            "now away" => Asked::Stand(Standing::Away),
            "now migrating" => Asked::Stand(Standing::Migrating),
            "now importing" => Asked::Stand(Standing::Importing),
            _ => {
                let request = what.strip_prefix("ASKING ");
                let words = request.unwrap_or(what).split(' ').map(str::to_owned).collect();
                Asked::Request { words, asking: request.is_some(), now }
            }
        };
        self.add(Call { began, ended, asked, reply: reply.to_owned() });
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut calls: Vec<&Call> = self.0.iter().collect();
        calls.sort_by_key(|call| call.began);
        calls.iter().try_for_each(|Call { began, ended, asked, reply }| {
            writeln!(f, "{began:>4} {ended:>4}  {asked} -> {reply}")
        })
    }
}
