//! Every directive of Valkey 9.1, and our own.

use crate::directive::Directive;
use crate::directive::Kind::{
    Bool, ClusterName, Enum, Events, FileName, Host, Hostname, Integer, Ip, Ipv4, Ipv6, Memory, Nodename, Octal,
    OutputLimits, Percentiles, Seeds, Text,
};

const fn directive(name: &'static str, kind: crate::directive::Kind, default: &'static str) -> Directive {
    Directive::new(name, kind, default)
}

/// Every directive, ordered by name.
pub const DIRECTIVES: &[Directive] = &[
    directive("acl-pubsub-default", Enum(&["allchannels", "resetchannels"]), "resetchannels"),
    directive("aclfile", Text, "").immutable().only(&[""]),
    directive("acllog-max-len", Integer { min: 0, max: 9223372036854775807 }, "128"),
    directive("active-defrag-cycle-max", Integer { min: 1, max: 99 }, "25"),
    directive("active-defrag-cycle-min", Integer { min: 1, max: 99 }, "1"),
    directive("active-defrag-cycle-us", Text, "500"),
    directive("active-defrag-ignore-bytes", Memory { min: 1, max: 9223372036854775807 }, "104857600"),
    directive("active-defrag-max-scan-fields", Integer { min: 1, max: 9223372036854775807 }, "1000"),
    directive("active-defrag-threshold-lower", Integer { min: 0, max: 1000 }, "10"),
    directive("active-defrag-threshold-upper", Integer { min: 0, max: 1000 }, "100"),
    directive("active-expire-effort", Integer { min: 1, max: 10 }, "1"),
    directive("activedefrag", Bool, "no"),
    directive("activerehashing", Bool, "yes"),
    directive("always-show-logo", Bool, "no").immutable(),
    directive("aof-disable-auto-gc", Bool, "no").hidden(),
    directive("aof-load-truncated", Bool, "yes"),
    directive("aof-rewrite-cpulist", Text, "").alias("aof_rewrite_cpulist").immutable(),
    directive("aof-rewrite-incremental-fsync", Bool, "yes"),
    directive("aof-timestamp-enabled", Bool, "no"),
    directive("aof-use-rdb-preamble", Bool, "yes"),
    directive("appenddirname", Text, "appendonlydir").immutable(),
    directive("appendfilename", Text, "appendonly.aof").immutable(),
    directive("appendfsync", Enum(&["everysec", "always", "no"]), "everysec"),
    directive("appendonly", Bool, "no").only(&["no"]),
    directive("auto-aof-rewrite-min-size", Memory { min: 0, max: 9223372036854775807 }, "67108864"),
    directive("auto-aof-rewrite-percentage", Integer { min: 0, max: 2147483647 }, "100"),
    directive("availability-zone", Nodename, "").implemented("Zone told to others."),
    directive("bgsave-cpulist", Text, "").alias("bgsave_cpulist").immutable(),
    directive("bind", Text, "* -::*")
        .words()
        .implemented("Addresses to listen on, for clients and for the bus; `-` before one lets it be missing."),
    directive("bind-source-addr", Ip, "")
        .implemented("Address that bus links come from; empty for what the system takes."),
    directive("bio-cpulist", Text, "").alias("bio_cpulist").immutable(),
    directive("busy-reply-threshold", Integer { min: 0, max: 9223372036854775807 }, "5000").alias("lua-time-limit"),
    directive("client-default-resp", Integer { min: 2, max: 3 }, "2").hidden().immutable(),
    directive(
        "client-output-buffer-limit",
        OutputLimits,
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    )
    .words()
    .implemented("Bytes that may wait for a client of each class: hard limit, soft limit, seconds above the soft one."),
    directive("client-query-buffer-limit", Memory { min: 1048576, max: 9223372036854775807 }, "1073741824")
        .implemented("Most bytes of a request that is not complete."),
    directive("cluster-allow-pubsubshard-when-down", Bool, "yes")
        .implemented("Shard channels are served while the cluster is down."),
    directive("cluster-allow-reads-when-down", Bool, "no")
        .implemented("Whether reads are served while the cluster is down."),
    directive("cluster-allow-replica-migration", Bool, "yes").implemented(
        "Whether a replica goes to a primary that has none, and with its primary to the shard that took its slots.",
    ),
    directive("cluster-announce-bus-port", Integer { min: 0, max: 65535 }, "0")
        .implemented("Bus port told to others; 0 for the real one."),
    directive("cluster-announce-client-ipv4", Ipv4, "").implemented("Address told to clients that come over IPv4."),
    directive("cluster-announce-client-ipv6", Ipv6, "").implemented("Address told to clients that come over IPv6."),
    directive("cluster-announce-client-port", Integer { min: 0, max: 65535 }, "0")
        .implemented("Port told to clients; 0 for the announced one."),
    directive("cluster-announce-client-tls-port", Integer { min: 0, max: 65535 }, "0")
        .implemented("Port told to TLS clients; 0 for the announced one."),
    directive("cluster-announce-hostname", Hostname, "").implemented("Host name told to others."),
    directive("cluster-announce-human-nodename", Nodename, "").implemented("Name for the logs of others."),
    directive("cluster-announce-ip", Host, "").implemented("Address told to others instead of the one they see."),
    directive("cluster-announce-port", Integer { min: 0, max: 65535 }, "0")
        .implemented("Client port told to others; 0 for the real one."),
    directive("cluster-announce-tls-port", Integer { min: 0, max: 65535 }, "0")
        .implemented("TLS port told to others; 0 for the real one."),
    directive("cluster-blacklist-ttl", Integer { min: 0, max: 9223372036854775807 }, "60")
        .implemented("Seconds for which a forgotten node is kept out."),
    directive("cluster-config-file", FileName, "nodes.conf")
        .immutable()
        .implemented("File the node keeps its table of the cluster in."),
    directive("cluster-config-save-behavior", Enum(&["sync", "best-effort"]), "sync")
        .implemented("Whether a file that cannot be saved stops the server."),
    directive("cluster-databases", Integer { min: 1, max: 2147483647 }, "1").immutable(),
    directive("cluster-enabled", Bool, "no")
        .immutable()
        .implemented("Whether the node is part of a cluster; slotmesh runs in no other mode."),
    directive("cluster-link-sendbuf-limit", Memory { min: 0, max: 9223372036854775807 }, "0")
        .implemented("Bytes that may wait on a bus link; 0 for no limit."),
    directive("cluster-manual-failover-timeout", Integer { min: 1, max: 2147483647 }, "5000")
        .implemented("Milliseconds that a manual failover may take."),
    directive("cluster-message-gossip-perc", Integer { min: 1, max: 100 }, "10")
        .hidden()
        .implemented("Share of the known nodes that a heartbeat tells about, in percent."),
    directive("cluster-migration-barrier", Integer { min: 0, max: 2147483647 }, "1")
        .implemented("Replicas that a primary keeps when one of them goes to a primary that has none."),
    directive("cluster-node-timeout", Integer { min: 0, max: 9223372036854775807 }, "15000")
        .implemented("Milliseconds after which a silent node is suspected."),
    directive("cluster-ping-interval", Integer { min: 0, max: 9223372036854775807 }, "0")
        .hidden()
        .implemented("Milliseconds of silence after which a node is pinged; 0 for half the node timeout."),
    directive("cluster-port", Integer { min: 0, max: 65535 }, "0")
        .immutable()
        .implemented("Bus port; 0 for the client port plus 10000."),
    directive("cluster-preferred-endpoint-type", Enum(&["ip", "hostname", "unknown-endpoint"]), "ip")
        .implemented("What clients are told to connect to."),
    directive("cluster-replica-no-failover", Bool, "no")
        .alias("cluster-slave-no-failover")
        .implemented("Whether this replica never stands for election."),
    directive("cluster-replica-validity-factor", Integer { min: 0, max: 2147483647 }, "10")
        .alias("cluster-slave-validity-factor")
        .implemented(
            "Node timeouts without its primary after which a replica does not stand for election; 0 for no such limit.",
        ),
    directive("cluster-require-full-coverage", Bool, "yes")
        .implemented("Whether an uncovered slot stops the whole cluster."),
    directive("cluster-slot-migration-log-max-len", Integer { min: 0, max: 9223372036854775807 }, "1000"),
    directive("cluster-slot-stats-enabled", Bool, "no")
        .implemented("Whether CLUSTER SLOT-STATS shows more of a slot than its keys."),
    directive("commandlog-execution-slower-than", Integer { min: -1, max: 9223372036854775807 }, "10000")
        .alias("slowlog-log-slower-than")
        .implemented("Microseconds from which on a request is in the log of slow ones; -1 for none."),
    directive("commandlog-large-reply-max-len", Integer { min: 0, max: 9223372036854775807 }, "128")
        .implemented("Requests with large replies that are remembered."),
    directive("commandlog-large-request-max-len", Integer { min: 0, max: 9223372036854775807 }, "128")
        .implemented("Large requests that are remembered."),
    directive("commandlog-reply-larger-than", Integer { min: -1, max: 9223372036854775807 }, "1048576")
        .implemented("Bytes from which on a reply counts as large; -1 for never."),
    directive("commandlog-request-larger-than", Integer { min: -1, max: 9223372036854775807 }, "1048576")
        .implemented("Bytes from which on a request counts as large; -1 for never."),
    directive("commandlog-slow-execution-max-len", Integer { min: 0, max: 9223372036854775807 }, "128")
        .alias("slowlog-max-len")
        .implemented("Slow requests that are remembered."),
    directive("crash-log-enabled", Bool, "yes"),
    directive("crash-memcheck-enabled", Bool, "yes"),
    directive("daemonize", Bool, "no").immutable().only(&["no"]),
    directive("databases", Integer { min: 1, max: 2147483647 }, "16").immutable(),
    directive("dbfilename", Text, "dump.rdb").protected(),
    directive("debug-context", Text, "").hidden(),
    directive("dir", Text, ".").protected().implemented("Working directory."),
    directive("disable-thp", Bool, "yes").immutable(),
    directive("dual-channel-replication-enabled", Bool, "no"),
    directive("dynamic-hz", Bool, "yes"),
    directive("enable-debug-assert", Bool, "no").hidden().immutable(),
    directive("enable-debug-command", Enum(&["no", "yes", "local"]), "no")
        .immutable()
        .implemented("Who may use DEBUG: nobody, anybody, or who connects from this machine."),
    directive("enable-module-command", Enum(&["no", "yes", "local"]), "no").immutable(),
    directive("enable-protected-configs", Enum(&["no", "yes", "local"]), "no").immutable().only(&["no"]),
    directive("events-per-io-thread", Integer { min: 0, max: 2147483647 }, "2"),
    directive("extended-redis-compatibility", Bool, "no"),
    directive("hash-max-listpack-entries", Integer { min: 0, max: 9223372036854775807 }, "512")
        .alias("hash-max-ziplist-entries")
        .implemented("A hash of so many fields is kept in one piece of memory."),
    directive("hash-max-listpack-value", Memory { min: 0, max: 9223372036854775807 }, "64")
        .alias("hash-max-ziplist-value")
        .implemented("The same with fields and values of so many bytes."),
    directive("hash-seed", Text, "").immutable(),
    directive("hide-user-data-from-log", Bool, "yes"),
    directive("hll-sparse-max-bytes", Memory { min: 0, max: 9223372036854775807 }, "3000")
        .implemented("A HyperLogLog is kept short up to so many bytes."),
    directive("hz", Integer { min: 0, max: 2147483647 }, "10"),
    directive("ignore-warnings", Text, ""),
    directive("import-mode", Text, "no"),
    directive("io-threads", Integer { min: 1, max: 128 }, "1").immutable(),
    directive("jemalloc-bg-thread", Bool, "yes"),
    directive("key-load-delay", Integer { min: -2147483648, max: 2147483647 }, "0").hidden(),
    directive("latency-monitor-threshold", Integer { min: 0, max: 9223372036854775807 }, "0")
        .implemented("Milliseconds from which on LATENCY remembers what took so long; 0 for never."),
    directive("latency-tracking", Bool, "yes")
        .implemented("Whether it is counted how often each command takes how long."),
    directive("latency-tracking-info-percentiles", Percentiles, "50 99 99.9")
        .words()
        .implemented("Which percentiles of that INFO shows."),
    directive("lazyfree-lazy-eviction", Bool, "yes"),
    directive("lazyfree-lazy-expire", Bool, "yes"),
    directive("lazyfree-lazy-server-del", Bool, "yes"),
    directive("lazyfree-lazy-user-del", Bool, "yes"),
    directive("lazyfree-lazy-user-flush", Bool, "yes"),
    directive("lfu-decay-time", Integer { min: 0, max: 2147483647 }, "1")
        .implemented("Minutes in which the count of uses of a key falls by one; 0 for never."),
    directive("lfu-log-factor", Integer { min: 0, max: 2147483647 }, "10")
        .implemented("How much less likely each further step of the count of uses of a key is."),
    directive("list-compress-depth", Integer { min: 0, max: 2147483647 }, "0"),
    directive("list-max-listpack-size", Integer { min: -2147483648, max: 2147483647 }, "-2")
        .alias("list-max-ziplist-size")
        .implemented("Elements of a list in one piece of memory; -1 to -5 for 4 KiB to 64 KiB instead."),
    directive("loading-process-events-interval-bytes", Integer { min: 1024, max: 2147483647 }, "2097152").hidden(),
    directive("locale-collate", Text, ""),
    directive("log-format", Enum(&["legacy", "logfmt", "json", "pretty"]), "legacy")
        .implemented("Shape of log lines; `pretty` is for a terminal."),
    directive("log-timestamp-format", Enum(&["legacy", "iso8601", "milliseconds"]), "legacy")
        .implemented("Shape of times in log lines."),
    directive("logfile", Text, "").immutable().implemented("File to log to; empty for standard output."),
    directive("loglevel", Enum(&["debug", "verbose", "notice", "warning", "nothing"]), "notice")
        .implemented("Least important kind of line that is logged."),
    directive("max-new-connections-per-cycle", Integer { min: 1, max: 1000 }, "10"),
    directive("max-new-tls-connections-per-cycle", Integer { min: 1, max: 1000 }, "1"),
    directive("maxclients", Integer { min: 1, max: 4294967295 }, "10000").implemented("Most clients at a time."),
    directive("maxmemory", Memory { min: 0, max: 9223372036854775807 }, "0")
        .implemented("Most bytes of keys and of what waits on connections; 0 for any number."),
    directive("maxmemory-clients", Memory { min: -100, max: 9223372036854775807 }, "0"),
    directive("maxmemory-eviction-tenacity", Integer { min: 0, max: 100 }, "10")
        .implemented("How long a request may take keys out to make room: 10 is 0.5 ms, 100 as long as it takes."),
    directive(
        "maxmemory-policy",
        Enum(&[
            "volatile-lru",
            "volatile-lfu",
            "volatile-random",
            "volatile-ttl",
            "allkeys-lru",
            "allkeys-lfu",
            "allkeys-random",
            "noeviction",
        ]),
        "noeviction",
    )
    .implemented("Which keys go where memory is full."),
    directive("maxmemory-samples", Integer { min: 1, max: 64 }, "5")
        .implemented("How many keys are looked at for each that goes."),
    directive("min-replicas-max-lag", Integer { min: 0, max: 2147483647 }, "10").alias("min-slaves-max-lag"),
    directive("min-replicas-to-write", Integer { min: 0, max: 2147483647 }, "0")
        .alias("min-slaves-to-write")
        .only(&["0"]),
    directive("mptcp", Text, "no").immutable(),
    directive("no-appendfsync-on-rewrite", Bool, "no"),
    directive("notify-keyspace-events", Events, "").implemented(
        "Which events of keys are published; those of misses (`m`) and of new keys (`n`) are not told yet.",
    ),
    directive("oom-score-adj", Enum(&["no", "yes", "relative", "absolute"]), "no"),
    directive("oom-score-adj-values", Text, "0 200 800").words(),
    directive("pidfile", Text, "").immutable().implemented("File that holds the process id while the server runs."),
    directive("port", Integer { min: 0, max: 65535 }, "6379").implemented("Client port; 0 for none."),
    directive("prefetch-batch-max-size", Integer { min: 0, max: 128 }, "16"),
    directive("primaryauth", Text, "").alias("masterauth").sensitive(),
    directive("primaryuser", Text, "").alias("masteruser").sensitive(),
    directive("proc-title-template", Text, "{title} {listen-addr} {server-mode}"),
    directive("propagation-error-behavior", Enum(&["ignore", "panic", "panic-on-replicas"]), "ignore"),
    directive("protected-mode", Bool, "yes")
        .implemented("Whether clients from other machines are refused while no password is set."),
    directive("proto-max-bulk-len", Memory { min: 1048576, max: 9223372036854775807 }, "536870912")
        .implemented("Longest argument of a request, in bytes."),
    directive("rdb-del-sync-files", Bool, "no"),
    directive("rdb-key-save-delay", Integer { min: -2147483648, max: 2147483647 }, "0").hidden(),
    directive("rdb-save-incremental-fsync", Bool, "yes"),
    directive("rdb-version-check", Text, "strict"),
    directive("rdbchecksum", Bool, "yes").immutable(),
    directive("rdbcompression", Bool, "yes"),
    directive("rdma-bind", Text, ""),
    directive("rdma-completion-vector", Text, "-1"),
    directive("rdma-port", Text, "0").only(&["0"]),
    directive("rdma-rx-size", Text, "1048576"),
    directive("repl-backlog-size", Memory { min: 1, max: 9223372036854775807 }, "10485760"),
    directive("repl-backlog-ttl", Integer { min: 0, max: 9223372036854775807 }, "3600"),
    directive("repl-disable-tcp-nodelay", Bool, "no"),
    directive("repl-diskless-load", Enum(&["disabled", "on-empty-db", "swapdb", "flush-before-load"]), "disabled"),
    directive("repl-diskless-sync", Bool, "yes"),
    directive("repl-diskless-sync-delay", Integer { min: 0, max: 2147483647 }, "5"),
    directive("repl-diskless-sync-max-replicas", Integer { min: 0, max: 2147483647 }, "0"),
    directive("repl-mptcp", Text, "no"),
    directive("repl-ping-replica-period", Integer { min: 1, max: 2147483647 }, "10")
        .alias("repl-ping-slave-period")
        .implemented("Seconds between the pings of a primary; they count for how old the data of a replica may be."),
    directive("repl-timeout", Integer { min: 1, max: 2147483647 }, "60"),
    directive("replica-announce-ip", Text, "").alias("slave-announce-ip"),
    directive("replica-announce-port", Integer { min: 0, max: 65535 }, "0").alias("slave-announce-port"),
    directive("replica-announced", Bool, "yes"),
    directive("replica-ignore-disk-write-errors", Bool, "no"),
    directive("replica-ignore-maxmemory", Bool, "yes")
        .alias("slave-ignore-maxmemory")
        .implemented("Whether a replica takes no keys out by itself."),
    directive("replica-lazy-flush", Bool, "yes").alias("slave-lazy-flush"),
    directive("replica-priority", Integer { min: 0, max: 2147483647 }, "100").alias("slave-priority"),
    directive("replica-read-only", Bool, "yes").alias("slave-read-only"),
    directive("replica-serve-stale-data", Bool, "yes").alias("slave-serve-stale-data"),
    directive("replicaof", Text, "").alias("slaveof").immutable().words().only(&[""]),
    directive("req-res-logfile", Text, "").hidden().immutable(),
    directive("requirepass", Text, "")
        .sensitive()
        .implemented("Password of the default user, the only one there is; empty for none."),
    directive("sanitize-dump-payload", Enum(&["no", "yes", "clients"]), "no"),
    directive("save", Text, "").words().only(&[""]),
    directive("server-cpulist", Text, "").alias("server_cpulist").immutable(),
    directive("set-max-intset-entries", Integer { min: 0, max: 9223372036854775807 }, "512")
        .implemented("A set of so many whole numbers is kept as a row of them."),
    directive("set-max-listpack-entries", Integer { min: 0, max: 9223372036854775807 }, "128")
        .implemented("A set of so many members is kept in one piece of memory."),
    directive("set-max-listpack-value", Integer { min: 0, max: 9223372036854775807 }, "64")
        .implemented("The same with members of so many bytes."),
    directive("set-proc-title", Bool, "yes").immutable(),
    directive("shutdown-on-sigint", Enum(&["default", "save", "nosave", "now", "force", "safe"]), "default")
        .words()
        .implemented(
            "What SIGINT does; `safe` without `force`: nothing while the node owns slots. The rest is about keys.",
        ),
    directive("shutdown-on-sigterm", Enum(&["default", "save", "nosave", "now", "force", "safe"]), "default")
        .words()
        .implemented(
            "What SIGTERM does; `safe` without `force`: nothing while the node owns slots. The rest is about keys.",
        ),
    directive("shutdown-timeout", Integer { min: 0, max: 2147483647 }, "10"),
    directive("slot-migration-max-failover-repl-bytes", Text, "0"),
    directive("slotmesh-admin-bind", Text, "127.0.0.1")
        .immutable()
        .implemented("Addresses that the admin API listens on."),
    directive("slotmesh-admin-port", Integer { min: 0, max: 65535 }, "0")
        .immutable()
        .implemented("Port of the admin API and of metrics; 0 for none."),
    directive("slotmesh-admin-tls-admins", Text, "").immutable().implemented(
        "DNS names and URIs of client certificates that may change things by the admin API; others may look.",
    ),
    directive("slotmesh-admin-tls-ca-file", Text, "")
        .immutable()
        .implemented("Authorities whose certificates clients of the admin API must show; empty for none."),
    directive("slotmesh-admin-tls-cert-file", Text, "")
        .immutable()
        .implemented("Certificate chain of the admin API; empty for plain text."),
    directive("slotmesh-admin-tls-key-file", Text, "").immutable().implemented("Key of that certificate."),
    directive("slotmesh-admin-token-file", Text, "")
        .immutable()
        .implemented("Lines 'ROLE TOKEN' of the admin API, roles 'read' and 'admin'; empty to ask for none."),
    directive("slotmesh-cluster-name", ClusterName, "")
        .immutable()
        .implemented("Name of the cluster; nodes of clusters with different names refuse each other. Empty for none."),
    directive("slotmesh-fast-detection", Bool, "yes").implemented(
        "Suspect a node before the node timeout on evidence that its process is gone; see docs/FAILURE_DETECTION.md.",
    ),
    directive("slotmesh-io-threads", Integer { min: 0, max: 1024 }, "0")
        .immutable()
        .implemented("Threads that serve clients; 0 for one for each core."),
    directive("slotmesh-io-threads-always-active", Bool, "no").implemented(
        "Spread connections over all these threads, however little there is to do; else over as many as serve more than \
         fewer do.",
    ),
    directive("slotmesh-reserved-clients", Integer { min: 0, max: 4294967295 }, "0").implemented(
        "Of `maxclients`, so many are kept for connections from this machine, so that an operator always gets in.",
    ),
    directive("slotmesh-seeds", Seeds, "").words().implemented(
        "Where the node looks for its cluster when it knows or reaches nobody: `ip:port[@busport]`, `[ipv6]:port`, \
         `name:port` or `file:/path`, parted by spaces.",
    ),
    directive("slotmesh-stall-threshold", Integer { min: 0, max: 2147483647 }, "1000").implemented(
        "Milliseconds that a thread that serves clients may be held up before the log tells; 0 for never.",
    ),
    directive("socket-mark-id", Integer { min: 0, max: 4294967295 }, "0").immutable(),
    directive("stop-writes-on-bgsave-error", Bool, "yes"),
    directive("stream-node-max-bytes", Memory { min: 0, max: 9223372036854775807 }, "4096")
        .implemented("Bytes of entries of a stream in one piece of memory; 0 for any."),
    directive("stream-node-max-entries", Integer { min: 0, max: 9223372036854775807 }, "100")
        .implemented("Entries of a stream in one piece of memory; 0 for any."),
    directive("supervised", Enum(&["systemd", "auto", "no"]), "no")
        .immutable()
        .implemented("Who is told when the server is ready: systemd, or whoever has set NOTIFY_SOCKET (`auto`)."),
    directive("syslog-enabled", Bool, "no").immutable().only(&["no"]),
    directive(
        "syslog-facility",
        Enum(&["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]),
        "local0",
    )
    .immutable(),
    directive("syslog-ident", Text, "valkey").immutable(),
    directive("tcp-backlog", Integer { min: 0, max: 2147483647 }, "511")
        .immutable()
        .implemented("Connections that may wait to be accepted."),
    directive("tcp-keepalive", Integer { min: 0, max: 2147483647 }, "300")
        .implemented("Seconds between probes of silent clients; 0 for none."),
    directive("timeout", Integer { min: 0, max: 2147483647 }, "0")
        .implemented("Seconds after which an idle client is closed; 0 for never."),
    directive("tls-auth-clients", Enum(&["no", "yes", "optional"]), "yes"),
    directive("tls-auth-clients-user", Text, "off").only(&["off", "no", ""]),
    directive("tls-auto-reload-interval", Text, "0"),
    directive("tls-ca-cert-dir", Text, "").only(&[""]),
    directive("tls-ca-cert-file", Text, "").only(&[""]),
    directive("tls-cert-file", Text, "").only(&[""]),
    directive("tls-ciphers", Text, ""),
    directive("tls-ciphersuites", Text, ""),
    directive("tls-client-cert-file", Text, "").only(&[""]),
    directive("tls-client-key-file", Text, "").only(&[""]),
    directive("tls-client-key-file-pass", Text, "").sensitive().only(&[""]),
    directive("tls-cluster", Bool, "no").only(&["no"]),
    directive("tls-dh-params-file", Text, "").only(&[""]),
    directive("tls-key-file", Text, "").only(&[""]),
    directive("tls-key-file-pass", Text, "").sensitive().only(&[""]),
    directive("tls-port", Integer { min: 0, max: 65535 }, "0").only(&["0"]),
    directive("tls-prefer-server-ciphers", Bool, "no"),
    directive("tls-protocols", Text, ""),
    directive("tls-replication", Bool, "no").only(&["no"]),
    directive("tls-session-cache-size", Integer { min: 0, max: 2147483647 }, "20480"),
    directive("tls-session-cache-timeout", Integer { min: 0, max: 2147483647 }, "300"),
    directive("tls-session-caching", Bool, "yes"),
    directive("tracking-table-max-keys", Integer { min: 0, max: 9223372036854775807 }, "1000000")
        .implemented("Keys that are remembered for clients that are tracked; 0 for any number."),
    directive("unixsocket", Text, "").immutable().implemented("Path of a socket for local clients."),
    directive("unixsocketgroup", Text, "").immutable().only(&[""]),
    directive("unixsocketperm", Octal { min: 0, max: 511 }, "0")
        .immutable()
        .implemented("Permissions of that socket, octal; 0 leaves them as they come."),
    directive("use-exit-on-panic", Bool, "no").hidden(),
    directive("watchdog-period", Integer { min: 0, max: 2147483647 }, "0").hidden(),
    directive("zset-max-listpack-entries", Integer { min: 0, max: 9223372036854775807 }, "128")
        .alias("zset-max-ziplist-entries")
        .implemented("A sorted set of so many members is kept in one piece of memory."),
    directive("zset-max-listpack-value", Memory { min: 0, max: 9223372036854775807 }, "64")
        .alias("zset-max-ziplist-value")
        .implemented("The same with members of so many bytes."),
];
