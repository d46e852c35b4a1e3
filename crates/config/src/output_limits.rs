//! `client-output-buffer-limit`: how much may wait to be sent to a client. Source: valkey.conf.

use std::fmt;

use crate::directive::parse_memory;

/// How much may wait to be sent to one client; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// At so many bytes the client is closed at once.
    pub hard_bytes: u64,
    /// Above so many bytes the client is closed after [`OutputLimit::soft_seconds`].
    pub soft_bytes: u64,
    /// How long the soft limit may be exceeded without a break, in seconds.
    pub soft_seconds: u64,
}

/// The limits of each class of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Of clients that only ask.
    pub normal: OutputLimit,
    /// Of replicas.
    pub replica: OutputLimit,
    /// Of clients that subscribe.
    pub pubsub: OutputLimit,
}

impl OutputLimits {
    /// These limits with those classes replaced that `text` names, each as `class hard soft seconds`. The words of the
    /// errors are those of real servers.
    pub(crate) fn with(mut self, text: &str) -> Result<Self, String> {
        let words: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split(' ').collect() };
        let (groups, []) = words.as_chunks::<4>() else {
            return Err("Wrong number of arguments in buffer limit configuration.".into());
        };
        for [class, hard, soft, seconds] in groups {
            let slot = match class.to_ascii_lowercase().as_str() {
                "normal" => &mut self.normal,
                "slave" | "replica" => &mut self.replica,
                "pubsub" => &mut self.pubsub,
                _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
            };
            let limit = || {
                Some(OutputLimit {
                    hard_bytes: u64::try_from(parse_memory(hard)?).ok()?,
                    soft_bytes: u64::try_from(parse_memory(soft)?).ok()?,
                    soft_seconds: seconds.parse().ok()?,
                })
            };
            *slot = limit()
                .ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.".to_owned())?;
        }
        Ok(self)
    }
}

impl fmt::Display for OutputLimits {
    /// The older name of replicas stays: it is what real servers tell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = [("normal", self.normal), ("slave", self.replica), ("pubsub", self.pubsub)];
        for (index, (class, limit)) in classes.into_iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)?;
        }
        Ok(())
    }
}
