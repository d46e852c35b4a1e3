//! CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO.

use std::collections::BTreeSet;

use crate::call::{Call, Handled, is_word};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::tracking::{Choice, Mode};

/// The options of CLIENT TRACKING.
#[derive(Debug, Default)]
struct Options<'a> {
    redirect: Option<u64>,
    bcast: bool,
    optin: bool,
    optout: bool,
    noloop: bool,
    prefixes: Vec<&'a [u8]>,
}

pub(crate) fn tracking(call: &mut Call<'_>) -> Handled {
    let options = Options::parse(call)?;
    let client = call.session.client();
    if is_word(call.args[2], "on") {
        let mode = options.mode(client.tracking().as_ref())?;
        let remembers = mode.prefixes.is_none();
        call.server.tracking.begin(client, mode);
        call.session.tracks = remembers;
    } else if is_word(call.args[2], "off") {
        call.server.tracking.end(client);
        call.session.tracks = false;
    } else {
        return Err(ErrorReply::syntax());
    }
    call.ok()
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a>) -> Result<Self, ErrorReply> {
        let mut options = Self::default();
        let mut words = &call.args[3..];
        while let [word, rest @ ..] = words {
            words = rest;
            if is_word(word, "redirect") && !rest.is_empty() {
                options.redirect = Some(options.client_to_tell(call, rest[0])?);
                words = &rest[1..];
            } else if is_word(word, "prefix") && !rest.is_empty() {
                options.prefixes.push(rest[0]);
                words = &rest[1..];
            } else {
                let known = [
                    ("bcast", &mut options.bcast),
                    ("optin", &mut options.optin),
                    ("optout", &mut options.optout),
                    ("noloop", &mut options.noloop),
                ];
                let named = known.into_iter().find(|(name, _)| is_word(word, name));
                *named.ok_or_else(ErrorReply::syntax)?.1 = true;
            }
        }
        Ok(options)
    }

    fn client_to_tell(&self, call: &Call<'_>, id: &[u8]) -> Result<u64, ErrorReply> {
        if self.redirect.is_some() {
            return Err(ErrorReply::err("A client can only redirect to a single other client"));
        }
        let id = numbers::integer(id)?;
        let known = u64::try_from(id).ok().filter(|id| call.server.clients.get(*id).is_some());
        known.ok_or_else(|| ErrorReply::err("The client ID you want redirect to does not exist"))
    }

    /// What the options make of a client that was tracked like that before, if they go together. The words are those of
    /// real servers.
    fn mode(&self, before: Option<&Mode>) -> Result<Mode, ErrorReply> {
        let refuse = |text: &str| Err(ErrorReply::err(text));
        if !self.bcast && !self.prefixes.is_empty() {
            return refuse("PREFIX option requires BCAST mode to be enabled");
        }
        if before.is_some_and(|before| before.prefixes.is_some() != self.bcast) {
            return refuse(
                "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with \
                 a different mode.",
            );
        }
        if self.bcast && (self.optin || self.optout) {
            return refuse("OPTIN and OPTOUT are not compatible with BCAST");
        }
        if self.optin && self.optout {
            return refuse("You can't specify both OPTIN mode and OPTOUT mode");
        }
        let choice = match (self.optin, self.optout) {
            (true, _) => Choice::OptIn,
            (_, true) => Choice::OptOut,
            _ => Choice::All,
        };
        let chosen = before.map_or(Choice::All, |before| before.choice);
        if chosen != Choice::All && choice != Choice::All && chosen != choice {
            return refuse(
                "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a \
                 different mode.",
            );
        }
        let prefixes = if self.bcast { Some(self.own_prefixes(before)?) } else { None };
        let caching = before.is_some_and(|before| before.caching);
        Ok(Mode { prefixes, choice, caching, noloop: self.noloop, redirect: self.redirect, broken: false })
    }

    /// The prefixes to hear of: that of all keys if none is named. None may be the beginning of another.
    fn own_prefixes(&self, before: Option<&Mode>) -> Result<BTreeSet<Vec<u8>>, ErrorReply> {
        let mut named: &[&[u8]] = &self.prefixes;
        if named.is_empty() {
            named = &[b""];
        }
        let known: Vec<&[u8]> =
            before.and_then(|mode| mode.prefixes.as_ref()).into_iter().flatten().map(Vec::as_slice).collect();
        // Real servers do not look at the prefix of all keys where it is not written.
        for (index, prefix) in self.prefixes.iter().enumerate() {
            if let Some(other) = known.iter().find(|other| overlap(prefix, other)) {
                return Err(collision(prefix, b"an existing prefix", other));
            }
            if let Some(other) = self.prefixes[index + 1..].iter().find(|other| overlap(prefix, other)) {
                return Err(collision(prefix, b"another provided prefix", other));
            }
        }
        Ok(named.iter().map(|prefix| prefix.to_vec()).collect())
    }
}

/// Whether one is the beginning of the other.
fn overlap(one: &[u8], other: &[u8]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

fn collision(prefix: &[u8], what: &[u8], other: &[u8]) -> ErrorReply {
    ErrorReply::echo(&[
        b"Prefix '",
        prefix,
        b"' overlaps with ",
        what,
        b" '",
        other,
        b"'. Prefixes for a single client must not overlap.",
    ])
}

pub(crate) fn caching(call: &mut Call<'_>) -> Handled {
    let refuse = |text: &str| Err(ErrorReply::err(text));
    let (yes, no) = (is_word(call.args[2], "yes"), is_word(call.args[2], "no"));
    {
        let mut tracking = call.session.client().tracking();
        let Some(mode) = tracking.as_mut() else {
            return refuse(
                "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
            );
        };
        match (yes, no) {
            (true, _) if mode.choice != Choice::OptIn => {
                return refuse("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
            }
            (_, true) if mode.choice != Choice::OptOut => {
                return refuse("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
            }
            (false, false) => return Err(ErrorReply::syntax()),
            _ => mode.caching = true,
        }
    }
    call.ok()
}

/// The client that is told: itself (0), another one, or none (-1).
fn told(mode: Option<&Mode>) -> i64 {
    mode.map_or(-1, |mode| i64::try_from(mode.redirect.unwrap_or_default()).unwrap_or(i64::MAX))
}

pub(crate) fn getredir(call: &mut Call<'_>) -> Handled {
    let told = told(call.session.client().tracking().as_ref());
    call.reply().integer(told);
    Ok(Outcome::Continue)
}

pub(crate) fn trackinginfo(call: &mut Call<'_>) -> Handled {
    let mode = call.session.client().tracking().clone();
    let flags = flags(mode.as_ref());
    let told = told(mode.as_ref());
    let prefixes: BTreeSet<Vec<u8>> = mode.and_then(|mode| mode.prefixes).unwrap_or_default();
    let mut reply = call.reply();
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
    reply.bulk(b"redirect");
    reply.integer(told);
    reply.bulk(b"prefixes");
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    Ok(Outcome::Continue)
}

fn flags(mode: Option<&Mode>) -> Vec<&'static str> {
    let Some(mode) = mode else { return vec!["off"] };
    let (optin, optout) = (mode.choice == Choice::OptIn, mode.choice == Choice::OptOut);
    let flags = [
        (true, "on"),
        (mode.prefixes.is_some(), "bcast"),
        (optin, "optin"),
        (optin && mode.caching, "caching-yes"),
        (optout, "optout"),
        (optout && mode.caching, "caching-no"),
        (mode.noloop, "noloop"),
        (mode.broken, "broken_redirect"),
    ];
    flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect()
}
