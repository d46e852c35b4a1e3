//! The filters of CLIENT LIST and CLIENT KILL.

use std::collections::BTreeSet;

use slotmesh_resp::parse_integer;
use slotmesh_types::Now;

use crate::call::is_word;
use crate::client::Client;
use crate::error_reply::ErrorReply;

/// Letters of client flags that real servers know.
const FLAGS: &[u8] = b"bcdeirtuxABEIMNOPRSTU";

/// Letters of client capabilities that real servers know.
const CAPABILITIES: &[u8] = b"r";

/// Words for kinds of clients; ours are of the first or of the last.
const TYPES: [&str; 6] = ["normal", "master", "primary", "replica", "slave", "pubsub"];

/// What must hold, or with a leading NOT must not hold, for a client to be chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) skip_me: Option<bool>,
    wanted: Criteria,
    unwanted: Criteria,
    min_age_secs: Option<i64>,
    min_idle_secs: Option<i64>,
}

/// What can be asked both ways.
#[derive(Clone, Debug, Default)]
struct Criteria {
    ids: Option<BTreeSet<u64>>,
    kind: Option<usize>,
    addr: Option<Vec<u8>>,
    laddr: Option<Vec<u8>>,
    ip: Option<Vec<u8>>,
    user: Option<Vec<u8>>,
    flags: Option<Vec<u8>>,
    name: Option<Vec<u8>>,
    lib_name: Option<Vec<u8>>,
    lib_ver: Option<Vec<u8>>,
    db: Option<i64>,
    capabilities: Option<Vec<u8>>,
}

impl Filter {
    /// The clients whose end of the connection this is.
    pub(crate) fn of_address(addr: &[u8]) -> Self {
        Self { wanted: Criteria { addr: Some(addr.to_vec()), ..Criteria::default() }, ..Self::default() }
    }

    /// Reads pairs of option and value; ID and NOT-ID take any number of values.
    pub(crate) fn parse<'a>(mut words: &'a [&'a [u8]]) -> Result<Self, ErrorReply> {
        let mut filter = Self::default();
        while let [option, values @ ..] = words
            && let [value, rest @ ..] = values
        {
            words = rest;
            let negated = option.len() > 4 && is_word(&option[..4], "not-");
            let name = if negated { &option[4..] } else { option };
            let criteria = if negated { &mut filter.unwanted } else { &mut filter.wanted };
            if is_word(name, "id") {
                words = criteria.read_ids(values)?;
            } else if !criteria.read(name, value, negated)? {
                if negated {
                    return Err(ErrorReply::syntax());
                }
                filter.read_positive(option, value)?;
            }
        }
        if words.is_empty() { Ok(filter) } else { Err(ErrorReply::syntax()) }
    }

    /// The options that have no negative form.
    fn read_positive(&mut self, option: &[u8], value: &[u8]) -> Result<(), ErrorReply> {
        if is_word(option, "maxage") {
            self.min_age_secs = Some(positive("maxage", value)?);
        } else if is_word(option, "idle") {
            self.min_idle_secs = Some(positive("idle", value)?);
        } else if is_word(option, "skipme") {
            self.skip_me = match (is_word(value, "yes"), is_word(value, "no")) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => return Err(ErrorReply::syntax()),
            };
        } else {
            return Err(ErrorReply::syntax());
        }
        Ok(())
    }

    pub(crate) fn matches(&self, client: &Client, now: Now) -> bool {
        let at_least =
            |seconds: u64, min: Option<i64>| min.is_none_or(|min| i64::try_from(seconds).unwrap_or(i64::MAX) >= min);
        at_least(now.mono.since(client.created).as_secs(), self.min_age_secs)
            && at_least(now.mono.since(client.last_interaction()).as_secs(), self.min_idle_secs)
            && self.wanted.answers(client).into_iter().flatten().all(|holds| holds)
            && !self.unwanted.answers(client).into_iter().flatten().any(|holds| holds)
    }
}

impl Criteria {
    /// Reads numbers as long as there are any; gives what follows. There may be none: then it is a set of none.
    fn read_ids<'a>(&mut self, mut words: &'a [&'a [u8]]) -> Result<&'a [&'a [u8]], ErrorReply> {
        let ids = self.ids.get_or_insert_default();
        while let [word, rest @ ..] = words
            && let Some(number) = parse_integer(word)
        {
            let id = u64::try_from(number).ok().filter(|id| *id > 0);
            ids.insert(id.ok_or_else(|| ErrorReply::err("client-id should be greater than 0"))?);
            words = rest;
        }
        Ok(words)
    }

    /// Tells whether there is such an option.
    fn read(&mut self, name: &[u8], value: &[u8], negated: bool) -> Result<bool, ErrorReply> {
        let text = Some(value.to_vec());
        let unknown = |what: &str| {
            let of =
                if negated { format!("NOT-{} filter", what.to_ascii_uppercase()) } else { "provided filter".into() };
            ErrorReply::echo(&[format!("Unknown {what} found in the {of}: ").as_bytes(), value])
        };
        match name.to_ascii_lowercase().as_slice() {
            b"type" => self.kind = Some(kind(value)?),
            b"addr" => self.addr = text,
            b"laddr" => self.laddr = text,
            b"ip" => self.ip = text,
            b"user" if value != b"default" => return Err(ErrorReply::echo(&[b"No such user '", value, b"'"])),
            b"user" => self.user = text,
            b"flags" if !value.iter().all(|flag| FLAGS.contains(flag)) => return Err(unknown("flags")),
            b"flags" => self.flags = text,
            b"name" => self.name = text,
            b"lib-name" => self.lib_name = text,
            b"lib-ver" => self.lib_ver = text,
            b"db" => self.db = Some(database(value)?),
            b"capa" if !value.iter().all(|letter| CAPABILITIES.contains(letter)) => return Err(unknown("capa")),
            b"capa" => self.capabilities = text,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// For each criterion that was given, whether it holds.
    fn answers(&self, client: &Client) -> [Option<bool>; 12] {
        let settings = client.settings();
        let flags = client.flags(&settings);
        let is = |wanted: &Option<Vec<u8>>, actual: &[u8]| wanted.as_ref().map(|wanted| wanted == actual);
        // What a client has not set equals nothing, not even an empty value.
        let is_set =
            |wanted: &Option<Vec<u8>>, actual: &[u8]| is(wanted, actual).map(|same| same && !actual.is_empty());
        [
            self.ids.as_ref().map(|ids| ids.contains(&client.id)),
            self.kind.map(|wanted| wanted == if client.is_subscribed() { TYPES.len() - 1 } else { 0 }),
            is(&self.addr, client.addr.as_bytes()),
            is(&self.laddr, client.laddr.as_bytes()),
            is(&self.ip, client.ip.as_bytes()),
            is(&self.user, b"default"),
            self.flags.as_ref().map(|wanted| wanted.iter().all(|flag| flags.as_bytes().contains(flag))),
            is_set(&self.name, &settings.name),
            is_set(&self.lib_name, &settings.lib_name),
            is_set(&self.lib_ver, &settings.lib_ver),
            self.db.map(|db| db == i64::from(settings.db)),
            self.capabilities
                .as_ref()
                .map(|wanted| wanted.iter().all(|letter| settings.capabilities().as_bytes().contains(letter))),
        ]
    }
}

/// Position among [`TYPES`].
fn kind(value: &[u8]) -> Result<usize, ErrorReply> {
    let unknown = || ErrorReply::echo(&[b"Unknown client type '", value, b"'"]);
    TYPES.iter().position(|word| is_word(value, word)).ok_or_else(unknown)
}

fn positive(what: &str, value: &[u8]) -> Result<i64, ErrorReply> {
    match parse_integer(value) {
        Some(seconds) if seconds > 0 => Ok(seconds),
        Some(_) => Err(ErrorReply::err(format!("{what} should be greater than 0"))),
        None => Err(ErrorReply::err(format!("{what} is not an integer or out of range"))),
    }
}

fn database(value: &[u8]) -> Result<i64, ErrorReply> {
    match parse_integer(value) {
        Some(0) => Ok(0),
        Some(_) => Err(ErrorReply::err("DB number should be between 0 and 0")),
        None => Err(ErrorReply::err("DB is not an integer or out of range")),
    }
}
