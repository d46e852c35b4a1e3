//! Commands of the group `transactions`.

use super::command::{Category, Command, Flag, Group};
use crate::commands::transactions;

pub(super) const DISCARD: Command = Command::new("discard", 1, Group::Transactions, "2.0.0", "Discards a transaction.")
    .complexity("O(N), when N is the number of queued commands")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast, Flag::AllowBusy])
    .categories(&[Category::Fast, Category::Transaction])
    .handler(transactions::discard);

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
