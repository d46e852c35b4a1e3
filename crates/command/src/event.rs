//! What happens to keys, for those who subscribe to it. Source: `notify-keyspace-events`.

use slotmesh_store::KeyNote;

/// Kinds of events, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classes(u32);

/// Letters of `notify-keyspace-events`, with what they stand for.
const LETTERS: [(char, Classes); 13] = [
    ('g', Classes::GENERIC),
    ('$', Classes::STRING),
    ('l', Classes::LIST),
    ('s', Classes::SET),
    ('h', Classes::HASH),
    ('z', Classes::SORTED_SET),
    ('x', Classes::EXPIRED),
    ('e', Classes::EVICTED),
    ('t', Classes::STREAM),
    ('K', Classes::KEYSPACE),
    ('E', Classes::KEYEVENT),
    ('m', Classes::KEY_MISS),
    ('n', Classes::NEW),
];

impl Classes {
    /// Tell on the channel of the key.
    pub(crate) const KEYSPACE: Self = Self(1);
    /// Tell on the channel of the event.
    pub(crate) const KEYEVENT: Self = Self(1 << 1);
    pub(crate) const GENERIC: Self = Self(1 << 2);
    pub(crate) const STRING: Self = Self(1 << 3);
    pub(crate) const LIST: Self = Self(1 << 4);
    pub(crate) const SET: Self = Self(1 << 5);
    pub(crate) const HASH: Self = Self(1 << 6);
    pub(crate) const SORTED_SET: Self = Self(1 << 7);
    pub(crate) const EXPIRED: Self = Self(1 << 8);
    pub(crate) const EVICTED: Self = Self(1 << 9);
    pub(crate) const STREAM: Self = Self(1 << 10);
    pub(crate) const KEY_MISS: Self = Self(1 << 11);
    pub(crate) const NEW: Self = Self(1 << 12);
    /// What `A` stands for: all but misses and new keys. What modules would tell (`d`) never happens.
    const ALL: Self = Self(0x7fc);

    /// Reads the letters; `None` when one is unknown.
    pub(crate) fn parse(letters: &str) -> Option<Self> {
        letters.chars().try_fold(Self::default(), |all, letter| {
            let bits = match letter {
                'A' => Self::ALL,
                'd' => Self::default(),
                letter => LETTERS.iter().find(|(known, _)| *known == letter)?.1,
            };
            Some(Self(all.0 | bits.0))
        })
    }

    /// Whether any of these is among them.
    pub(crate) fn has(self, class: Self) -> bool {
        self.0 & class.0 != 0
    }

    /// Whether anything is told at all.
    pub(crate) fn any(self) -> bool {
        self.has(Self(Self::KEYSPACE.0 | Self::KEYEVENT.0)) && self.0 > 3
    }
}

/// Something that has happened to a key.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) key: Box<[u8]>,
}

impl From<(Box<[u8]>, KeyNote)> for Event {
    fn from((key, note): (Box<[u8]>, KeyNote)) -> Self {
        let name = match note {
            KeyNote::Missing => "keymiss",
            KeyNote::New => "new",
        };
        Self { name, key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_add_up() {
        assert_eq!(Classes::parse("Kg$"), Some(Classes(0b1101)));
        assert_eq!(Classes::parse("AKE"), Some(Classes(0x7ff)));
        assert!(!Classes::parse("AKE").expect("known letters").has(Classes::KEY_MISS));
        assert_eq!(Classes::parse("K?"), None);
    }

    #[test]
    fn nothing_is_told_without_a_channel_or_without_events() {
        for quiet in ["", "A", "KE"] {
            assert!(!Classes::parse(quiet).expect("known letters").any(), "{quiet}");
        }
        assert!(Classes::parse("Kx").expect("known letters").any());
    }
}
