//! Commands of the group `pubsub`.

use super::argument::{pattern, string};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::{help, pubsub};

/// Of those that subscribe.
const SUBSCRIBES: &[Flag] = &[Flag::Pubsub, Flag::Noscript, Flag::Loading, Flag::Stale];
/// Of those that publish.
const PUBLISHES: &[Flag] = &[Flag::Pubsub, Flag::Loading, Flag::Stale, Flag::Fast];
/// Of those that tell.
const TELLS: &[Flag] = &[Flag::Pubsub, Flag::Loading, Flag::Stale];
const SLOW: &[Category] = &[Category::Pubsub, Category::Slow];
const FAST: &[Category] = &[Category::Pubsub, Category::Fast];

pub(super) const PSUBSCRIBE: Command = Command::new(
    "psubscribe",
    -2,
    Group::Pubsub,
    "2.0.0",
    "Listens for messages published to channels that match one or more patterns.",
)
.complexity("O(N) where N is the number of patterns to subscribe to.")
.flags(SUBSCRIBES)
.categories(SLOW)
.arguments(&[pattern("pattern").multiple()])
.handler(pubsub::psubscribe);

pub(super) const PUBLISH: Command = Command::new("publish", 3, Group::Pubsub, "2.0.0", "Posts a message to a channel.")
    .complexity(
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of \
             subscribed patterns (by any client).",
    )
    .flags(PUBLISHES)
    .categories(FAST)
    .arguments(&[string("channel"), string("message")])
    .handler(pubsub::publish);

pub(super) const PUBSUB: Command =
    Command::new("pubsub", -2, Group::Pubsub, "2.8.0", "A container for Pub/Sub commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "CHANNELS [<pattern>]",
            "    Return the currently active channels matching a <pattern> (default: '*').",
            "NUMPAT",
            "    Return number of subscriptions to patterns.",
            "NUMSUB [<channel> ...]",
            "    Return the number of subscribers for the specified channels, excluding",
            "    pattern subscriptions(default: no channels).",
            "SHARDCHANNELS [<pattern>]",
            "    Return the currently active shard level channels matching a <pattern> (default: '*').",
            "SHARDNUMSUB [<shardchannel> ...]",
            "    Return the number of subscribers for the specified shard level channel(s)",
        ])
        .subcommands(&[CHANNELS, HELP, NUMPAT, NUMSUB, SHARDCHANNELS, SHARDNUMSUB]);

pub(super) const PUNSUBSCRIBE: Command = Command::new(
    "punsubscribe",
    -1,
    Group::Pubsub,
    "2.0.0",
    "Stops listening to messages published to channels that match one or more patterns.",
)
.complexity("O(N) where N is the number of patterns to unsubscribe.")
.flags(SUBSCRIBES)
.categories(SLOW)
.arguments(&[pattern("pattern").optional().multiple()])
.handler(pubsub::punsubscribe);

pub(super) const SPUBLISH: Command =
    Command::new("spublish", 3, Group::Pubsub, "7.0.0", "Posts a message to a shard channel.")
        .complexity("O(N) where N is the number of clients subscribed to the receiving shard channel.")
        .flags(PUBLISHES)
        .categories(FAST)
        .keys(&[KeySpec::CHANNEL])
        .arguments(&[string("shardchannel"), string("message")])
        .handler(pubsub::spublish);

pub(super) const SSUBSCRIBE: Command =
    Command::new("ssubscribe", -2, Group::Pubsub, "7.0.0", "Listens for messages published to shard channels.")
        .complexity("O(N) where N is the number of shard channels to subscribe to.")
        .flags(SUBSCRIBES)
        .categories(SLOW)
        .keys(&[KeySpec::CHANNELS])
        .arguments(&[string("shardchannel").multiple()])
        .handler(pubsub::ssubscribe);

pub(super) const SUBSCRIBE: Command =
    Command::new("subscribe", -2, Group::Pubsub, "2.0.0", "Listens for messages published to channels.")
        .complexity("O(N) where N is the number of channels to subscribe to.")
        .flags(SUBSCRIBES)
        .categories(SLOW)
        .arguments(&[string("channel").multiple()])
        .handler(pubsub::subscribe);

pub(super) const SUNSUBSCRIBE: Command =
    Command::new("sunsubscribe", -1, Group::Pubsub, "7.0.0", "Stops listening to messages posted to shard channels.")
        .complexity("O(N) where N is the number of shard channels to unsubscribe.")
        .flags(SUBSCRIBES)
        .categories(SLOW)
        .keys(&[KeySpec::CHANNELS])
        .arguments(&[string("shardchannel").optional().multiple()])
        .handler(pubsub::sunsubscribe);

pub(super) const UNSUBSCRIBE: Command =
    Command::new("unsubscribe", -1, Group::Pubsub, "2.0.0", "Stops listening to messages posted to channels.")
        .complexity("O(N) where N is the number of channels to unsubscribe.")
        .flags(SUBSCRIBES)
        .categories(SLOW)
        .arguments(&[string("channel").optional().multiple()])
        .handler(pubsub::unsubscribe);

const CHANNELS: Command = Command::new("channels", -2, Group::Pubsub, "2.8.0", "Returns the active channels.")
    .complexity(
        "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short \
         channels and patterns)",
    )
    .flags(TELLS)
    .categories(SLOW)
    .arguments(&[pattern("pattern").optional()])
    .handler(pubsub::channels);

const HELP: Command =
    Command::new("help", 2, Group::Pubsub, "6.2.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const NUMPAT: Command =
    Command::new("numpat", 2, Group::Pubsub, "2.8.0", "Returns a count of unique pattern subscriptions.")
        .complexity("O(1)")
        .flags(TELLS)
        .categories(SLOW)
        .handler(pubsub::numpat);

const NUMSUB: Command =
    Command::new("numsub", -2, Group::Pubsub, "2.8.0", "Returns a count of subscribers to channels.")
        .complexity("O(N) for the NUMSUB subcommand, where N is the number of requested channels")
        .flags(TELLS)
        .categories(SLOW)
        .arguments(&[string("channel").optional().multiple()])
        .handler(pubsub::numsub);

const SHARDCHANNELS: Command =
    Command::new("shardchannels", -2, Group::Pubsub, "7.0.0", "Returns the active shard channels.")
        .complexity(
            "O(N) where N is the number of active shard channels, and assuming constant time pattern matching \
             (relatively short shard channels).",
        )
        .flags(TELLS)
        .categories(SLOW)
        .arguments(&[pattern("pattern").optional()])
        .handler(pubsub::shardchannels);

const SHARDNUMSUB: Command =
    Command::new("shardnumsub", -2, Group::Pubsub, "7.0.0", "Returns the count of subscribers of shard channels.")
        .complexity("O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels")
        .flags(TELLS)
        .categories(SLOW)
        .arguments(&[string("shardchannel").optional().multiple()])
        .handler(pubsub::shardnumsub);
