//! Commands of the group `connection`, CLIENT aside.

use super::argument::{block, integer, string};
use super::command::{Category, Command, Flag, Group};
use crate::commands::connection;

pub(super) const AUTH: Command = Command::new("auth", -2, Group::Connection, "1.0.0", "Authenticates the connection.")
    .complexity("O(N) where N is the number of passwords defined for the user")
    .history(&[("6.0.0", "Added ACL style (username and password).")])
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::NoAuth, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Connection])
    .arguments(&[string("username").since("6.0.0").optional(), string("password")])
    .handler(connection::auth);

pub(super) const ECHO: Command = Command::new("echo", 2, Group::Connection, "1.0.0", "Returns the given string.")
    .complexity("O(1)")
    .flags(&[Flag::Loading, Flag::Stale, Flag::Fast])
    .categories(&[Category::Fast, Category::Connection])
    .arguments(&[string("message")])
    .handler(connection::echo);

pub(super) const HELLO: Command = Command::new("hello", -1, Group::Connection, "6.0.0", "Handshakes with the server.")
    .complexity("O(1)")
    .history(&[
        (
            "8.1.0",
            "A new `availability_zone` field is added to the response if the \
`availability-zone` config is set.",
        ),
        (
            "6.2.0",
            "`protover` made optional; when called without arguments the command \
reports the current connection's context.",
        ),
    ])
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::NoAuth, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Connection])
    .arguments(&[block(
        "arguments",
        &[
            integer("protover"),
            block("auth", &[string("username"), string("password")]).token("AUTH").optional(),
            string("clientname").token("SETNAME").optional(),
        ],
    )
    .optional()])
    .handler(connection::hello);

pub(super) const PING: Command =
    Command::new("ping", -1, Group::Connection, "1.0.0", "Returns the server's liveliness response.")
        .complexity("O(1)")
        .flags(&[Flag::Fast])
        .categories(&[Category::Fast, Category::Connection])
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .arguments(&[string("message").optional()])
        .handler(connection::ping);

pub(super) const QUIT: Command = Command::new("quit", -1, Group::Connection, "1.0.0", "Closes the connection.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::NoAuth, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Connection])
    .handler(connection::quit);

pub(super) const RESET: Command = Command::new("reset", 1, Group::Connection, "6.2.0", "Resets the connection.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::NoAuth, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Connection])
    .handler(connection::reset);

pub(super) const SELECT: Command =
    Command::new("select", 2, Group::Connection, "1.0.0", "Changes the selected database.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale, Flag::Fast, Flag::AllowBusy])
        .categories(&[Category::Fast, Category::Connection])
        .arguments(&[integer("index")])
        .handler(connection::select);
