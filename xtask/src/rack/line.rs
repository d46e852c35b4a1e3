//! Lines of CLUSTER NODES.

use anyhow::{Context, Result, ensure};

/// What one node says about one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLine {
    /// 40 hexadecimal digits.
    pub id: String,
    /// `ip:port@busport`, without what follows the first comma.
    pub address: String,
    /// What follows it: the hostname and further `name=value` pairs.
    pub announced: Vec<String>,
    /// `myself`, `master`, `slave`, `fail?`, `fail`, `handshake`, `noaddr`, `nofailover`, `noflags`.
    pub flags: Vec<String>,
    /// Whose replica it is.
    pub primary: Option<String>,
    /// Configuration epoch.
    pub epoch: u64,
    /// Whether the link to it stands. A node's link to itself always does.
    pub connected: bool,
    /// Slots, ranges of slots, and migrations as they are written.
    pub slots: Vec<String>,
}

impl NodeLine {
    /// The lines of a whole reply.
    ///
    /// # Errors
    /// A line is none.
    pub fn parse_all(reply: &str) -> Result<Vec<Self>> {
        reply.lines().map(|line| Self::parse(line).with_context(|| format!("not a line of a node: {line:?}"))).collect()
    }

    fn parse(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        ensure!(words.len() >= 8, "too few words");
        let mut address = words[1].split(',').map(str::to_owned);
        Ok(Self {
            id: words[0].to_owned(),
            address: address.next().unwrap_or_default(),
            announced: address.collect(),
            flags: words[2].split(',').map(str::to_owned).collect(),
            primary: (words[3] != "-").then(|| words[3].to_owned()),
            epoch: words[6].parse().context("the epoch is no number")?,
            connected: words[7] == "connected",
            slots: words[8..].iter().map(|&word| word.to_owned()).collect(),
        })
    }

    /// Whether it carries this flag.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// Whether the link to it stands and nothing is said against it.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.connected && !["handshake", "fail", "fail?", "noaddr"].iter().any(|flag| self.has(flag))
    }

    /// The announced hostname; empty when there is none.
    #[must_use]
    pub fn hostname(&self) -> &str {
        self.announced.first().filter(|word| !word.contains('=')).map_or("", String::as_str)
    }

    /// The client port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.address.rsplit_once(':')?.1.split('@').next()?.parse().ok()
    }

    /// The flags that all nodes should agree on: not who is asked, nor what each suspects for itself.
    #[must_use]
    pub fn agreed_flags(&self) -> Vec<&str> {
        self.flags.iter().map(String::as_str).filter(|flag| *flag != "myself").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_everything_is_read() {
        let lines = NodeLine::parse_all(
            "b2a93f243f0236e50842bed873addecab2e49669 127.0.0.1:22001@23001,node1.example,shard-id=ac96 myself,master \
             - 0 1795397043000 2 connected 5461-10922 [7->-b2a9]\n",
        )
        .unwrap();
        let line = &lines[0];
        assert_eq!((line.port(), line.hostname(), line.epoch), (Some(22_001), "node1.example", 2));
        assert_eq!(line.agreed_flags(), ["master"]);
        assert_eq!(line.slots, ["5461-10922", "[7->-b2a9]"]);
        assert!(line.is_well());
    }

    #[test]
    fn a_handshake_is_not_well() {
        let lines = NodeLine::parse_all("0a :0@0 handshake - 0 0 0 disconnected").unwrap();
        assert!(!lines[0].is_well());
        assert!(lines[0].hostname().is_empty());
    }
}
