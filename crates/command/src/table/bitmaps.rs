//! Commands of the group `bitmap`.

use super::argument::{block, integer, key, one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::bitmaps;

pub(super) const BITCOUNT: Command = Command::new(
    "bitcount",
    -2,
    Group::Bitmap,
    "2.6.0",
    "Counts the number of set bits (population counting) in a string.",
)
.complexity("O(N)")
.history(&[
    ("7.0.0", "Added the `BYTE|BIT` option."),
    ("8.0.0", "`end` made optional; when called without argument the command reports the last BYTE."),
])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Bitmap, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    block(
        "range",
        &[
            integer("start"),
            block(
                "end-unit-block",
                &[
                    integer("end"),
                    one_of("unit", &[word("byte", "BYTE"), word("bit", "BIT")]).since("7.0.0").optional(),
                ],
            )
            .optional(),
        ],
    )
    .optional(),
])
.keyed(bitmaps::bitcount);

pub(super) const BITFIELD: Command =
    Command::new("bitfield", -2, Group::Bitmap, "3.2.0", "Performs arbitrary bitfield integer operations on strings.")
        .complexity("O(1) for each subcommand specified")
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::Bitmap, Category::Slow])
        .keys(&[KeySpec::at(1, &["RW", "access", "update", "variable_flags"])
            .notes("This command allows both access and modification of the key")])
        .arguments(&[
            key("key", 0),
            one_of(
                "operation",
                &[
                    block("get-block", &[string("encoding"), integer("offset")]).token("GET"),
                    block(
                        "write",
                        &[
                            one_of("overflow-block", &[word("wrap", "WRAP"), word("sat", "SAT"), word("fail", "FAIL")])
                                .token("OVERFLOW")
                                .optional(),
                            one_of(
                                "write-operation",
                                &[
                                    block("set-block", &[string("encoding"), integer("offset"), integer("value")])
                                        .token("SET"),
                                    block(
                                        "incrby-block",
                                        &[string("encoding"), integer("offset"), integer("increment")],
                                    )
                                    .token("INCRBY"),
                                ],
                            ),
                        ],
                    ),
                ],
            )
            .optional()
            .multiple(),
        ])
        .own_keys(bitmaps::bitfield_keys)
        .keyed(bitmaps::bitfield);

pub(super) const BITFIELD_RO: Command = Command::new(
    "bitfield_ro",
    -2,
    Group::Bitmap,
    "6.0.0",
    "Performs arbitrary read-only bitfield integer operations on strings.",
)
.complexity("O(1) for each subcommand specified")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::Bitmap, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    block("get-block", &[string("encoding"), integer("offset")]).token("GET").optional().multiple().multiple_token(),
])
.keyed(bitmaps::bitfield_ro);

pub(super) const BITOP: Command = Command::new(
    "bitop",
    -4,
    Group::Bitmap,
    "2.6.0",
    "Performs bitwise operations on multiple strings, and stores the result.",
)
.complexity("O(N)")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::Bitmap, Category::Slow])
.keys(&[KeySpec::at(2, &["OW", "update"]), KeySpec::range(3, -1, 1, &["RO", "access"])])
.arguments(&[
    one_of("operation", &[word("and", "AND"), word("or", "OR"), word("xor", "XOR"), word("not", "NOT")]),
    key("destkey", 0),
    key("key", 1).multiple(),
])
.looks_up()
.keyed(bitmaps::bitop);

pub(super) const BITPOS: Command =
    Command::new("bitpos", -3, Group::Bitmap, "2.8.7", "Finds the first set (1) or clear (0) bit in a string.")
        .complexity("O(N)")
        .history(&[("7.0.0", "Added the `BYTE|BIT` option.")])
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Bitmap, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            integer("bit"),
            block(
                "range",
                &[
                    integer("start"),
                    block(
                        "end-unit-block",
                        &[
                            integer("end"),
                            one_of("unit", &[word("byte", "BYTE"), word("bit", "BIT")]).since("7.0.0").optional(),
                        ],
                    )
                    .optional(),
                ],
            )
            .optional(),
        ])
        .keyed(bitmaps::bitpos);

pub(super) const GETBIT: Command = Command::new("getbit", 3, Group::Bitmap, "2.2.0", "Returns a bit value by offset.")
    .complexity("O(1)")
    .flags(&[Flag::Readonly, Flag::Fast])
    .categories(&[Category::Read, Category::Bitmap, Category::Fast])
    .keys(&[KeySpec::at(1, &["RO", "access"])])
    .arguments(&[key("key", 0), integer("offset")])
    .keyed(bitmaps::getbit);

pub(super) const SETBIT: Command = Command::new(
    "setbit",
    4,
    Group::Bitmap,
    "2.2.0",
    "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::Bitmap, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), integer("offset"), integer("value")])
.keyed(bitmaps::setbit);
