//! Commands of the group `transactions`.

use super::argument::key;
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::transactions;

pub(super) const DISCARD: Command = Command::new("discard", 1, Group::Transactions, "2.0.0", "Discards a transaction.")
    .complexity("O(N), when N is the number of queued commands")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Transaction])
    .wide(transactions::discard);

pub(super) const EXEC: Command =
    Command::new("exec", 1, Group::Transactions, "1.2.0", "Executes all commands in a transaction.")
        .complexity("Depends on commands in the transaction")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::SkipCommandlog])
        .categories(&[Category::Slow, Category::Transaction])
        .handler(transactions::exec);

pub(super) const MULTI: Command = Command::new("multi", 1, Group::Transactions, "1.2.0", "Starts a transaction.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::NoMulti, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Transaction])
    .handler(transactions::multi);

pub(super) const UNWATCH: Command =
    Command::new("unwatch", 1, Group::Transactions, "2.2.0", "Forgets about watched keys of a transaction.")
        .complexity("O(1)")
        .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::AllowBusy])
        .categories(&[Category::Fast, Category::Transaction])
        .wide(transactions::unwatch);

pub(super) const WATCH: Command = Command::new(
    "watch",
    -2,
    Group::Transactions,
    "2.2.0",
    "Monitors changes to keys to determine the execution of a transaction.",
)
.complexity("O(1) for every key.")
.flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::NoMulti, Flag::AllowBusy])
.categories(&[Category::Fast, Category::Transaction])
.keys(&[KeySpec::range(1, -1, 1, &["RO"])])
.arguments(&[key("key", 0).multiple()])
.wide(transactions::watch);
