//! One directive: its name, its values, and what slotmesh does with it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::events;
use crate::output_limits::OutputLimits;
use crate::seed::Seed;

/// What values a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A whole number, both ends included.
    Integer {
        /// Lowest.
        min: i64,
        /// Highest.
        max: i64,
    },
    /// A whole number in octal.
    Octal {
        /// Lowest.
        min: i64,
        /// Highest.
        max: i64,
    },
    /// A number of bytes, with a unit such as `1kb` (1024) or `1k` (1000).
    Memory {
        /// Lowest; below zero where a share in percent is taken as well, up to so much.
        min: i64,
        /// Highest.
        max: i64,
    },
    /// One of these words (several, where the directive takes words).
    Enum(&'static [&'static str]),
    /// Any text.
    Text,
    /// The name of a file in the working directory; not empty.
    FileName,
    /// A host name.
    Hostname,
    /// A text that nodes.conf can carry.
    Nodename,
    /// An address, or what is announced instead.
    Host,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// The name of a cluster.
    ClusterName,
    /// Classes of clients and how much may wait for each; what is not named stays as it is.
    OutputLimits,
    /// Letters that stand for classes of events.
    Events,
    /// Numbers from 0 to 100, parted by white space.
    Percentiles,
    /// Seeds, parted by white space.
    Seeds,
    /// An IP address, or nothing.
    Ip,
}

/// What slotmesh does with a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It does what it says; in a sentence.
    Implemented(&'static str),
    /// It is taken and shown, and changes nothing that matters.
    Harmless,
    /// It guards data or access, and is not there yet: only values that ask for nothing are taken.
    Only(&'static [&'static str]),
}

/// One directive of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// An older name.
    pub alias: Option<&'static str>,
    /// What values it takes.
    pub kind: Kind,
    /// Its value when nobody sets it.
    pub default: &'static str,
    /// It can't be changed while the server runs.
    pub immutable: bool,
    /// It can't be changed while the server runs, since that would let clients choose files.
    pub protected: bool,
    /// CONFIG GET shows it only when asked by its exact name.
    pub hidden: bool,
    /// Its value is several words.
    pub words: bool,
    /// Its value is never logged.
    pub sensitive: bool,
    /// What slotmesh does with it.
    pub class: Class,
}

impl Directive {
    pub(crate) const fn new(name: &'static str, kind: Kind, default: &'static str) -> Self {
        Self {
            name,
            alias: None,
            kind,
            default,
            immutable: false,
            protected: false,
            hidden: false,
            words: false,
            sensitive: false,
            class: Class::Harmless,
        }
    }

    pub(crate) const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    pub(crate) const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    pub(crate) const fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    pub(crate) const fn protected(mut self) -> Self {
        self.protected = true;
        self
    }

    pub(crate) const fn words(mut self) -> Self {
        self.words = true;
        self
    }

    pub(crate) const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    pub(crate) const fn implemented(mut self, about: &'static str) -> Self {
        self.class = Class::Implemented(about);
        self
    }

    pub(crate) const fn only(mut self, neutral: &'static [&'static str]) -> Self {
        self.class = Class::Only(neutral);
        self
    }

    /// The value in its usual spelling, or why it is none. The words are those of real servers.
    pub(crate) fn check(&self, value: &str) -> Result<String, String> {
        self.check_over(self.default, value)
    }

    /// The same where the value may leave parts of the present one as they are.
    pub(crate) fn check_over(&self, present: &str, value: &str) -> Result<String, String> {
        let canonical = match self.kind {
            Kind::OutputLimits => OutputLimits::default().with(present)?.with(value)?.to_string(),
            kind => kind.check(value, self.words)?,
        };
        match self.class {
            Class::Only(neutral) if !neutral.contains(&canonical.as_str()) => Err(format!(
                "'{}' is not supported by this release of slotmesh (only {} is accepted)",
                self.name,
                neutral.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(" or ")
            )),
            _ => Ok(canonical),
        }
    }
}

impl Kind {
    fn check(self, value: &str, words: bool) -> Result<String, String> {
        match self {
            Self::Events => events::check(value),
            Self::Bool => match value.to_ascii_lowercase().as_str() {
                word @ ("yes" | "no") => Ok(word.to_owned()),
                _ => Err("argument must be 'yes' or 'no'".into()),
            },
            Self::Integer { min, max } => {
                // Neither a plus sign nor a leading zero: what is written is what is shown.
                let number = value.parse().ok().filter(|number: &i64| number.to_string() == value);
                let number = number.ok_or("argument couldn't be parsed into an integer")?;
                in_range(number, min, max).map(|number| number.to_string())
            }
            Self::Octal { min, max } => {
                let number = i64::from_str_radix(value, 8);
                let number = number.map_err(|_| "argument couldn't be parsed as an octal number".to_owned())?;
                in_range(number, min, max).map(|number| format!("{number:o}"))
            }
            Self::Memory { min, .. } if min < 0 && value.ends_with('%') => {
                let share = value.strip_suffix('%').and_then(|share| share.parse().ok());
                let share = share.ok_or("argument must be a memory or percent value")?;
                in_range(share, 0, -min).map(|share| format!("{share}%"))
            }
            Self::Memory { min, max } => {
                let number = parse_memory(value).ok_or("argument must be a memory value")?;
                in_range(number, min, max).map(|number| number.to_string())
            }
            Self::Enum(choices) => check_choices(value, choices, words),
            Self::Percentiles => check_percentiles(value),
            Self::Seeds => Seed::parse_list(value).map(|_| in_one_line(value)).map_err(|error| error.to_string()),
            other if words => other.check_text(value).map(|()| in_one_line(value)),
            other => other.check_text(value).map(|()| value.to_owned()),
        }
    }

    fn check_text(self, value: &str) -> Result<(), String> {
        let every = |allowed: fn(u8) -> bool| value.bytes().all(allowed);
        let fault = match self {
            Self::FileName if value.is_empty() => Some("cluster-config-file can't be empty"),
            Self::Hostname if value.len() > 255 => Some("Hostnames must be less than 256 characters"),
            Self::Hostname if !every(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) => {
                Some("Hostnames may only contain alphanumeric characters, hyphens or dots")
            }
            Self::Nodename if value.len() > 255 || !every(is_announceable) => {
                Some("Announced human node name contained invalid character")
            }
            Self::Host if value.len() > 45 => Some("Announced address must be less than 46 characters"),
            Self::Host if !every(|byte| byte.is_ascii_alphanumeric() || b".:-_%".contains(&byte)) => {
                Some("Announced address contained invalid character")
            }
            Self::Ipv4 if !value.is_empty() && value.parse::<Ipv4Addr>().is_err() => Some("Invalid IPv4 address"),
            Self::Ipv6 if !value.is_empty() && value.parse::<Ipv6Addr>().is_err() => Some("Invalid IPv6 address"),
            Self::Ip if !value.is_empty() && value.parse::<IpAddr>().is_err() => Some("Invalid IP address"),
            Self::ClusterName if value.len() > 64 => Some("a cluster name has at most 64 characters"),
            Self::ClusterName if !every(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) => {
                Some("a cluster name holds only letters, digits, '-', '.' and '_'")
            }
            _ if value.contains('\0') => Some("a value can't hold a NUL byte"),
            _ => None,
        };
        fault.map_or(Ok(()), |fault| Err(fault.to_owned()))
    }
}

/// Words with one space between them, whatever stood there.
fn in_one_line(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// What every released server can read back from nodes.conf.
fn is_announceable(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"!#$%&()*+;<>?@[]^{|}~\"',=\\".contains(&byte)
}

fn in_range(number: i64, min: i64, max: i64) -> Result<i64, String> {
    if (min..=max).contains(&number) {
        Ok(number)
    } else {
        Err(format!("argument must be between {min} and {max} inclusive"))
    }
}

fn check_choices(value: &str, choices: &[&str], words: bool) -> Result<String, String> {
    let one = |word: &str| choices.iter().find(|choice| choice.eq_ignore_ascii_case(word)).copied();
    let given: Vec<&str> = if words { value.split_ascii_whitespace().collect() } else { vec![value] };
    let known: Option<Vec<&str>> = given.iter().map(|word| one(word)).collect();
    let known = known.filter(|known| !known.is_empty());
    known
        .map(|known| known.join(" "))
        .ok_or_else(|| format!("argument(s) must be one of the following: {}", choices.join(", ")))
}

/// The numbers in their shortest spelling. The words of the errors are those of real servers.
fn check_percentiles(value: &str) -> Result<String, String> {
    let one = |word: &str| {
        let percent: f64 =
            word.parse().map_err(|_| "Invalid latency-tracking-info-percentiles parameters".to_owned())?;
        if (0.0..=100.0).contains(&percent) {
            Ok(percent.to_string())
        } else {
            Err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".to_owned())
        }
    };
    let percents: Vec<String> = value.split_ascii_whitespace().map(one).collect::<Result<_, _>>()?;
    Ok(percents.join(" "))
}

/// A number of bytes with an optional unit.
pub(crate) fn parse_memory(value: &str) -> Option<i64> {
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let factor: i64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(factor)
}
