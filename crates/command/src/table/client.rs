//! CLIENT and its subcommands.

use super::argument::{integer, one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use crate::commands::{client, help, tracking};

pub(super) const CLIENT: Command =
    Command::new("client", -2, Group::Connection, "2.4.0", "A container for client connection commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "CACHING (YES|NO)",
            "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
            "CAPA <option> [options...]",
            "    The client claims its some capability options. Options are:",
            "    * REDIRECT",
            "      The client can handle redirection during primary and replica failover in standalone mode.",
            "GETREDIR",
            "    Return the client ID we are redirecting to when tracking is enabled.",
            "GETNAME",
            "    Return the name of the current connection.",
            "ID",
            "    Return the ID of the current connection.",
            "INFO",
            "    Return information about the current client connection.",
            "KILL <ip:port>",
            "    Kill connection made from <ip:port>.",
            "KILL <option> <value> [<option> <value> [...]]",
            "    Kill connections. Options are:",
            "    * ADDR (<ip:port>|<unixsocket>:0)",
            "      Kill connections made from the specified address.",
            "    * LADDR (<ip:port>|<unixsocket>:0)",
            "      Kill connections made to the specified local address.",
            "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
            "      Kill connections by type.",
            "    * USER <username>",
            "      Kill connections authenticated by <username>.",
            "    * SKIPME (YES|NO)",
            "      Skip killing current connection (default: yes).",
            "    * ID <client-id> [<client-id>...]",
            "      Kill connections by client IDs.",
            "    * MAXAGE <maxage>",
            "      Kill connections older than the specified age.",
            "    * FLAGS <flags>",
            "      Kill connections that include the specified flags.",
            "    * NAME <client-name>",
            "      Kill connections with the specified name.",
            "    * IDLE <idle>",
            "      Kill connections with idle time greater than or equal to <idle> seconds.",
            "    * LIB-NAME <library-name>",
            "      Kill connections with the specified library name.",
            "    * LIB-VER <library-version>",
            "      Kill connections with the specified library version.",
            "    * DB <db-id>",
            "      Kill connections currently operating on the specified database ID.",
            "    * CAPA <capa>",
            "      Kill connections currently with the specified capa.",
            "    * IP <ip>",
            "      Kill connections made from the specified ip.",
            "LIST [options ...]",
            "    Return information about client connections. Options:",
            "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
            "      Return clients of specified type.",
            "    * USER <username>",
            "      Return clients authenticated by <username>.",
            "    * ADDR <ip:port>",
            "      Return clients connected from the specified address.",
            "    * LADDR <ip:port>",
            "      Return clients connected to the specified local address.",
            "    * ID <client-id> [<client-id>...]",
            "      Return clients with the specified IDs.",
            "    * SKIPME (YES|NO)",
            "      Exclude the current client from the list (default: no).",
            "    * MAXAGE <maxage>",
            "      List connections older than the specified age.",
            "    * FLAGS <flags>",
            "      Return clients with the specified flags.",
            "    * NAME <client-name>",
            "      Return clients with the specified name.",
            "    * IDLE <idle>",
            "      Return clients with idle time greater than or equal to <idle> seconds.",
            "    * LIB-NAME <lib-name>",
            "      Return clients with the specified lib name.",
            "    * LIB-VER <lib-version>",
            "      Return clients with the specified lib version.",
            "    * DB <db-id>",
            "      Return clients currently operating on the specified database ID.",
            "    * CAPA <capa>",
            "      Return connections currently with the specified capa.",
            "    * IP <ip>",
            "      Return connections made from the specified ip.",
            "UNPAUSE",
            "    Stop the current client pause, resuming traffic.",
            "PAUSE <timeout> [WRITE|ALL]",
            "    Suspend all, or just write, clients for <timeout> milliseconds.",
            "REPLY (ON|OFF|SKIP)",
            "    Control the replies sent to the current connection.",
            "SETNAME <name>",
            "    Assign the name <name> to the current connection.",
            "UNBLOCK <clientid> [TIMEOUT|ERROR]",
            "    Unblock the specified blocked client.",
            "SETINFO <option> <value>",
            "    Set client meta attr. Options are:",
            "    * LIB-NAME: the client lib name.",
            "    * LIB-VER: the client lib version.",
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
            "         [OPTIN] [OPTOUT] [NOLOOP]",
            "    Control server assisted client side caching.",
            "TRACKINGINFO",
            "    Report tracking status for the current connection.",
            "NO-EVICT (ON|OFF)",
            "    Protect current client connection from eviction.",
            "NO-TOUCH (ON|OFF)",
            "    Will not touch LRU/LFU stats when this mode is on.",
            "IMPORT-SOURCE (ON|OFF)",
            "    Mark this connection as an import source if import-mode is enabled.",
            "    Sync tools can set their connections into 'import-source' state to visit",
            "    expired keys.",
        ])
        .subcommands(&[
            CACHING,
            CAPA,
            GETNAME,
            GETREDIR,
            HELP,
            ID,
            IMPORT_SOURCE,
            INFO,
            KILL,
            LIST,
            NO_EVICT,
            NO_TOUCH,
            PAUSE,
            REPLY,
            SETINFO,
            SETNAME,
            TRACKING,
            TRACKINGINFO,
            UNBLOCK,
            UNPAUSE,
        ]);

const CACHING: Command = Command::new(
    "caching",
    3,
    Group::Connection,
    "6.0.0",
    "Instructs the server whether to track the keys in the next request.",
)
.complexity("O(1)")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
.categories(&[Category::Slow, Category::Connection])
.arguments(&[one_of("mode", &[word("yes", "YES"), word("no", "NO")])])
.handler(tracking::caching);

const CAPA: Command = Command::new("capa", -3, Group::Connection, "8.0.0", "A client claims its capability.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
    .categories(&[Category::Slow, Category::Connection])
    .arguments(&[string("capability").multiple()])
    .handler(client::capa);

const GETNAME: Command = Command::new("getname", 2, Group::Connection, "2.6.9", "Returns the name of the connection.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
    .categories(&[Category::Slow, Category::Connection])
    .handler(client::getname);

const GETREDIR: Command = Command::new(
    "getredir",
    2,
    Group::Connection,
    "6.0.0",
    "Returns the client ID to which the connection's tracking notifications are redirected.",
)
.complexity("O(1)")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
.categories(&[Category::Slow, Category::Connection])
.handler(tracking::getredir);

const HELP: Command =
    Command::new("help", 2, Group::Connection, "5.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Connection])
        .handler(help::help);

const ID: Command =
    Command::new("id", 2, Group::Connection, "5.0.0", "Returns the unique client ID of the connection.")
        .complexity("O(1)")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
        .categories(&[Category::Slow, Category::Connection])
        .handler(client::id);

const IMPORT_SOURCE: Command = Command::new(
    "import-source",
    3,
    Group::Connection,
    "8.1.0",
    "Marks this client as an import source when the server is in import mode.",
)
.complexity("O(1)")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale])
.categories(&[Category::Slow, Category::Connection])
.arguments(&[one_of("enabled", &[word("on", "ON"), word("off", "OFF")])])
.handler(client::import_source);

const INFO: Command = Command::new("info", 2, Group::Connection, "6.2.0", "Returns information about the connection.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Slow, Category::Connection])
    .tips(&["nondeterministic_output"])
    .handler(client::info);

const KILL: Command = Command::new("kill", -3, Group::Connection, "2.4.0", "Terminates open connections.")
    .complexity("O(N) where N is the number of client connections")
    .history(&[
        ("2.8.12", "Added new filter format."),
        ("2.8.12", "`ID` option."),
        ("3.2.0", "Added `master` type in for `TYPE` option."),
        (
            "5.0.0",
            "Replaced `slave` `TYPE` with `replica`. `slave` still supported for \
backward compatibility.",
        ),
        ("6.2.0", "`LADDR` option."),
        ("8.0.0", "`MAXAGE` option."),
        (
            "8.0.0",
            "Replaced `master` `TYPE` with `primary`. `master` still supported for \
backward compatibility.",
        ),
        ("8.1.0", "`ID` option accepts multiple IDs."),
        (
            "9.0.0",
            "Added filters NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA, and IP. And \
negative filters NOT-ID, NOT-TYPE, NOT-ADDR, NOT-LADDR, NOT-USER, \
NOT-FLAGS, NOT-NAME, NOT-LIB-NAME, NOT-LIB-VER, NOT-DB, NOT-CAPA, NOT-IP.",
        ),
    ])
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous, Category::Connection])
    .arguments(&[one_of(
        "filter",
        &[
            string("old-format").display("ip:port").deprecated("2.8.12"),
            one_of(
                "new-format",
                &[
                    integer("client-id").token("ID").since("2.8.12").optional().multiple(),
                    one_of(
                        "client-type",
                        &[
                            word("normal", "NORMAL"),
                            word("master", "MASTER").since("3.2.0"),
                            word("primary", "PRIMARY").since("8.0.0"),
                            word("slave", "SLAVE"),
                            word("replica", "REPLICA").since("5.0.0"),
                            word("pubsub", "PUBSUB"),
                        ],
                    )
                    .token("TYPE")
                    .since("2.8.12")
                    .optional(),
                    string("username").token("USER").optional(),
                    string("addr").display("ip:port").token("ADDR").optional(),
                    string("laddr").display("ip:port").token("LADDR").since("6.2.0").optional(),
                    one_of("skipme", &[word("yes", "YES"), word("no", "NO")]).token("SKIPME").optional(),
                    integer("maxage").token("MAXAGE").since("8.0.0").optional(),
                    string("name").token("NAME").since("9.0.0").optional(),
                    integer("idle").token("IDLE").since("9.0.0").optional(),
                    string("flags").token("FLAGS").since("9.0.0").optional(),
                    string("lib-name").token("LIB-NAME").since("9.0.0").optional(),
                    string("lib-ver").token("LIB-VER").since("9.0.0").optional(),
                    integer("db").token("DB").since("9.0.0").optional(),
                    string("capa").token("CAPA").since("9.0.0").optional(),
                    string("ip").token("IP").since("9.0.0").optional(),
                    one_of(
                        "not-client-type",
                        &[
                            word("normal", "NORMAL"),
                            word("master", "MASTER"),
                            word("primary", "PRIMARY"),
                            word("slave", "SLAVE"),
                            word("replica", "REPLICA"),
                            word("pubsub", "PUBSUB"),
                        ],
                    )
                    .token("NOT-TYPE")
                    .since("9.0.0")
                    .optional(),
                    integer("not-client-id").token("NOT-ID").since("9.0.0").optional().multiple(),
                    string("not-username").token("NOT-USER").since("9.0.0").optional(),
                    string("not-addr").display("ip:port").token("NOT-ADDR").since("9.0.0").optional(),
                    string("not-laddr").display("ip:port").token("NOT-LADDR").since("9.0.0").optional(),
                    string("not-name").token("NOT-NAME").since("9.0.0").optional(),
                    string("not-flags").token("NOT-FLAGS").since("9.0.0").optional(),
                    string("not-lib-name").token("NOT-LIB-NAME").since("9.0.0").optional(),
                    string("not-lib-ver").token("NOT-LIB-VER").since("9.0.0").optional(),
                    integer("not-db").token("NOT-DB").since("9.0.0").optional(),
                    string("not-capa").token("NOT-CAPA").since("9.0.0").optional(),
                    string("not-ip").token("NOT-IP").since("9.0.0").optional(),
                ],
            )
            .multiple(),
        ],
    )])
    .handler(client::kill);

const LIST: Command = Command::new("list", -2, Group::Connection, "2.4.0", "Lists open connections.")
    .complexity("O(N) where N is the number of client connections")
    .history(&[
        ("2.8.12", "Added unique client `id` field."),
        ("5.0.0", "Added optional `TYPE` filter."),
        ("6.0.0", "Added `user` field."),
        (
            "6.2.0",
            "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional \
`ID` filter.",
        ),
        ("7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."),
        ("7.0.3", "Added `ssub` field."),
        (
            "8.0.0",
            "Replaced `master` `TYPE` with `primary`. `master` still supported for \
backward compatibility.",
        ),
        ("8.1.0", "Added filters USER, ADDR, LADDR, SKIPME, and MAXAGE."),
        (
            "9.0.0",
            "Added filters NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA, and IP. And \
negative filters NOT-ID, NOT-TYPE, NOT-ADDR, NOT-LADDR, NOT-USER, \
NOT-FLAGS, NOT-NAME, NOT-LIB-NAME, NOT-LIB-VER, NOT-DB, NOT-CAPA, NOT-IP.",
        ),
    ])
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous, Category::Connection])
    .tips(&["nondeterministic_output"])
    .arguments(&[
        one_of(
            "client-type",
            &[word("normal", "NORMAL"), word("master", "MASTER"), word("replica", "REPLICA"), word("pubsub", "PUBSUB")],
        )
        .token("TYPE")
        .since("5.0.0")
        .optional(),
        integer("client-id").token("ID").since("6.2.0").optional().multiple(),
        string("username").token("USER").since("8.1.0").optional(),
        string("addr").display("ip:port").token("ADDR").since("8.1.0").optional(),
        string("laddr").display("ip:port").token("LADDR").since("8.1.0").optional(),
        one_of("skipme", &[word("yes", "YES"), word("no", "NO")]).token("SKIPME").since("8.1.0").optional(),
        integer("maxage").token("MAXAGE").since("8.1.0").optional(),
        string("name").token("NAME").since("9.0.0").optional(),
        integer("idle").token("IDLE").since("9.0.0").optional(),
        string("flags").token("FLAGS").since("9.0.0").optional(),
        string("lib-name").token("LIB-NAME").since("9.0.0").optional(),
        string("lib-ver").token("LIB-VER").since("9.0.0").optional(),
        integer("db").token("DB").since("9.0.0").optional(),
        string("capa").token("CAPA").since("9.0.0").optional(),
        string("ip").token("IP").since("9.0.0").optional(),
        one_of(
            "not-client-type",
            &[word("normal", "NORMAL"), word("master", "MASTER"), word("replica", "REPLICA"), word("pubsub", "PUBSUB")],
        )
        .token("NOT-TYPE")
        .since("9.0.0")
        .optional(),
        integer("not-client-id").token("NOT-ID").since("9.0.0").optional().multiple(),
        string("not-username").token("NOT-USER").since("9.0.0").optional(),
        string("not-addr").display("ip:port").token("NOT-ADDR").since("9.0.0").optional(),
        string("not-laddr").display("ip:port").token("NOT-LADDR").since("9.0.0").optional(),
        string("not-name").token("NOT-NAME").since("9.0.0").optional(),
        string("not-flags").token("NOT-FLAGS").since("9.0.0").optional(),
        string("not-lib-name").token("NOT-LIB-NAME").since("9.0.0").optional(),
        string("not-lib-ver").token("NOT-LIB-VER").since("9.0.0").optional(),
        integer("not-db").token("NOT-DB").since("9.0.0").optional(),
        string("not-capa").token("NOT-CAPA").since("9.0.0").optional(),
        string("not-ip").token("NOT-IP").since("9.0.0").optional(),
    ])
    .handler(client::list);

const NO_EVICT: Command =
    Command::new("no-evict", 3, Group::Connection, "7.0.0", "Sets the client eviction mode of the connection.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous, Category::Connection])
        .arguments(&[one_of("enabled", &[word("on", "ON"), word("off", "OFF")])])
        .handler(client::no_evict);

const NO_TOUCH: Command = Command::new(
    "no-touch",
    3,
    Group::Connection,
    "7.2.0",
    "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
)
.complexity("O(1)")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
.categories(&[Category::Slow, Category::Connection])
.arguments(&[one_of("enabled", &[word("on", "ON"), word("off", "OFF")])])
.handler(client::no_touch);

const PAUSE: Command = Command::new("pause", -3, Group::Connection, "3.0.0", "Suspends commands processing.")
    .complexity("O(1)")
    .history(&[("6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option.")])
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous, Category::Connection])
    .arguments(&[
        integer("timeout"),
        one_of("mode", &[word("write", "WRITE"), word("all", "ALL")]).since("6.2.0").optional(),
    ])
    .wide(client::pause);

const REPLY: Command =
    Command::new("reply", 3, Group::Connection, "3.2.0", "Instructs the server whether to reply to commands.")
        .complexity("O(1)")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::NoMulti, Flag::AllowBusy])
        .categories(&[Category::Slow, Category::Connection])
        .arguments(&[one_of("action", &[word("on", "ON"), word("off", "OFF"), word("skip", "SKIP")])])
        .handler(client::reply);

const SETINFO: Command =
    Command::new("setinfo", 4, Group::Connection, "7.2.0", "Sets information specific to the client or connection.")
        .complexity("O(1)")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
        .categories(&[Category::Slow, Category::Connection])
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .arguments(&[one_of("attr", &[string("libname").token("LIB-NAME"), string("libver").token("LIB-VER")])])
        .handler(client::setinfo);

const SETNAME: Command = Command::new("setname", 3, Group::Connection, "2.6.9", "Sets the connection name.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
    .categories(&[Category::Slow, Category::Connection])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .arguments(&[string("connection-name")])
    .handler(client::setname);

const TRACKING: Command = Command::new(
    "tracking",
    -3,
    Group::Connection,
    "6.0.0",
    "Controls server-assisted client-side caching for the connection.",
)
.complexity("O(1). Some options may introduce additional complexity.")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale])
.categories(&[Category::Slow, Category::Connection])
.arguments(&[
    one_of("status", &[word("on", "ON"), word("off", "OFF")]),
    integer("client-id").token("REDIRECT").optional(),
    string("prefix").token("PREFIX").optional().multiple().multiple_token(),
    word("bcast", "BCAST").optional(),
    word("optin", "OPTIN").optional(),
    word("optout", "OPTOUT").optional(),
    word("noloop", "NOLOOP").optional(),
])
.handler(tracking::tracking);

const TRACKINGINFO: Command = Command::new(
    "trackinginfo",
    2,
    Group::Connection,
    "6.2.0",
    "Returns information about server-assisted client-side caching for the connection.",
)
.complexity("O(1)")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale])
.categories(&[Category::Slow, Category::Connection])
.handler(tracking::trackinginfo);

const UNBLOCK: Command = Command::new(
    "unblock",
    -3,
    Group::Connection,
    "5.0.0",
    "Unblocks a client blocked by a blocking command from a different connection.",
)
.complexity("O(log N) where N is the number of client connections")
.flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous, Category::Connection])
.arguments(&[
    integer("client-id"),
    one_of("unblock-type", &[word("timeout", "TIMEOUT"), word("error", "ERROR")]).optional(),
])
.wide(client::unblock);

const UNPAUSE: Command =
    Command::new("unpause", 2, Group::Connection, "6.2.0", "Resumes processing commands from paused clients.")
        .complexity("O(N) Where N is the number of paused clients")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous, Category::Connection])
        .handler(client::unpause);
