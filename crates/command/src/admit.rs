//! Whether a request runs here and now. Each step is a function; they come in the order of `processCommand` of Valkey,
//! so that of two errors the same is told.

use std::time::Duration;

use slotmesh_types::{Now, Slot};

use crate::call::Call;
use crate::commands::pubsub::check_listening;
use crate::error_reply::ErrorReply;
use crate::eviction::check_room;
use crate::pause::is_told_to_others;
use crate::routing::{self, Access, Presence, Redirection};
use crate::server::Server;
use crate::session::Session;
use crate::table::{Flag, Known};
use crate::transactions::{Transaction, aborted};
use crate::turn::{IsHere, Turn};

/// Why a request does not run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It can't run: this is the reply.
    Error(ErrorReply),
    /// It is looked at again later. Its client is told when.
    Held(Hold),
}

impl From<ErrorReply> for Refusal {
    fn from(error: ErrorReply) -> Self {
        Self::Error(error)
    }
}

/// What holds a request back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// A pause, which ends after so long if nobody ends it before.
    Pause(Duration),
    /// What would change in this slot must not change now.
    Slot(Slot),
}

/// What wants to run: a request, or EXEC with all requests that were kept for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'a> {
    pub(crate) command: &'static Known,
    pub(crate) args: &'a [&'a [u8]],
    /// Its slot, if that is known already.
    pub(crate) known_slot: Option<Slot>,
    /// What EXEC would execute.
    pub(crate) kept: Option<&'a Transaction>,
}

impl<'a> Demand<'a> {
    /// One request.
    pub(crate) fn of(call: &Call<'a>) -> Self {
        Self { command: call.command, args: call.args, known_slot: call.slot, kept: None }
    }

    /// Whether any of its commands has this flag.
    fn has(&self, flag: Flag) -> bool {
        self.command.spec.flags.contains(&flag) || self.kept.is_some_and(|kept| kept.has(flag))
    }

    /// The slot of all that routes it.
    fn slot(&self) -> Result<Option<Slot>, Redirection<'static>> {
        match self.kept {
            None if self.known_slot.is_some() => Ok(self.known_slot),
            None => routing::slot_of(self.command.spec, self.args),
            // Nothing of it will run; EXEC tells why.
            Some(kept) if kept.failed => Ok(None),
            Some(kept) => kept.one_slot(),
        }
    }

    /// Whether it works on keys of a slot, which is locked for it.
    fn is_keyed(&self, slot: Option<Slot>) -> bool {
        match self.kept {
            None => self.command.spec.keyed_handler().is_some(),
            Some(_) => slot.is_some(),
        }
    }

    /// What it wants of its slot.
    pub(crate) fn access(&self) -> Access {
        self.kept.map_or_else(|| self.command.spec.access(), Transaction::access)
    }

    /// Whether it may change its keys.
    pub(crate) fn changes_keys(&self) -> bool {
        match self.kept {
            None => self.command.spec.access() == Access::Write,
            Some(kept) => kept.has(Flag::Write),
        }
    }

    /// Its keys.
    pub(crate) fn keys(&self) -> Vec<&'a [u8]> {
        self.kept.map_or_else(|| self.command.spec.keys_of(self.args), Transaction::keys)
    }

    /// How many of its keys are here.
    pub(crate) fn presence(&self, is_here: IsHere<'_>) -> Presence {
        let (mut presence, mut first) = (Presence::default(), None);
        for key in self.keys() {
            let count = if is_here(key) { &mut presence.here } else { &mut presence.missing };
            *count += 1;
            presence.several |= *first.get_or_insert(key) != key;
        }
        presence
    }

    /// Whether it may change keys, or tells other nodes something.
    fn is_told_to_others(&self) -> bool {
        self.kept.map_or_else(|| is_told_to_others(self.command), Transaction::is_told_to_others)
    }

    /// The reply where it is refused for such a reason. Whatever is against a transaction ends it.
    fn refusal(&self, reason: ErrorReply) -> ErrorReply {
        if self.kept.is_some() { aborted(&reason) } else { reason }
    }
}

/// Whether a request runs here and now; then `turn` is the one at the slot of its keys, for what works on keys. It is made
/// where it stays: it is too big to be handed on from function to function for each request.
pub(crate) fn admit<'s>(
    server: &'s Server,
    session: &Session,
    now: Now,
    demand: &Demand<'_>,
    turn: &mut Option<Turn<'s>>,
) -> Result<(), Refusal> {
    check_allowed(server, session, demand.command)?;
    // Room is made while no lock is held. That there is none is told in its turn.
    let room = check_room(server, now, || demand.has(Flag::Denyoom));
    reach_slot(server, session, now, demand, turn, |has_turn| {
        room.and_then(|()| check_writable(server, demand, has_turn))
            .and_then(|()| check_listening(session, demand.command))
            .map_err(|error| demand.refusal(error))?;
        check_pause(server, session, now, demand)
    })
}

/// The same for a request of a transaction that was admitted as a whole, and has given its turn up since.
pub(crate) fn admit_again<'s>(
    server: &'s Server,
    session: &Session,
    now: Now,
    demand: &Demand<'_>,
    turn: &mut Option<Turn<'s>>,
) -> Result<(), Refusal> {
    reach_slot(server, session, now, demand, turn, |_| {
        let time = server.pause.hold_begun(session.client(), || demand.is_told_to_others(), now.mono);
        time.map_or(Ok(()), |time| Err(Refusal::Held(Hold::Pause(time))))
    })
}

/// Whether a command runs that does only where the configuration says so.
fn check_allowed(server: &Server, session: &Session, command: &Known) -> Result<(), ErrorReply> {
    let Some(directive) = command.spec.allowed_by else { return Ok(()) };
    let allowed = match server.config().text(directive) {
        "yes" => true,
        "local" => session.client().is_local,
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    let name = command.full_name.to_ascii_uppercase();
    Err(ErrorReply::err(format!(
        "{name} command not allowed. If the {directive} option is set to \"local\", you can run it from a local \
         connection, otherwise you need to set this option in the configuration file, and then restart the server."
    )))
}

/// Whether the slot is served here, and `then` finds nothing against it, which is told whether there is a turn: what works on
/// keys is given one. A request that should name keys and names none is given one as well, to be told what is wrong with it.
/// Who is refused has none.
fn reach_slot<'s>(
    server: &'s Server,
    session: &Session,
    now: Now,
    demand: &Demand<'_>,
    turn: &mut Option<Turn<'s>>,
    then: impl FnOnce(bool) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let redirected = |error: Redirection<'_>| error.reply(server.audience(session.family()));
    let slot = demand.slot().map_err(redirected)?;
    let reached = match slot {
        _ if demand.is_keyed(slot) => {
            let turn = turn.insert(Turn::new(server, slot.unwrap_or(Slot::from_hash(0)), now));
            if slot.is_some() { turn.admit(session, demand) } else { Ok(()) }
        }
        Some(slot) => {
            let (view, access) = (server.view(), demand.access());
            let routed = routing::route(&view, slot, access, server.rules(), session.asker(), Presence::default);
            routed.map_err(|error| redirected(error).into())
        }
        None => Ok(()),
    };
    let admitted = reached.and_then(|()| then(turn.is_some()));
    if admitted.is_err() {
        *turn = None;
    }
    admitted
}

/// A replica takes what changes keys from its primary only. Where there is a slot, that was seen already.
fn check_writable(server: &Server, demand: &Demand<'_>, is_routed: bool) -> Result<(), ErrorReply> {
    let is_seen = is_routed && demand.kept.is_none();
    if !is_seen && demand.has(Flag::Write) && server.view().me().facts.is_replica() {
        return Err(ErrorReply::new("READONLY You can't write against a read only replica."));
    }
    Ok(())
}

/// Whether a pause holds it back. To be asked while what it may change is locked: whoever has begun a pause, and had
/// that lock since, knows that nothing changes any more.
fn check_pause(server: &Server, session: &Session, now: Now, demand: &Demand<'_>) -> Result<(), Refusal> {
    let time = server.pause.hold(session.client(), || demand.is_told_to_others(), now.mono);
    time.map_or(Ok(()), |time| Err(Refusal::Held(Hold::Pause(time))))
}
