//! MEMORY, and what memory is used for.

use slotmesh_resp::ReplyWriter;

use super::help;
use crate::call::{Call, Handled, is_word};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};
use crate::keyspace::Totals;
use crate::outcome::Outcome;
use crate::server::Server;

/// With less than that in use nothing is unusual.
const LITTLE_BYTES: u64 = 5 * 1024 * 1024;

/// What memory is used for, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    /// Slots without keys.
    pub(super) fixed: u64,
    /// Tables by which keys are found.
    pub(super) tables: u64,
    /// What tells which keys expire when.
    pub(super) terms: u64,
    /// Keys and what they hold.
    pub(super) values: u64,
    /// How many keys there are.
    pub(super) keys: u64,
    /// Clients, and what waits on their connections.
    pub(super) clients: u64,
    /// What waits on the connections of the bus.
    pub(super) links: u64,
    /// The most that was used at any look.
    pub(super) peak: u64,
    /// Resident memory of the process.
    pub(super) resident: u64,
    /// Memory of the machine.
    pub(super) machine: u64,
}

impl Figures {
    pub(super) fn take(server: &Server) -> Self {
        let usage = server.surroundings.usage();
        let Totals { keys, bytes, table_bytes: tables, term_bytes: terms, .. } = server.keyspace.totals(0);
        let figures = Self {
            fixed: server.memory.fixed(),
            tables,
            terms,
            values: bytes.saturating_sub(tables + terms),
            keys,
            clients: server.client_bytes(),
            links: server.surroundings.bus_bytes(),
            peak: 0,
            resident: usage.rss_bytes,
            machine: usage.machine_bytes,
        };
        server.memory.note_used(figures.used());
        Self { peak: server.memory.peak(), ..figures }
    }

    /// All that is counted.
    pub(super) fn used(&self) -> u64 {
        self.overhead() + self.values
    }

    /// What is counted and no key with what it holds.
    pub(super) fn overhead(&self) -> u64 {
        self.fixed + self.tables + self.terms + self.clients + self.links
    }

    pub(super) fn peak_percent(&self) -> f64 {
        percent(self.used(), self.peak)
    }

    /// The share of keys and what they hold in what is not there from the start.
    pub(super) fn values_percent(&self) -> f64 {
        percent(self.values, self.used() - self.fixed)
    }

    /// Resident memory for each byte that is counted.
    pub(super) fn fragmentation(&self) -> f64 {
        self.resident as f64 / self.used().max(1) as f64
    }

    pub(super) fn fragmentation_bytes(&self) -> i64 {
        self.resident.wrapping_sub(self.used()).cast_signed()
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

pub(crate) fn help(call: &mut Call<'_>) -> Handled {
    help::help(call)
}

/// The figure is counted along with the key, so no samples are taken.
pub(crate) fn usage(call: &mut Keyed<'_>) -> Done {
    match &call.args[3..] {
        [] => {}
        [word, count] if is_word(word, "samples") => {
            let count = numbers::integer(count)?;
            if count < 0 {
                return Err(ErrorReply::syntax());
            }
        }
        _ => return Err(ErrorReply::syntax()),
    }
    match call.db.bytes_of(call.args[2]) {
        Some(bytes) => call.count(bytes),
        None => {
            call.reply.null();
            Ok(())
        }
    }
}

pub(crate) fn stats(call: &mut Call<'_>) -> Handled {
    let figures = Figures::take(call.server);
    let mut reply = call.reply();
    let none = ["replication.backlog", "replicas.repl.buffer", "clients.slaves"];
    let moving = ["cluster.slot_import", "cluster.slot_export", "aof.buffer"];
    reply.map(20);
    write_number(&mut reply, "peak.allocated", figures.peak);
    write_number(&mut reply, "total.allocated", figures.used());
    write_number(&mut reply, "startup.allocated", figures.fixed);
    none.iter().for_each(|name| write_number(&mut reply, name, 0));
    write_number(&mut reply, "clients.normal", figures.clients);
    write_number(&mut reply, "cluster.links", figures.links);
    moving.iter().for_each(|name| write_number(&mut reply, name, 0));
    reply.bulk(b"db.0");
    reply.map(2);
    write_number(&mut reply, "overhead.hashtable.main", figures.tables);
    write_number(&mut reply, "overhead.hashtable.expires", figures.terms);
    write_number(&mut reply, "overhead.total", figures.overhead());
    write_number(&mut reply, "keys.count", figures.keys);
    let each = (figures.used() - figures.fixed).checked_div(figures.keys).unwrap_or(0);
    write_number(&mut reply, "keys.bytes-per-key", each);
    write_number(&mut reply, "dataset.bytes", figures.values);
    write_share(&mut reply, "dataset.percentage", figures.values_percent());
    write_share(&mut reply, "peak.percentage", figures.peak_percent());
    write_share(&mut reply, "fragmentation", figures.fragmentation());
    reply.bulk(b"fragmentation.bytes");
    reply.integer(figures.fragmentation_bytes());
    Ok(Outcome::Continue)
}

fn write_number(reply: &mut ReplyWriter<'_>, name: &str, number: u64) {
    reply.bulk(name.as_bytes());
    reply.integer(i64::try_from(number).unwrap_or(i64::MAX));
}

fn write_share(reply: &mut ReplyWriter<'_>, name: &str, share: f64) {
    reply.bulk(name.as_bytes());
    reply.double(share);
}

pub(crate) fn doctor(call: &mut Call<'_>) -> Handled {
    let figures = Figures::take(call.server);
    call.reply().verbatim("txt", findings(&figures).as_bytes());
    Ok(Outcome::Continue)
}

/// What is unusual, a line for each.
fn findings(figures: &Figures) -> String {
    if figures.used() < figures.fixed + LITTLE_BYTES {
        return "There is hardly anything in memory, so there is nothing to say about it.\n".to_owned();
    }
    let mut found = String::new();
    if figures.peak > figures.used() / 2 * 3 {
        found += "* Much more was in use once than is now. What is resident may stay as large as it was then.\n";
    }
    if figures.fragmentation() > 1.4 {
        found += "* Much more is resident than what is counted: pieces of memory that are free lie between those in use, \
                  or what was in use once was not given back to the system.\n";
    }
    if figures.clients > figures.used() / 4 {
        found += "* Much of it waits on connections of clients. CLIENT LIST tells on which (omem, qbuf, multi-mem).\n";
    }
    if found.is_empty() { "Nothing is unusual about the memory of this node.\n".to_owned() } else { found }
}

pub(crate) fn malloc_stats(call: &mut Call<'_>) -> Handled {
    call.reply().verbatim("txt", b"Stats not supported for the current allocator");
    Ok(Outcome::Continue)
}

/// The allocator gives back by itself what it can.
pub(crate) fn purge(call: &mut Call<'_>) -> Handled {
    call.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unusual_is_told() {
        let usual = Figures { values: 10 << 20, peak: 10 << 20, resident: 12 << 20, ..Figures::default() };
        assert_eq!(findings(&usual), "Nothing is unusual about the memory of this node.\n");
        assert!(findings(&Figures { values: 1000, ..usual }).starts_with("There is hardly anything"));
        for unusual in [
            Figures { peak: 20 << 20, ..usual },
            Figures { resident: 20 << 20, ..usual },
            Figures { clients: 5 << 20, resident: 15 << 20, peak: 15 << 20, ..usual },
        ] {
            let told = findings(&unusual);
            assert!(told.starts_with("* ") && told.lines().count() == 1, "{told}");
        }
    }
}
