//! A connection in CLIENT LIST.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use slotmesh_resp::Protocol;
use slotmesh_types::Now;

use super::{Client, Settings};
use crate::tracking::Mode;

impl Client {
    /// Its line in CLIENT LIST for logs: without its name.
    #[must_use]
    pub fn log_line(&self, now: Now) -> String {
        let mut line = Vec::new();
        self.write(now, b"*redacted*", "*redacted*", &mut line);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Its letters in CLIENT LIST.
    pub(crate) fn flags(&self, settings: &Settings) -> String {
        let tracking = self.tracking();
        let tracked = |is: fn(&Mode) -> bool| tracking.as_ref().is_some_and(is);
        let letters = [
            (self.is_monitor(), 'O'),
            (self.is_subscribed(), 'P'),
            (settings.transaction.is_some(), 'x'),
            (self.waiter().is_some(), 'b'),
            (tracking.is_some(), 't'),
            (tracked(|mode| mode.broken), 'R'),
            (tracked(|mode| mode.prefixes.is_some()), 'B'),
            (self.is_killed(), 'A'),
            (self.is_unix, 'U'),
            (settings.readonly, 'r'),
            (settings.no_evict, 'e'),
            (settings.no_touch, 'T'),
        ];
        let flags: String = letters.into_iter().filter(|(on, _)| *on).map(|(_, letter)| letter).collect();
        if flags.is_empty() { "N".to_owned() } else { flags }
    }

    /// Its line in CLIENT LIST, with a line feed. What there is nothing of (buffers of a fixed size) is 0.
    pub(crate) fn write_line(&self, now: Now, out: &mut Vec<u8>) {
        let name = self.settings().name.clone();
        self.write(now, &name, "default", out);
        out.push(b'\n');
    }

    fn write(&self, now: Now, name: &[u8], user: &str, out: &mut Vec<u8>) {
        let settings = self.settings().clone();
        let mut text = String::with_capacity(320);
        let [channels, patterns, shards] = self.subscriptions.counts();
        let (buffered, queued) = (self.outbox.buffered_bytes(), self.outbox.queued_bytes());
        let redirect = match &*self.tracking() {
            Some(mode) => mode.redirect.unwrap_or_default().to_string(),
            None => "-1".to_owned(),
        };
        let (input, kept) = (self.input.load(Relaxed), settings.transaction_bytes);
        let age = now.mono.since(self.created).as_secs();
        let idle = now.mono.since(self.last_interaction()).as_secs();
        write!(text, "id={} addr={} laddr={} fd={} name=", self.id, self.addr, self.laddr, self.fd).expect(NEVER_FAILS);
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(name);
        text.clear();
        write!(
            text,
            " age={age} idle={idle} flags={} capa={} db={} sub={} psub={} ssub={} multi={} watch={} qbuf={input} qbuf-free=0 \
             argv-mem={} multi-mem={kept} rbs=0 rbp=0 obl={} oll={} omem={} tot-mem={} events={} cmd={} user={user} redir={redirect} \
             resp={} lib-name=",
            self.flags(&settings),
            settings.capabilities(),
            settings.db,
            channels,
            patterns,
            shards,
            settings.transaction.map_or(-1, |waiting| i64::try_from(waiting).unwrap_or(i64::MAX)),
            settings.watched,
            self.argument_bytes.load(Relaxed),
            buffered,
            self.outbox.frames(),
            queued,
            buffered + queued + (input + kept) as u64,
            if buffered + queued > 0 { "rw" } else { "r" },
            self.last_command().map_or("NULL", |command| command.full_name.as_str()),
            if settings.protocol == Protocol::Resp3 { 3 } else { 2 },
        )
        .expect(NEVER_FAILS);
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(&settings.lib_name);
        out.extend_from_slice(b" lib-ver=");
        out.extend_from_slice(&settings.lib_ver);
        text.clear();
        write!(
            text,
            " tot-net-in={} tot-net-out={} tot-cmds={}",
            self.net_in.load(Relaxed),
            self.net_out.load(Relaxed),
            self.commands.load(Relaxed)
        )
        .expect(NEVER_FAILS);
        out.extend_from_slice(text.as_bytes());
    }
}

const NEVER_FAILS: &str = "writing to a string does not fail";
