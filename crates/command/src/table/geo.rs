//! Commands of the group `geo`.

use super::argument::{block, double, integer, key, one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use super::key_places::KeyPlace;
use super::key_spec::{Find, KeySpec};
use crate::call::is_word;
use crate::commands::geo;

pub(super) const GEOADD: Command = Command::new(
    "geoadd",
    -5,
    Group::Geo,
    "3.2.0",
    "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
)
.complexity("O(log(N)) for each item added, where N is the number of elements in the sorted set.")
.history(&[("6.2.0", "Added the `CH`, `NX` and `XX` options.")])
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::Geo, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "update"])])
.arguments(&[
    key("key", 0),
    one_of("condition", &[word("nx", "NX"), word("xx", "XX")]).since("6.2.0").optional(),
    word("change", "CH").since("6.2.0").optional(),
    block("data", &[double("longitude"), double("latitude"), string("member")]).multiple(),
])
.keyed(geo::geoadd);

pub(super) const GEODIST: Command =
    Command::new("geodist", -4, Group::Geo, "3.2.0", "Returns the distance between two members of a geospatial index.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Geo, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            string("member1"),
            string("member2"),
            one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]).optional(),
        ])
        .keyed(geo::geodist);

pub(super) const GEOHASH: Command =
    Command::new("geohash", -2, Group::Geo, "3.2.0", "Returns members from a geospatial index as geohash strings.")
        .complexity("O(1) for each member requested.")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Geo, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("member").optional().multiple()])
        .keyed(geo::geohash);

pub(super) const GEOPOS: Command = Command::new(
    "geopos",
    -2,
    Group::Geo,
    "3.2.0",
    "Returns the longitude and latitude of members from a geospatial index.",
)
.complexity("O(1) for each member requested.")
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Geo, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), string("member").optional().multiple()])
.keyed(geo::geopos);

pub(super) const GEORADIUS: Command = Command::new(
    "georadius",
    -6,
    Group::Geo,
    "3.2.0",
    "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.",
)
.complexity(
    "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center \
     and radius and M is the number of items inside the index.",
)
.history(&[("6.2.0", "Added the `ANY` option for `COUNT`."), ("7.0.0", "Added support for uppercase unit names.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
.categories(&[Category::Write, Category::Geo, Category::Slow])
.keys(&[
    KeySpec::at(1, &["RO", "access"]),
    KeySpec::after("STORE", 6, Find::Range { last: 0, step: 1, limit: 0 }, &["OW", "update", "variable_flags"]),
    KeySpec::after("STOREDIST", 6, Find::Range { last: 0, step: 1, limit: 0 }, &["OW", "update", "variable_flags"]),
])
.arguments(&[
    key("key", 0),
    double("longitude"),
    double("latitude"),
    double("radius"),
    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
    word("withcoord", "WITHCOORD").optional(),
    word("withdist", "WITHDIST").optional(),
    word("withhash", "WITHHASH").optional(),
    block("count-block", &[integer("count").token("COUNT"), word("any", "ANY").since("6.2.0").optional()]).optional(),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
    one_of(
        "store",
        &[key("storekey", 1).token("STORE").display("key"), key("storedistkey", 2).token("STOREDIST").display("key")],
    )
    .optional(),
])
.own_keys(search_keys)
.looks_up()
.keyed(geo::georadius);

pub(super) const GEORADIUS_RO: Command = Command::new(
    "georadius_ro",
    -6,
    Group::Geo,
    "3.2.10",
    "Returns members from a geospatial index that are within a distance from a coordinate.",
)
.complexity(
    "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center \
     and radius and M is the number of items inside the index.",
)
.history(&[("6.2.0", "Added the `ANY` option for `COUNT`."), ("7.0.0", "Added support for uppercase unit names.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Geo, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    double("longitude"),
    double("latitude"),
    double("radius"),
    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
    word("withcoord", "WITHCOORD").optional(),
    word("withdist", "WITHDIST").optional(),
    word("withhash", "WITHHASH").optional(),
    block("count-block", &[integer("count").token("COUNT"), word("any", "ANY").since("6.2.0").optional()]).optional(),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
])
.keyed(geo::georadius_ro);

pub(super) const GEORADIUSBYMEMBER: Command = Command::new(
    "georadiusbymember",
    -5,
    Group::Geo,
    "3.2.0",
    "Queries a geospatial index for members within a distance from a member, optionally stores the result.",
)
.complexity(
    "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center \
     and radius and M is the number of items inside the index.",
)
.history(&[("6.2.0", "Added the `ANY` option for `COUNT`."), ("7.0.0", "Added support for uppercase unit names.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
.categories(&[Category::Write, Category::Geo, Category::Slow])
.keys(&[
    KeySpec::at(1, &["RO", "access"]),
    KeySpec::after("STORE", 5, Find::Range { last: 0, step: 1, limit: 0 }, &["OW", "update", "variable_flags"]),
    KeySpec::after("STOREDIST", 5, Find::Range { last: 0, step: 1, limit: 0 }, &["OW", "update", "variable_flags"]),
])
.arguments(&[
    key("key", 0),
    string("member"),
    double("radius"),
    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
    word("withcoord", "WITHCOORD").optional(),
    word("withdist", "WITHDIST").optional(),
    word("withhash", "WITHHASH").optional(),
    block("count-block", &[integer("count").token("COUNT"), word("any", "ANY").optional()]).optional(),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
    one_of(
        "store",
        &[key("storekey", 1).token("STORE").display("key"), key("storedistkey", 2).token("STOREDIST").display("key")],
    )
    .optional(),
])
.own_keys(search_keys)
.looks_up()
.keyed(geo::georadiusbymember);

pub(super) const GEORADIUSBYMEMBER_RO: Command = Command::new(
    "georadiusbymember_ro",
    -5,
    Group::Geo,
    "3.2.10",
    "Returns members from a geospatial index that are within a distance from a member.",
)
.complexity(
    "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center \
     and radius and M is the number of items inside the index.",
)
.history(&[("6.2.0", "Added the `ANY` option for `COUNT`."), ("7.0.0", "Added support for uppercase unit names.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Geo, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    string("member"),
    double("radius"),
    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
    word("withcoord", "WITHCOORD").optional(),
    word("withdist", "WITHDIST").optional(),
    word("withhash", "WITHHASH").optional(),
    block("count-block", &[integer("count").token("COUNT"), word("any", "ANY").optional()]).optional(),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
])
.keyed(geo::georadiusbymember_ro);

pub(super) const GEOSEARCH: Command = Command::new(
    "geosearch",
    -7,
    Group::Geo,
    "6.2.0",
    "Queries a geospatial index for members inside an area of a box, circle, or a polygon.",
)
.complexity(
    "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided \
     as the filter and M is the number of items inside the shape",
)
.history(&[("7.0.0", "Added support for uppercase unit names."), ("9.0.0", "Added support for the BYPOLYGON option.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Geo, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    one_of(
        "from",
        &[
            string("member").token("FROMMEMBER"),
            block("fromlonlat", &[double("longitude"), double("latitude")]).token("FROMLONLAT"),
        ],
    )
    .optional(),
    one_of(
        "by",
        &[
            block(
                "circle",
                &[
                    double("radius").token("BYRADIUS"),
                    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
                ],
            ),
            block(
                "box",
                &[
                    double("width").token("BYBOX"),
                    double("height"),
                    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
                ],
            ),
            block(
                "polygon",
                &[
                    integer("num-vertices").token("BYPOLYGON"),
                    block("vertices", &[double("longitude"), double("latitude")]).multiple(),
                ],
            )
            .since("9.0.0"),
        ],
    ),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
    block("count-block", &[integer("count").token("COUNT"), word("any", "ANY").optional()]).optional(),
    word("withcoord", "WITHCOORD").optional(),
    word("withdist", "WITHDIST").optional(),
    word("withhash", "WITHHASH").optional(),
])
.keyed(geo::geosearch);

pub(super) const GEOSEARCHSTORE: Command = Command::new(
    "geosearchstore",
    -8,
    Group::Geo,
    "6.2.0",
    "Queries a geospatial index for members inside an area of a box, a circle, or a polygon, optionally stores the \
     result.",
)
.complexity(
    "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided \
     as the filter and M is the number of items inside the shape",
)
.history(&[("7.0.0", "Added support for uppercase unit names."), ("9.0.0", "Added support for the BYPOLYGON option.")])
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::Geo, Category::Slow])
.keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::at(2, &["RO", "access"])])
.arguments(&[
    key("destination", 0),
    key("source", 1),
    one_of(
        "from",
        &[
            string("member").token("FROMMEMBER"),
            block("fromlonlat", &[double("longitude"), double("latitude")]).token("FROMLONLAT"),
        ],
    )
    .optional(),
    one_of(
        "by",
        &[
            block(
                "circle",
                &[
                    double("radius").token("BYRADIUS"),
                    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
                ],
            ),
            block(
                "box",
                &[
                    double("width").token("BYBOX"),
                    double("height"),
                    one_of("unit", &[word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI")]),
                ],
            ),
            block(
                "polygon",
                &[
                    integer("num-vertices").token("BYPOLYGON"),
                    block("vertices", &[double("longitude"), double("latitude")]).multiple(),
                ],
            )
            .since("9.0.0"),
        ],
    ),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
    block("count-block", &[integer("count").token("COUNT"), word("any", "ANY").optional()]).optional(),
    word("storedist", "STOREDIST").optional(),
])
.looks_up()
.keyed(geo::geosearchstore);

/// The keys of GEORADIUS and GEORADIUSBYMEMBER: the one that is searched and, of those behind STORE and STOREDIST, the
/// last.
fn search_keys(args: &[&[u8]]) -> Vec<KeyPlace> {
    let (mut target, mut word) = (None, 5);
    while word + 1 < args.len() {
        if ["store", "storedist"].iter().any(|option| is_word(args[word], option)) {
            target = Some(word + 1);
            word += 1;
        }
        word += 1;
    }
    let source = KeyPlace { word: 1, flags: &["RO", "access"] };
    let target = target.map(|word| KeyPlace { word, flags: &["OW", "update"] });
    std::iter::once(source).chain(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(request: &str) -> Vec<usize> {
        let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        search_keys(&words).into_iter().map(|place| place.word).collect()
    }

    #[test]
    fn the_last_key_to_store_to_is_the_one() {
        assert_eq!(keys("georadius k 1 1 1 m asc"), [1]);
        assert_eq!(keys("georadius k 1 1 1 m STORE a storedist b"), [1, 9]);
        assert_eq!(keys("georadiusbymember k m 1 m store store asc"), [1, 6]);
        assert_eq!(keys("georadiusbymember k m 1 m store"), [1]);
    }
}
