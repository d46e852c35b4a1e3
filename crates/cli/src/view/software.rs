//! What a node runs.

use std::fmt;

use super::by_resp::field;

/// Whose server it is, and which version.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Software {
    /// `slotmesh`, `Valkey`, `Redis`; empty when it does not tell.
    pub(crate) name: &'static str,
    pub(crate) version: String,
}

impl Software {
    /// Ours.
    pub(crate) const SLOTMESH: &'static str = "slotmesh";

    /// From the reply of INFO server. The most specific version counts: others are what it behaves as.
    pub(crate) fn of_info(info: &str) -> Self {
        let fields = [(Self::SLOTMESH, "slotmesh_version"), ("Valkey", "valkey_version"), ("Redis", "redis_version")];
        let found = fields.into_iter().find_map(|(name, key)| Some((name, field(info, key)?)));
        found.map_or_else(Self::default, |(name, version)| Self { name, version: version.to_owned() })
    }

    /// Whether it is ours.
    pub(crate) fn is_slotmesh(&self) -> bool {
        self.name == Self::SLOTMESH
    }
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { f.pad("unknown") } else { f.pad(&format!("{} {}", self.name, self.version)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_version_counts() {
        let of = |info: &str| Software::of_info(info).to_string();
        assert_eq!(of("redis_version:7.2.4\r\nvalkey_version:9.1.2\r\nslotmesh_version:0.1.0\r\n"), "slotmesh 0.1.0");
        assert_eq!(of("redis_version:7.2.4\r\nvalkey_version:9.1.2\r\n"), "Valkey 9.1.2");
        assert_eq!(of("redis_version:7.0.15\r\n"), "Redis 7.0.15");
        assert_eq!(of("# Server\r\n"), "unknown");
    }
}
