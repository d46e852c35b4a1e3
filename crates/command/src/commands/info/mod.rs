//! INFO.

mod never;

use std::fmt::{Display, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::memory::Figures;
use super::replication::primary_of;
use crate::call::{Call, Handled, is_word};
use crate::client::Client;
use crate::cluster;
use crate::keyspace::Totals;
use crate::outcome::Outcome;
use crate::pause::Held;
use crate::pubsub::Kind;
use crate::responsiveness::Lateness;
use crate::server::{REDIS_VERSION, VALKEY_VERSION};
use crate::stats::CommandFigures;
use crate::surroundings::Usage;
use crate::table;

/// Writes the lines of one section.
type Writer = fn(&Call<'_>, &mut Text);

/// Every section, in the order of the reply: its name, its title, whether a plain INFO shows it.
const SECTIONS: &[(&str, &str, bool, Writer)] = &[
    ("server", "Server", true, server),
    ("clients", "Clients", true, clients),
    ("memory", "Memory", true, memory),
    ("persistence", "Persistence", true, persistence),
    ("stats", "Stats", true, stats),
    ("replication", "Replication", true, replication),
    ("cpu", "CPU", true, cpu),
    ("modules", "Modules", true, nothing),
    ("commandstats", "Commandstats", false, commandstats),
    ("errorstats", "Errorstats", true, errorstats),
    ("latencystats", "Latencystats", false, latencystats),
    ("cluster", "Cluster", true, cluster_section),
    ("cluster_info", "Cluster Info", false, cluster_info),
    ("keyspace", "Keyspace", true, keyspace),
    ("slotmesh", "Slotmesh", false, slotmesh),
];

/// `name:value` lines, each ended by CR LF.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, name: &str, value: impl Display) {
        write!(self.0, "{name}:{value}\r\n").expect("writing to a string does not fail");
    }

    /// A number of bytes, and once more for people.
    fn bytes(&mut self, name: &str, bytes: u64) {
        self.line(name, bytes);
        self.line(&format!("{name}_human"), human(bytes));
    }

    fn lines(&mut self, lines: never::Lines) {
        lines.iter().for_each(|(name, value)| self.line(name, value));
    }
}

pub(crate) fn info(call: &mut Call<'_>) -> Handled {
    let words = &call.args[1..];
    let asked = |name: &str| words.iter().any(|word| is_word(word, name));
    let (plain, all) = (words.is_empty() || asked("default"), asked("all") || asked("everything"));
    let mut text = Text::default();
    for (name, title, in_plain, write) in SECTIONS {
        if all || (plain && *in_plain) || asked(name) {
            let gap = if text.0.is_empty() { "" } else { "\r\n" };
            write!(text.0, "{gap}# {title}\r\n").expect("writing to a string does not fail");
            write(call, &mut text);
        }
    }
    call.reply().verbatim("txt", text.0.as_bytes());
    Ok(Outcome::Continue)
}

fn nothing(_call: &Call<'_>, _text: &mut Text) {}

fn server(call: &Call<'_>, text: &mut Text) {
    let (process, config) = (&call.server.process, call.server.config());
    let uptime = call.now.mono.since(call.server.started.mono).as_secs();
    text.line("redis_version", REDIS_VERSION);
    text.line("server_name", "valkey");
    text.line("valkey_version", VALKEY_VERSION);
    text.line("valkey_release_stage", "ga");
    // What a build from an archive shows.
    text.line("redis_git_sha1", "00000000");
    text.line("redis_git_dirty", 0);
    text.line("slotmesh_version", env!("CARGO_PKG_VERSION"));
    text.line("server_mode", "cluster");
    text.line("os", &process.os);
    text.line("arch_bits", usize::BITS);
    text.line("monotonic_clock", "POSIX clock_gettime");
    text.line("multiplexing_api", if cfg!(target_os = "linux") { "epoll" } else { "kqueue" });
    text.line("process_id", process.id);
    text.line("process_supervised", "no");
    text.line("run_id", &process.run_id);
    text.line("tcp_port", config.text("port"));
    text.line("server_time_usec", call.server.surroundings.unix_micros());
    text.line("uptime_in_seconds", uptime);
    text.line("uptime_in_days", uptime / 86_400);
    text.line("hz", config.text("hz"));
    text.line("configured_hz", config.text("hz"));
    text.line("clients_hz", config.text("hz"));
    // Seconds, in 24 bits.
    text.line("lru_clock", (call.now.unix.0 / 1000) & 0xff_ffff);
    text.line("executable", &process.executable);
    text.line("config_file", &process.config_file);
    text.line("io_threads_active", u8::from(call.server.surroundings.responsiveness().active > 1));
    text.line("availability_zone", config.text("availability-zone"));
    let binds: String = config.text("bind").split_whitespace().map(|bind| format!("bind={bind},")).collect();
    if config.port("port") != 0 {
        text.line("listener0", format!("name=tcp,{binds}port={}", config.text("port")));
    }
    if !config.text("unixsocket").is_empty() {
        text.line("listener1", format!("name=unix,bind={}", config.text("unixsocket")));
    }
}

fn clients(call: &Call<'_>, text: &mut Text) {
    let clients = call.server.clients.all();
    let count = |what: fn(&Client) -> bool| clients.iter().filter(|client| what(client)).count();
    text.line("connected_clients", clients.len());
    text.line("cluster_connections", call.server.bus_links());
    text.line("maxclients", call.server.config().text("maxclients"));
    text.line("client_recent_max_input_buffer", clients.iter().map(|client| client.input_bytes()).max().unwrap_or(0));
    text.line("client_recent_max_output_buffer", clients.iter().map(|client| client.output_bytes()).max().unwrap_or(0));
    text.line("blocked_clients", count(|client| client.waiter().is_some()) + call.server.pause.waiting());
    text.line("tracking_clients", call.server.tracking.clients());
    text.line("pubsub_clients", call.server.pubsub.clients());
    text.line("watching_clients", count(|client| client.settings().watched > 0));
    text.line(
        "clients_in_timeout_table",
        count(|client| client.waiter().as_ref().is_some_and(|waiter| waiter.timeout().is_some())),
    );
    let awaited = call.server.keyspace.awaited();
    text.line("total_watched_keys", awaited.watched);
    text.line("total_blocking_keys", awaited.waited_for);
    text.line("total_blocking_keys_on_nokey", awaited.or_gone);
    let pause = call.server.pause.now(call.now.mono);
    let held = |held| if held == Held::All { "all" } else { "write" };
    text.line("paused_reason", pause.map_or("none", |(reason, _, _)| reason.name()));
    text.line("paused_actions", pause.map_or("none", |(_, what, _)| held(what)));
    text.line("paused_timeout_milliseconds", pause.map_or(0, |(_, _, time)| time.as_millis()));
}

fn memory(call: &Call<'_>, text: &mut Text) {
    let figures = Figures::take(call.server);
    text.bytes("used_memory", figures.used());
    text.bytes("used_memory_rss", figures.resident);
    text.bytes("used_memory_peak", figures.peak);
    text.line("used_memory_peak_perc", format!("{:.2}%", figures.peak_percent()));
    text.line("used_memory_overhead", figures.overhead());
    text.line("used_memory_startup", figures.fixed);
    text.line("used_memory_dataset", figures.values);
    text.line("used_memory_dataset_perc", format!("{:.2}%", figures.values_percent()));
    // Where an allocator tells nothing of itself, Valkey shows these.
    text.line("allocator_allocated", figures.used());
    text.line("allocator_active", figures.resident);
    text.line("allocator_resident", figures.resident);
    text.line("allocator_frag_ratio", "1.00");
    text.line("allocator_frag_bytes", 0);
    text.line("allocator_rss_ratio", "1.00");
    text.line("allocator_rss_bytes", 0);
    text.line("rss_overhead_ratio", "1.00");
    text.line("rss_overhead_bytes", 0);
    text.bytes("total_system_memory", figures.machine);
    text.bytes("maxmemory", call.server.memory.limit());
    text.line("maxmemory_policy", call.server.config().text("maxmemory-policy"));
    text.line("mem_fragmentation_ratio", format!("{:.2}", figures.fragmentation()));
    text.line("mem_fragmentation_bytes", figures.fragmentation_bytes());
    text.line("mem_clients_normal", figures.clients);
    text.line("mem_cluster_links", figures.links);
    text.line("lazyfree_pending_objects", call.server.disposal.waiting());
    text.line("lazyfreed_objects", call.server.disposal.freed());
    text.lines(never::MEMORY);
}

fn persistence(call: &Call<'_>, text: &mut Text) {
    // Nothing was ever saved: all that is there counts from the start.
    text.line("rdb_changes_since_last_save", call.server.stats.dirty.get());
    text.line("rdb_last_save_time", call.server.started.unix.0 / 1000);
    text.lines(never::PERSISTENCE);
}

fn stats(call: &Call<'_>, text: &mut Text) {
    let stats = &call.server.stats;
    text.line("total_connections_received", stats.connections.get());
    text.line("total_commands_processed", stats.commands.get());
    let rate = call.server.rates.mean();
    text.line("instantaneous_ops_per_sec", rate.commands);
    text.line("total_net_input_bytes", stats.net_in.get());
    text.line("total_net_output_bytes", stats.net_out.get());
    let kbps = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0);
    text.line("instantaneous_input_kbps", kbps(rate.bytes_in));
    text.line("instantaneous_output_kbps", kbps(rate.bytes_out));
    text.line("rejected_connections", stats.connections_rejected.get());
    text.line("expired_keys", stats.expired_keys.get());
    text.line("expired_fields", stats.expired_fields.get());
    text.line("expired_stale_perc", format!("{:.2}", stats.stale_percent()));
    text.line("expired_time_cap_reached_count", stats.expire_caps.get());
    text.line("expire_cycle_cpu_milliseconds", stats.expire_micros.get() / 1000);
    text.line("evicted_keys", stats.evicted_keys.get());
    let (exceeded, exceeds) = call.server.memory.exceeded_ms(call.server.surroundings.unix_micros());
    text.line("total_eviction_exceeded_time", exceeded);
    text.line("current_eviction_exceeded_time", exceeds);
    let (hits, misses) = call.server.keyspace.lookups();
    text.line("keyspace_hits", hits);
    text.line("keyspace_misses", misses);
    text.line("migrate_cached_sockets", call.server.surroundings.kept_targets());
    let pubsub = &call.server.pubsub;
    text.line("pubsub_channels", pubsub.count(Kind::Channel));
    text.line("pubsub_patterns", pubsub.count(Kind::Pattern));
    text.line("pubsubshard_channels", pubsub.count(Kind::Shard));
    let tracking = &call.server.tracking;
    text.line("tracking_total_keys", tracking.keys.load(Relaxed));
    text.line("tracking_total_items", tracking.items.load(Relaxed));
    text.line("tracking_total_prefixes", tracking.prefixes());
    text.line("total_error_replies", stats.errors.get());
    text.line("total_reads_processed", stats.reads.get());
    text.line("total_writes_processed", stats.writes.get());
    text.line("io_threaded_total_prefetch_batches", stats.prefetches.get());
    text.line("io_threaded_total_prefetch_entries", stats.prefetched_keys.get());
    text.line("client_query_buffer_limit_disconnections", stats.query_limit_disconnections.get());
    text.line("client_output_buffer_limit_disconnections", stats.output_limit_disconnections.get());
    text.line("acl_access_denied_auth", stats.auth_failures.get());
    text.lines(never::STATS);
}

/// A replica has no link to its primary and never had one: this release does not replicate.
fn replication(call: &Call<'_>, text: &mut Text) {
    let view = call.server.view();
    let config = call.server.config();
    let offset = view.me().offset;
    if view.me().facts.is_replica() {
        let primary = primary_of(&view).map(|primary| primary.facts.address);
        text.line("role", "slave");
        text.line("master_host", primary.map_or(String::new(), |address| address.host.to_string()));
        text.line("master_port", primary.map_or(0, |address| address.port));
        text.line("master_link_status", "down");
        text.line("master_last_io_seconds_ago", -1);
        text.line("master_sync_in_progress", 0);
        text.line("slave_read_repl_offset", offset);
        text.line("slave_repl_offset", offset);
        text.line("replicas_repl_buffer_size", 0);
        text.line("replicas_repl_buffer_peak", 0);
        text.line("master_link_down_since_seconds", -1);
        text.line("slave_priority", config.text("replica-priority"));
        text.line("slave_read_only", 1);
        text.line("replica_announced", 1);
    } else {
        text.line("role", "master");
    }
    text.line("connected_slaves", 0);
    text.line("replicas_waiting_psync", 0);
    text.line("master_failover_state", "no-failover");
    text.line("master_replid", &call.server.process.replication_id);
    text.line("master_replid2", "0".repeat(40));
    text.line("master_repl_offset", offset);
    text.line("second_repl_offset", -1);
    text.line("repl_backlog_active", 0);
    text.line("repl_backlog_size", config.text("repl-backlog-size"));
    text.line("repl_backlog_first_byte_offset", 0);
    text.line("repl_backlog_histlen", 0);
}

fn cpu(call: &Call<'_>, text: &mut Text) {
    let usage = usage(call);
    let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
    text.line("used_cpu_sys", seconds(usage.system_time));
    text.line("used_cpu_user", seconds(usage.user_time));
    text.line("used_cpu_sys_children", seconds(Duration::ZERO));
    text.line("used_cpu_user_children", seconds(Duration::ZERO));
}

fn commandstats(call: &Call<'_>, text: &mut Text) {
    for command in (0..table::count()).map(table::by_index) {
        let CommandFigures { calls, micros, rejected, failed } = call.server.stats.of(command);
        if calls + rejected > 0 {
            let mean = micros as f64 / calls.max(1) as f64;
            text.line(
                &format!("cmdstat_{}", command.full_name),
                format!(
                    "calls={calls},usec={micros},usec_per_call={mean:.2},\
                     rejected_calls={rejected},failed_calls={failed}"
                ),
            );
        }
    }
}

fn errorstats(call: &Call<'_>, text: &mut Text) {
    for (code, count) in call.server.stats.errors_by_code() {
        text.line(&format!("errorstat_{}", String::from_utf8_lossy(&code)), format!("count={count}"));
    }
}

fn latencystats(call: &Call<'_>, text: &mut Text) {
    let config = call.server.config();
    if !config.flag("latency-tracking") {
        return;
    }
    let percents: Vec<&str> = config.text("latency-tracking-info-percentiles").split_ascii_whitespace().collect();
    for command in (0..table::count()).map(table::by_index) {
        let Some(times) = call.server.stats.times_of(command).filter(|times| times.count() > 0) else { continue };
        let shown =
            |percent: &&str| format!("p{percent}={}.000", times.percentile(percent.parse().unwrap_or_default()));
        let shown: Vec<String> = percents.iter().map(shown).collect();
        text.line(&format!("latency_percentiles_usec_{}", command.full_name), shown.join(","));
    }
}

fn cluster_section(_call: &Call<'_>, text: &mut Text) {
    text.line("cluster_enabled", 1);
}

fn cluster_info(call: &Call<'_>, text: &mut Text) {
    text.0.push_str(&cluster::info(&call.server.view()));
}

/// Nothing while there is no key.
fn keyspace(call: &Call<'_>, text: &mut Text) {
    let Totals { keys, expiring, terms_ms, .. } = call.server.keyspace.totals(call.now.unix.0);
    if keys > 0 {
        let ttl = terms_ms.checked_div(expiring).unwrap_or(0);
        text.line("db0", format!("keys={keys},expires={expiring},avg_ttl={ttl}"));
    }
}

/// How this node stands to its cluster, and how soon its threads get to their work: what real servers have no section
/// for. Readers take all sections for one map, so each of our names begins with `slotmesh_`.
fn slotmesh(call: &Call<'_>, text: &mut Text) {
    let standing = call.server.view().standing;
    text.line("slotmesh_forgotten", standing.forgotten);
    text.line("slotmesh_forgotten_by", standing.forgotten_by);
    text.line("slotmesh_seeking", u8::from(standing.seeking));
    let health = call.server.surroundings.responsiveness();
    let delays = |delays: Lateness| format!("{},p99_us={}", delays.max.as_micros(), delays.p99.as_micros());
    text.line("slotmesh_bus_delay", format!("max_us={}", delays(health.bus)));
    text.line("slotmesh_client_threads", health.clients.len());
    text.line("slotmesh_client_threads_active", health.active);
    text.line("slotmesh_client_thread_stalls", health.stalls);
    for (index, thread) in health.clients.iter().enumerate() {
        let stalled = thread.stalled.as_millis();
        text.line(
            &format!("slotmesh_client_thread_{index}"),
            format!("max_us={},stalled_ms={stalled}", delays(thread.lateness)),
        );
    }
}

fn usage(call: &Call<'_>) -> Usage {
    call.server.surroundings.usage()
}

/// A number of bytes for people: two decimals and a unit of 1024.
fn human(bytes: u64) -> String {
    const UNITS: [char; 4] = ['K', 'M', 'G', 'T'];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.2}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn bytes_for_people() {
        assert_eq!(human(0), "0B");
        assert_eq!(human(1023), "1023B");
        assert_eq!(human(1536), "1.50K");
        assert_eq!(human(25_276_502_016), "23.54G");
        assert_eq!(human(u64::MAX), "16777216.00T");
    }
}
