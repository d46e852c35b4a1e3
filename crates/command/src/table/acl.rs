//! ACL and its subcommands, as far as one user needs them.

use super::argument::string;
use super::command::{Category, Command, Flag, Group};
use crate::commands::{acl, help};

pub(super) const ACL: Command =
    Command::new("acl", -2, Group::Server, "6.0.0", "A container for Access List Control commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "CAT [<category>]",
            "    List all commands that belong to <category>, or all command categories",
            "    when no category is specified.",
            "SETUSER <username> <rule> [<rule> ...]",
            "    Create or modify a user with the specified rules.",
            "USERS",
            "    List all the registered usernames.",
            "WHOAMI",
            "    Return the current connection username.",
        ])
        .subcommands(&[CAT, HELP, SETUSER, USERS, WHOAMI]);

const CAT: Command =
    Command::new("cat", -2, Group::Server, "6.0.0", "Lists the ACL categories, or the commands inside a category.")
        .complexity("O(1) since the categories and commands are a fixed set.")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .arguments(&[string("category").optional()])
        .handler(acl::cat);

const HELP: Command =
    Command::new("help", 2, Group::Server, "6.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const SETUSER: Command =
    Command::new("setuser", -3, Group::Server, "6.0.0", "Creates and modifies an ACL user and its rules.")
        .complexity("O(N). Where N is the number of rules provided.")
        .history(&[
            ("6.2.0", "Added Pub/Sub channel patterns."),
            ("7.0.0", "Added selectors and key based permissions."),
            ("9.1.0", "Added database permission rules."),
        ])
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .arguments(&[string("username"), string("rule").optional().multiple()])
        .handler(acl::setuser);

const USERS: Command = Command::new("users", 2, Group::Server, "6.0.0", "Lists all ACL users.")
    .complexity("O(N). Where N is the number of configured users.")
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .handler(acl::users);

const WHOAMI: Command =
    Command::new("whoami", 2, Group::Server, "6.0.0", "Returns the authenticated username of the current connection.")
        .complexity("O(1)")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(acl::whoami);
