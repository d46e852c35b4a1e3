//! What is known of a command.

use super::argument::Argument;
use super::key_places::OwnKeys;
use super::key_spec::KeySpec;
use crate::call::Handler;
use crate::keyed::{KeyedHandler, Prepare};
use crate::routing::Access;

/// Families of commands in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// About the cluster.
    Cluster,
    /// About the connection.
    Connection,
    /// Publish and subscribe.
    Pubsub,
    /// About keys of any type.
    Generic,
    /// Scripts and functions.
    Scripting,
    /// About the server.
    Server,
    /// Transactions.
    Transactions,
    /// Texts.
    String,
    /// Texts as rows of bits.
    Bitmap,
    /// Lists.
    List,
    /// Hashes.
    Hash,
    /// Sets.
    Set,
    /// Sorted sets.
    SortedSet,
    /// Places on the globe, in sorted sets.
    Geo,
    /// Counting of distinct elements.
    HyperLogLog,
    /// Streams.
    Stream,
}

impl Group {
    /// Its name in COMMAND DOCS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Connection => "connection",
            Self::Pubsub => "pubsub",
            Self::Generic => "generic",
            Self::Scripting => "scripting",
            Self::Server => "server",
            Self::Transactions => "transactions",
            Self::String => "string",
            Self::Bitmap => "bitmap",
            Self::List => "list",
            Self::Hash => "hash",
            Self::Set => "set",
            Self::SortedSet => "sorted-set",
            Self::Geo => "geo",
            Self::HyperLogLog => "hyperloglog",
            Self::Stream => "stream",
        }
    }
}

/// Properties of a command, in the order COMMAND INFO tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// May change keys.
    Write,
    /// Reads keys.
    Readonly,
    /// May need more memory.
    Denyoom,
    /// For administrators.
    Admin,
    /// Publishes, subscribes, or tells who does.
    Pubsub,
    /// As if ASKING had been the request before.
    Asking,
    /// May wait for others.
    Blocking,
    /// Not from scripts.
    Noscript,
    /// Also while the server loads its data.
    Loading,
    /// Also on a replica whose data is old.
    Stale,
    /// Takes constant or logarithmic time.
    Fast,
    /// Not while data of another node is loaded beside its own.
    NoAsyncLoading,
    /// Also before the client has authenticated.
    NoAuth,
    /// Not in a transaction.
    NoMulti,
    /// Also while a script runs for too long.
    AllowBusy,
    /// Not in the log of slow commands.
    SkipCommandlog,
    /// Not shown by MONITOR.
    SkipMonitor,
    /// May come without keys.
    NoMandatoryKeys,
    /// Which words are keys depends on the others.
    Movablekeys,
}

impl Flag {
    /// Its name in COMMAND INFO.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Readonly => "readonly",
            Self::Denyoom => "denyoom",
            Self::Admin => "admin",
            Self::Pubsub => "pubsub",
            Self::Asking => "asking",
            Self::Blocking => "blocking",
            Self::Noscript => "noscript",
            Self::Loading => "loading",
            Self::Stale => "stale",
            Self::Fast => "fast",
            Self::NoAsyncLoading => "no_async_loading",
            Self::NoAuth => "no_auth",
            Self::NoMulti => "no_multi",
            Self::AllowBusy => "allow_busy",
            Self::SkipCommandlog => "skip_commandlog",
            Self::SkipMonitor => "skip_monitor",
            Self::NoMandatoryKeys => "no_mandatory_keys",
            Self::Movablekeys => "movablekeys",
        }
    }
}

/// Categories of access control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Works on keys, whatever their type.
    Keyspace,
    /// Publishes, subscribes, or tells who does.
    Pubsub,
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// On rows of bits.
    Bitmap,
    /// On places on the globe.
    Geo,
    /// On hashes.
    Hash,
    /// On counters of distinct elements.
    HyperLogLog,
    /// For administrators.
    Admin,
    /// On sets.
    Set,
    /// On sorted sets.
    SortedSet,
    /// On lists.
    List,
    /// On streams.
    Stream,
    /// On texts.
    String,
    /// Takes constant or logarithmic time.
    Fast,
    /// Takes longer.
    Slow,
    /// May wait for others.
    Blocking,
    /// Can do harm.
    Dangerous,
    /// Acts on the connection.
    Connection,
    /// About scripts.
    Scripting,
    /// About transactions.
    Transaction,
}

impl Category {
    /// Its name, which COMMAND INFO shows behind an `@`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyspace => "keyspace",
            Self::Pubsub => "pubsub",
            Self::Read => "read",
            Self::Write => "write",
            Self::Bitmap => "bitmap",
            Self::Geo => "geo",
            Self::Hash => "hash",
            Self::HyperLogLog => "hyperloglog",
            Self::Admin => "admin",
            Self::Set => "set",
            Self::SortedSet => "sortedset",
            Self::List => "list",
            Self::Stream => "stream",
            Self::String => "string",
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Blocking => "blocking",
            Self::Dangerous => "dangerous",
            Self::Connection => "connection",
            Self::Scripting => "scripting",
            Self::Transaction => "transaction",
        }
    }
}

/// That a command is kept for old clients only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// Version that advised against it.
    pub since: &'static str,
    /// What to use instead.
    pub replaced_by: &'static str,
}

/// What a command does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// Nothing with keys.
    Plain(Handler),
    /// Something with keys of one slot, which is locked meanwhile.
    Keyed(KeyedHandler),
    /// Something with keys of any slot, which it locks itself.
    Wide(Handler),
}

/// Whether keys count as used when a command looks them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touches {
    /// As the client has said (CLIENT NO-TOUCH).
    AsWanted,
    /// Never: it tells of the keys themselves.
    Never,
    /// Always: that is what it is for.
    Always,
}

/// What is known of a command, or of a subcommand.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its own name in lower case, without that of its container.
    pub name: &'static str,
    /// Number of words, the name (and its container's) included; negative for "at least".
    pub arity: i32,
    /// Family.
    pub group: Group,
    /// Version that brought it.
    pub since: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What it costs.
    pub complexity: Option<&'static str>,
    /// Flags of the documentation.
    pub doc_flags: &'static [&'static str],
    /// That it is old.
    pub deprecated: Option<Deprecation>,
    /// Versions, and what changed in them.
    pub history: &'static [(&'static str, &'static str)],
    /// Properties, in the order of [`Flag`].
    pub flags: &'static [Flag],
    /// Categories of access control.
    pub categories: &'static [Category],
    /// Hints for clients and proxies.
    pub tips: &'static [&'static str],
    /// Where its keys are, and what routes it as keys do.
    pub keys: &'static [KeySpec],
    /// Finds the keys where these do not tell, or not what is done with them.
    pub(crate) own_keys: Option<OwnKeys>,
    /// Arguments.
    pub arguments: &'static [Argument],
    /// Lines of HELP, for a container.
    pub help: &'static [&'static str],
    /// Subcommands, ordered by name, for a container.
    pub subcommands: &'static [Command],
    /// The directive that has to allow it: `no`, `local` for connections from this machine, or `yes`.
    pub allowed_by: Option<&'static str>,
    pub(crate) run: Option<Run>,
    /// What takes long and needs no key, for a command on keys.
    pub(crate) prepare: Option<Prepare>,
    pub(crate) touches: Touches,
    /// Whether it is counted how many of its lookups find their keys.
    pub(crate) counts_lookups: bool,
}

impl Command {
    pub(crate) const fn new(
        name: &'static str,
        arity: i32,
        group: Group,
        since: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            arity,
            group,
            since,
            summary,
            complexity: None,
            doc_flags: &[],
            deprecated: None,
            history: &[],
            flags: &[],
            categories: &[],
            tips: &[],
            keys: &[],
            own_keys: None,
            arguments: &[],
            help: &[],
            subcommands: &[],
            allowed_by: None,
            run: None,
            prepare: None,
            touches: Touches::AsWanted,
            counts_lookups: false,
        }
    }

    pub(crate) const fn complexity(mut self, complexity: &'static str) -> Self {
        self.complexity = Some(complexity);
        self
    }

    pub(crate) const fn doc_flags(mut self, doc_flags: &'static [&'static str]) -> Self {
        self.doc_flags = doc_flags;
        self
    }

    pub(crate) const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Self {
        self.deprecated = Some(Deprecation { since, replaced_by });
        self
    }

    pub(crate) const fn history(mut self, history: &'static [(&'static str, &'static str)]) -> Self {
        self.history = history;
        self
    }

    pub(crate) const fn flags(mut self, flags: &'static [Flag]) -> Self {
        self.flags = flags;
        let mut index = 0;
        while index < flags.len() {
            self.counts_lookups |= matches!(flags[index], Flag::Readonly);
            index += 1;
        }
        self
    }

    /// It writes, and looks keys up to read them, which counts as what only reads does.
    pub(crate) const fn looks_up(mut self) -> Self {
        self.counts_lookups = true;
        self
    }

    pub(crate) const fn categories(mut self, categories: &'static [Category]) -> Self {
        self.categories = categories;
        self
    }

    pub(crate) const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    pub(crate) const fn keys(mut self, keys: &'static [KeySpec]) -> Self {
        self.keys = keys;
        self
    }

    pub(crate) const fn own_keys(mut self, find: OwnKeys) -> Self {
        self.own_keys = Some(find);
        self
    }

    pub(crate) const fn arguments(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    pub(crate) const fn help(mut self, help: &'static [&'static str]) -> Self {
        self.help = help;
        self
    }

    pub(crate) const fn subcommands(mut self, subcommands: &'static [Self]) -> Self {
        self.subcommands = subcommands;
        self
    }

    pub(crate) const fn allowed_by(mut self, directive: &'static str) -> Self {
        self.allowed_by = Some(directive);
        self
    }

    /// It looks at no keys.
    pub(crate) const fn handler(mut self, handler: Handler) -> Self {
        self.run = Some(Run::Plain(handler));
        self
    }

    /// It works on keys of one slot, which is locked meanwhile.
    pub(crate) const fn keyed(mut self, handler: KeyedHandler) -> Self {
        self.run = Some(Run::Keyed(handler));
        self
    }

    /// What is done before the slot of its keys is locked.
    pub(crate) const fn prepare(mut self, prepare: Prepare) -> Self {
        self.prepare = Some(prepare);
        self
    }

    /// It looks at the keys of any slot, and locks them itself.
    pub(crate) const fn wide(mut self, handler: Handler) -> Self {
        self.run = Some(Run::Wide(handler));
        self
    }

    pub(crate) const fn touches(mut self, touches: Touches) -> Self {
        self.touches = touches;
        self
    }

    /// What works on the keys of one slot, if it does.
    pub(crate) const fn keyed_handler(&self) -> Option<KeyedHandler> {
        match self.run {
            Some(Run::Keyed(handler)) => Some(handler),
            _ => None,
        }
    }

    /// What it wants of the slot of its keys.
    #[must_use]
    pub fn access(&self) -> Access {
        match () {
            () if self.flags.contains(&Flag::Pubsub) => Access::ShardChannel,
            () if self.name == "migrate" => Access::Migrate,
            () if self.flags.contains(&Flag::Write) => Access::Write,
            () => Access::Read,
        }
    }

    /// Whether a request of so many words has the right length.
    #[must_use]
    pub const fn accepts(&self, words: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { words >= wanted } else { words == wanted }
    }
}
