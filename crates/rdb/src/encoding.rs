//! The numbers of the format.

/// How a value is written. Source: `RDB_TYPE_*` in `rdb.h` of Valkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Text,
    List,
    Set,
    SortedSet,
    Hash,
    SortedSet2,
    HashZipmap,
    ListZiplist,
    SetInts,
    SortedSetZiplist,
    HashZiplist,
    ListOfZiplists,
    Stream,
    HashListpack,
    SortedSetListpack,
    ListOfListpacks,
    Stream2,
    SetListpack,
    Stream3,
    HashWithTerms,
}

/// Each with its number, and the version of the format that brought it. Texts and tables are as old as the format; but what is
/// older than 9 nobody asks for.
const NUMBERS: [(Encoding, u8, u16); 20] = [
    (Encoding::Text, 0, 9),
    (Encoding::List, 1, 9),
    (Encoding::Set, 2, 9),
    (Encoding::SortedSet, 3, 9),
    (Encoding::Hash, 4, 9),
    (Encoding::SortedSet2, 5, 9),
    (Encoding::HashZipmap, 9, 9),
    (Encoding::ListZiplist, 10, 9),
    (Encoding::SetInts, 11, 9),
    (Encoding::SortedSetZiplist, 12, 9),
    (Encoding::HashZiplist, 13, 9),
    (Encoding::ListOfZiplists, 14, 9),
    (Encoding::Stream, 15, 9),
    (Encoding::HashListpack, 16, 10),
    (Encoding::SortedSetListpack, 17, 10),
    (Encoding::ListOfListpacks, 18, 10),
    (Encoding::Stream2, 19, 10),
    (Encoding::SetListpack, 20, 11),
    (Encoding::Stream3, 21, 11),
    (Encoding::HashWithTerms, 22, 80),
];

impl Encoding {
    pub(crate) fn of(number: u8) -> Option<Self> {
        NUMBERS.iter().find(|(_, own, _)| *own == number).map(|(encoding, ..)| *encoding)
    }

    pub(crate) fn number(self) -> u8 {
        self.facts().0
    }

    /// The lowest version of the format that has it.
    pub(crate) fn version(self) -> u16 {
        self.facts().1
    }

    fn facts(self) -> (u8, u16) {
        let found = NUMBERS.iter().find(|(encoding, ..)| *encoding == self);
        found.map(|(_, number, version)| (*number, *version)).expect("each stands in the table")
    }
}

/// How long what follows is, by the two highest bits of a byte, or by the byte.
pub(crate) mod length {
    /// So many bits are taken by what kind of length it is.
    pub(crate) const SHIFT: u32 = 6;
    /// The other six bits are it.
    pub(crate) const BITS_6: u8 = 0;
    /// The other six bits and another byte are it.
    pub(crate) const BITS_14: u8 = 1;
    /// Four bytes are it, the highest first.
    pub(crate) const BYTES_4: u8 = 0x80;
    /// Eight bytes are it, the highest first.
    pub(crate) const BYTES_8: u8 = 0x81;
    /// It is none: the other six bits say how a text is written.
    pub(crate) const SPECIAL: u8 = 3;
}

/// How a text is written in a way of its own.
pub(crate) mod text {
    /// A number of one byte.
    pub(crate) const NUMBER_1: u8 = 0;
    /// A number of two bytes.
    pub(crate) const NUMBER_2: u8 = 1;
    /// A number of four bytes.
    pub(crate) const NUMBER_4: u8 = 2;
    /// Compressed.
    pub(crate) const LZF: u8 = 3;
}

/// What a piece of a list is.
pub(crate) mod piece {
    /// One long text.
    pub(crate) const PLAIN: u64 = 1;
    /// A listpack.
    pub(crate) const PACKED: u64 = 2;
}
