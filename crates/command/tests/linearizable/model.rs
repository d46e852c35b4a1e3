//! One key, one call after the other: a text or a list, with a term or without, in a slot that stands somehow.

use std::collections::VecDeque;
use std::fmt;

use crate::history::Call;

/// Where the slot stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Standing {
    /// It is served here.
    #[default]
    Here,
    /// It is on its way to another node.
    Migrating,
    /// It belongs to another node.
    Away,
    /// It belongs to another node and is on its way here.
    Importing,
    /// It belongs here, and the cluster is down.
    Down,
}

/// What somebody wanted.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Something of the key, at a time in milliseconds. A request that has to wait is seen to reply `waits`.
    Request { words: Vec<String>, asking: bool, now: u64 },
    /// An element of the key, by a request that waits.
    Wait,
    /// The slot to stand like this from now on.
    Stand(Standing),
    /// The key to go to another node; it is on its way from now on.
    Depart { now: u64 },
    /// The key to be gone, since it has come there.
    Arrive,
    /// The key to stay after all.
    Stay,
    /// All keys to go.
    Flush,
    /// What has expired by now to go.
    Expire { now: u64 },
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { words, asking, now } => {
                write!(f, "@{now} {}{}", if *asking { "ASKING " } else { "" }, words.join(" "))
            }
            Self::Wait => f.write_str("wait"),
            Self::Stand(standing) => write!(f, "now {}", format!("{standing:?}").to_lowercase()),
            Self::Depart { now } => write!(f, "@{now} depart"),
            Self::Arrive => f.write_str("arrive"),
            Self::Stay => f.write_str("stay"),
            Self::Flush => f.write_str("flush"),
            Self::Expire { now } => write!(f, "@{now} expire"),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Value {
    #[default]
    Nothing,
    Text(String),
    List(VecDeque<String>),
}

/// The key and its slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    standing: Standing,
    value: Value,
    /// When it expires.
    deadline: Option<u64>,
    /// Whether it is on its way to another node.
    on_its_way: bool,
}

/// What runs while a key is on its way.
const READS: [&str; 4] = ["GET", "STRLEN", "EXISTS", "LLEN"];

impl State {
    /// What it is after a call, if it explains what the call has seen.
    pub(crate) fn after(&self, call: &Call) -> Option<Self> {
        let mut next = self.clone();
        let reply = match &call.asked {
            Asked::Request { words, asking, now } => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                next.request(&words, *asking, *now)
            }
            Asked::Wait => next.wait(&call.reply)?,
            Asked::Stand(standing) => {
                next.standing = *standing;
                String::new()
            }
            Asked::Depart { now } => {
                next.expire(*now);
                next.on_its_way = true;
                if next.value == Value::Nothing { "there is none".into() } else { String::new() }
            }
            Asked::Arrive => {
                next.remove();
                next.on_its_way = false;
                String::new()
            }
            Asked::Stay => {
                next.on_its_way = false;
                String::new()
            }
            Asked::Flush => {
                next.remove();
                String::new()
            }
            Asked::Expire { now } => {
                next.expire(*now);
                String::new()
            }
        };
        (reply == call.reply).then_some(next)
    }

    fn request(&mut self, words: &[&str], asking: bool, now: u64) -> String {
        match self.standing {
            Standing::Down => return "CLUSTERDOWN".into(),
            Standing::Away => return "MOVED".into(),
            Standing::Importing if !asking => return "MOVED".into(),
            Standing::Here | Standing::Migrating | Standing::Importing => {}
        }
        self.expire(now);
        if self.on_its_way && !READS.contains(&words[0]) {
            return "is held".into();
        }
        if self.standing == Standing::Migrating && self.value == Value::Nothing && !self.on_its_way {
            return "ASK".into();
        }
        match words {
            ["BLPOP", ..] if self.value == Value::Nothing => "waits".into(),
            ["BLPOP", key, _] => self.pop_first(key).unwrap_or("WRONGTYPE".into()),
            ["SET", _, text, how @ ..] => self.set(text, how, now),
            ["LPUSH" | "RPUSH" | "LPOP" | "RPOP" | "LLEN", ..] => self.list(words),
            _ => self.text(words),
        }
    }

    /// The reply to a request that waits, if it could be the one that was seen. Where the slot stands it is looked at
    /// again now and then, without regard for ASKING.
    fn wait(&mut self, seen: &str) -> Option<String> {
        match (seen, self.standing) {
            ("MOVED", Standing::Away | Standing::Importing) | ("CLUSTERDOWN", Standing::Down) => Some(seen.into()),
            ("*-1", _) => (!matches!(self.value, Value::List(_))).then(|| seen.into()),
            (_, Standing::Here | Standing::Importing) => self.pop_first(seen.split(' ').nth(2)?),
            _ => None,
        }
    }

    /// What BLPOP replies where the key holds a list.
    fn pop_first(&mut self, key: &str) -> Option<String> {
        let Value::List(list) = &mut self.value else { return None };
        let first = list.pop_front()?;
        self.remove_if_empty();
        Some(format!("*2 ${} {key} {}", key.len(), bulk(&first)))
    }

    fn set(&mut self, text: &str, how: &[&str], now: u64) -> String {
        let before = match &self.value {
            Value::List(_) if how == ["GET"] => return "WRONGTYPE".into(),
            Value::Text(before) => bulk(before),
            Value::List(_) | Value::Nothing => "$-1".into(),
        };
        let exists = self.value != Value::Nothing;
        if (how == ["NX"] && exists) || (how == ["XX"] && !exists) {
            return "$-1".into();
        }
        self.value = Value::Text(text.into());
        self.deadline = match how {
            ["PX", millis] => Some(now + millis.parse::<u64>().expect("a number")),
            _ => None,
        };
        if how == ["GET"] { before } else { "+OK".into() }
    }

    fn list(&mut self, words: &[&str]) -> String {
        let mut fresh = VecDeque::new();
        let list = match &mut self.value {
            Value::Text(_) => return "WRONGTYPE".into(),
            Value::List(list) => list,
            Value::Nothing => &mut fresh,
        };
        let reply = match words {
            ["LPUSH", _, new @ ..] => {
                new.iter().for_each(|element| list.push_front((*element).into()));
                format!(":{}", list.len())
            }
            ["RPUSH", _, new @ ..] => {
                list.extend(new.iter().map(|element| (*element).to_owned()));
                format!(":{}", list.len())
            }
            ["LPOP", _] => list.pop_front().map_or("$-1".into(), |element| bulk(&element)),
            ["RPOP", _] => list.pop_back().map_or("$-1".into(), |element| bulk(&element)),
            _ => format!(":{}", list.len()),
        };
        if !fresh.is_empty() {
            self.value = Value::List(fresh);
        }
        self.remove_if_empty();
        reply
    }

    fn text(&mut self, words: &[&str]) -> String {
        let exists = self.value != Value::Nothing;
        let text = match (words[0], &self.value) {
            ("DEL" | "EXISTS" | "PERSIST", _) => String::new(),
            (_, Value::List(_)) => return "WRONGTYPE".into(),
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Nothing) => String::new(),
        };
        let shown = if exists { bulk(&text) } else { "$-1".into() };
        match words {
            ["GET", _] => shown,
            ["STRLEN", _] => format!(":{}", text.len()),
            ["EXISTS", _] => format!(":{}", u8::from(exists)),
            ["PERSIST", _] => format!(":{}", u8::from(self.deadline.take().is_some())),
            ["GETDEL", _] => {
                self.remove();
                shown
            }
            ["GETSET", _, new] => {
                (self.value, self.deadline) = (Value::Text((*new).into()), None);
                shown
            }
            ["DEL", _] => {
                self.remove();
                format!(":{}", u8::from(exists))
            }
            ["APPEND", _, more] => {
                self.value = Value::Text(text + more);
                format!(":{}", shown_length(&self.value))
            }
            ["INCR", _] => match if exists { text.parse::<i64>().ok() } else { Some(0) } {
                Some(number) => {
                    self.value = Value::Text((number + 1).to_string());
                    format!(":{}", number + 1)
                }
                None => "ERR".into(),
            },
            _ => unreachable!("{words:?} is not in the model"),
        }
    }

    fn expire(&mut self, now: u64) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.remove();
        }
    }

    fn remove(&mut self) {
        (self.value, self.deadline) = (Value::Nothing, None);
    }

    fn remove_if_empty(&mut self) {
        if matches!(&self.value, Value::List(list) if list.is_empty()) {
            self.remove();
        }
    }
}

fn bulk(text: &str) -> String {
    format!("${} {text}", text.len())
}

fn shown_length(value: &Value) -> usize {
    if let Value::Text(text) = value { text.len() } else { 0 }
}
