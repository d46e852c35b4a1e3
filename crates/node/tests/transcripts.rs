//! Replies recorded from a real server, asked again of a node. `SLOTMESH_VECTORS` names another folder of recordings.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use slotmesh_command::table::{self, Lookup};
use slotmesh_node::Node;
use support::{Client, Folder, free_port, start, until};

/// What the recordings hold that does not have to be the same.
const SERVER: &str = "valkey-9.1.2";

/// How many of the 908 recordings are compared at least; the test prints why the others are not.
const COMPARED: usize = 496;

/// How long news of a change may take to reach the node that is asked: an fsync on a busy machine is part of it.
const SPREADING: Duration = Duration::from_secs(30);

/// One recorded exchange.
struct Line {
    setup: String,
    node: String,
    before: Vec<Vec<String>>,
    history: Vec<Vec<String>>,
    undo: Vec<Vec<String>>,
    wait: String,
    argv: Vec<String>,
    resp: u64,
    reply: String,
    matching: String,
    normalise: Vec<String>,
}

fn words(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn lists(json: &Json) -> Vec<Vec<String>> {
    json.as_array().into_iter().flatten().map(words).collect()
}

fn recordings() -> Vec<Line> {
    let folder = std::env::var_os("SLOTMESH_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata"), PathBuf::from);
    let text = std::fs::read_to_string(folder.join("commands.jsonl")).expect("recordings");
    let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    lines
        .filter(|json| json["server"] == SERVER && json["reply"].is_string())
        .map(|json| Line {
            setup: json["setup"].as_str().expect("a setup").to_owned(),
            node: json["node"].as_str().expect("a node").to_owned(),
            before: lists(&json["before"]),
            history: lists(&json["history"]),
            undo: lists(&json["undo"]),
            wait: json["wait"].as_str().unwrap_or_default().to_owned(),
            argv: words(&json["argv"]),
            resp: json["resp"].as_u64().expect("a protocol"),
            reply: json["reply"].as_str().expect("a reply").to_owned(),
            matching: json["match"].as_str().expect("a way to match").to_owned(),
            normalise: words(&json["normalise"]),
        })
        .collect()
}

/// A node of a setup: its name, its slots, its primary.
type Member = (&'static str, Option<(u16, u16)>, Option<&'static str>);

/// The clusters that the recordings were made with, as far as they can be made without keys.
fn setup(name: &str) -> Option<&'static [Member]> {
    match name {
        "fresh" => Some(&[("n", None, None)]),
        "full" => Some(&[("n", Some((0, 16383)), None)]),
        "part" => Some(&[("n", Some((0, 8191)), None)]),
        "trio" | "deadprimary" => Some(&[
            ("p0", Some((0, 5460)), None),
            ("p1", Some((5461, 10922)), None),
            ("p2", Some((10923, 16383)), None),
            ("r0", None, Some("p0")),
        ]),
        _ => None,
    }
}

/// A running setup.
struct Cluster {
    members: Vec<(&'static str, String, u16)>,
    nodes: Vec<(Node, Folder)>,
}

impl Cluster {
    fn start(name: &str, setup: &'static [Member]) -> Self {
        let members: Vec<(&str, String, u16)> =
            (1..).zip(setup).map(|(index, member)| (member.0, format!("{index:040x}"), free_port())).collect();
        let dead = name == "deadprimary";
        let id_of = |name: &str| &members.iter().find(|member| member.0 == name).expect("a member").1;
        let mut nodes = Vec::new();
        for (name, _, port) in &members {
            let folder = Folder::new();
            let mut conf = String::new();
            for ((other, slots, primary), (_, other_id, other_port)) in setup.iter().zip(&members) {
                let myself = if other == name { "myself," } else { "" };
                let role = primary.map_or("master -".to_owned(), |primary| format!("slave {}", id_of(primary)));
                let slots = slots.map_or(String::new(), |(first, last)| format!(" {first}-{last}"));
                let shard = id_of(primary.unwrap_or(other)).replace('0', "f");
                let epoch = if setup.len() == 1 { 0 } else { 1 + u16::from(other.as_bytes()[1] - b'0') };
                let ip = if setup.len() == 1 { "" } else { "127.0.0.1" };
                writeln!(
                    conf,
                    "{other_id} {ip}:{other_port}@{},,tls-port=0,shard-id={shard} {myself}{role} 0 0 {epoch} connected{slots}",
                    other_port + 10_000
                )
                .expect("a string");
            }
            if setup.len() > 1 || setup[0].1.is_some() {
                writeln!(conf, "vars currentEpoch {} lastVoteEpoch 0", if setup.len() == 1 { 0 } else { 3 })
                    .expect("a string");
                std::fs::write(folder.0.join("nodes.conf"), conf).expect("written");
            }
            let mut directives = "cluster-node-timeout 2000\nprotected-mode no".to_owned();
            if dead && *name == "r0" {
                directives.push_str("\ncluster-replica-no-failover yes");
            }
            nodes.push((start(&folder.0, *port, &directives), folder));
        }
        let mut cluster = Self { members, nodes };
        cluster.learn_ids();
        cluster.await_ready(setup);
        if dead {
            drop(cluster.nodes.remove(0));
            for name in ["p1", "p2", "r0"] {
                cluster.await_text(name, "INFO", "cluster_state:fail");
            }
        }
        cluster
    }

    /// A hard reset gives a new one.
    fn learn_ids(&mut self) {
        for (_, id, port) in self.members.iter_mut().rev().take(self.nodes.len()) {
            *id = Client::connect(*port).text(&["CLUSTER", "MYID"]);
        }
    }

    fn await_text(&self, name: &str, what: &str, wanted: &str) {
        let mut client = Client::connect(self.port(name));
        until(wanted, || client.text(&["CLUSTER", what]).contains(wanted));
    }

    /// Waits for what a recording waited for.
    fn await_recorded(&self, wait: &str) {
        match wait.strip_prefix("until ").and_then(|rest| rest.split_once(" is a ")) {
            Some((name, "primary")) => self.await_text(name, "NODES", "myself,master"),
            Some((name, "replica")) => self.await_text(name, "NODES", "myself,slave"),
            _ => {}
        }
    }

    fn await_ready(&self, setup: &[Member]) {
        let slots: u32 = setup.iter().filter_map(|member| member.1).map(|(a, b)| u32::from(b - a) + 1).sum();
        let state = if slots == 16384 { "cluster_state:ok" } else { "cluster_state:fail" };
        for (_, _, port) in &self.members {
            let mut client = Client::connect(*port);
            until("the setup is ready", || {
                let nodes = client.text(&["CLUSTER", "NODES"]);
                client.text(&["CLUSTER", "INFO"]).contains(state)
                    && nodes.lines().all(|line| line.contains(" connected"))
            });
        }
    }

    fn run(&self, name: &str, words: &[String]) {
        let words = self.argv(words);
        Client::connect(self.port(name)).ask(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn port(&self, name: &str) -> u16 {
        self.members.iter().find(|member| member.0 == name).expect("a member").2
    }

    fn argv(&self, words: &[String]) -> Vec<String> {
        let of = |word: &String| {
            let id = word.strip_prefix("$id:").and_then(|name| self.members.iter().find(|member| member.0 == name));
            id.map_or_else(|| word.clone(), |member| member.1.clone())
        };
        words.iter().map(of).collect()
    }

    /// Ports as the recordings have them.
    fn canonical(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (index, member) in self.members.iter().enumerate() {
            for offset in [10_000, 0] {
                text =
                    text.replace(&(member.2 + offset).to_string(), &(22_301 + index + usize::from(offset)).to_string());
            }
        }
        text
    }
}

/// Why a reply has to be another one than the recorded.
fn known_difference(line: &Line) -> Option<&'static str> {
    let word = |index: usize| line.argv.get(index).map_or("", String::as_str);
    let is_acl = |words: &Vec<String>| words.get(1).is_some_and(|name| name.eq_ignore_ascii_case("acl"));
    if line.before.iter().chain(&line.history).any(is_acl) {
        return Some("there is one user");
    }
    match (word(0), word(1)) {
        ("CLUSTER", "MEET")
            if line.reply.contains("specified: localhost") || line.reply.contains("node.example.com") =>
        {
            Some("host names are resolved")
        }
        ("HELLO", _) if line.reply.contains("modules") => Some("there is no module for scripts"),
        ("CLUSTER", "GETKEYSINSLOT") if line.node == "r0" => Some("replicas hold no data yet"),
        ("CLUSTER", "SLOTS" | "SHARDS") if ["trio", "deadprimary"].contains(&line.setup.as_str()) => {
            Some("replicas hold no data yet")
        }
        _ => None,
    }
}

/// What can't be compared yet, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// Cluster support can't be switched off.
    Standalone,
    /// Slots do not move by themselves yet.
    SlotMigration,
    /// The recording froze a process.
    Frozen,
    /// A command that does not exist yet: keys, transactions, scripts, channels, users.
    Command,
    /// A command that is told to be missing.
    Unsupported,
    /// What happened before needs such a command.
    History,
    /// A known difference.
    Known(&'static str),
}

/// Channels have nothing to do with keys.
const OF_CHANNELS: &[&str] = &["SSUBSCRIBE", "SPUBLISH", "PUBLISH"];

fn is_irrelevant(line: &Line, words: &[String]) -> bool {
    words[1] == "SET" && OF_CHANNELS.contains(&line.argv[0].as_str())
}

fn lack(line: &Line) -> Option<Lack> {
    let exists = |words: &[String]| {
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        !matches!(table::lookup(&words), Lookup::NoCommand)
    };
    match line.setup.as_str() {
        "standalone" => Some(Lack::Standalone),
        "asm" => Some(Lack::SlotMigration),
        _ if line.wait.contains("SIGSTOP") => Some(Lack::Frozen),
        _ if !exists(&line.argv) => Some(Lack::Command),
        _ if !line
            .history
            .iter()
            .chain(&line.before)
            .all(|words| exists(&words[1..]) || is_irrelevant(line, words)) =>
        {
            Some(Lack::History)
        }
        _ => known_difference(line).map(Lack::Known),
    }
}

/// Whether a command is there; what is not yet can't be compared.
fn is_supported(reply: &[u8]) -> bool {
    !String::from_utf8_lossy(reply).contains("is not supported by this release")
}

/// A cluster that goes through the recordings of one setup in their order.
struct Stage {
    cluster: Cluster,
    /// What was run, as the history of a recording tells it.
    history: Vec<Vec<String>>,
    /// What was asked last; it is in the next history if it changed anything that the recording kept.
    last: Vec<String>,
    /// Whether it changed something that nothing undid.
    changed: bool,
}

impl Stage {
    /// The stage at which `line` was recorded: this one, moved on, if its history leads there.
    fn at(stage: Option<Self>, line: &Line, members: &'static [Member]) -> Self {
        let reached = stage.filter(|stage| {
            let ahead = line.history.strip_prefix(&stage.history[..]);
            ahead.is_some_and(|ahead| !stage.changed || ahead.first() == Some(&stage.last))
        });
        let mut stage = reached.unwrap_or_else(|| Self {
            cluster: Cluster::start(&line.setup, members),
            history: Vec::new(),
            last: Vec::new(),
            changed: false,
        });
        let mut ahead = &line.history[stage.history.len()..];
        if ahead.first() == Some(&stage.last) {
            ahead = &ahead[1..];
        }
        for words in ahead {
            stage.cluster.run(&words[0], &words[1..]);
        }
        stage.history.clone_from(&line.history);
        stage
    }

    fn check(&mut self, line: &Line) -> Verdict {
        self.cluster.learn_ids();
        self.cluster.await_recorded(&line.wait);
        let mut verdict = compare(&self.cluster, line);
        self.changed = is_change(line);
        if !self.changed && line.before.is_empty() && !(line.history.is_empty() && self.cluster.nodes.len() == 1) {
            // What the history changed spreads by gossip, and a node that has just started takes its time to serve.
            let start = Instant::now();
            while matches!(verdict, Verdict::Different(_)) && start.elapsed() < SPREADING {
                std::thread::park_timeout(Duration::from_millis(20));
                verdict = compare(&self.cluster, line);
            }
        }
        self.changed &= line.undo.is_empty();
        for words in &line.undo {
            self.cluster.run(&words[0], &words[1..]);
        }
        self.last = std::iter::once(&line.node).chain(&line.argv).cloned().collect();
        verdict
    }
}

/// Whether the request changed the cluster.
fn is_change(line: &Line) -> bool {
    let word = line.argv.get(1).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let changing = ["MEET", "FORGET", "RESET", "SET-CONFIG-EPOCH", "BUMPEPOCH", "FAILOVER", "REPLICATE", "SETSLOT"];
    let changing = changing.contains(&word.as_str()) || word.contains("SLOTS");
    changing && line.argv[0].eq_ignore_ascii_case("CLUSTER") && line.reply.starts_with('+')
}

enum Verdict {
    Same,
    Lacking,
    Different(String),
}

fn compare(cluster: &Cluster, line: &Line) -> Verdict {
    let mut clients = BTreeMap::new();
    let mut run = |node: &str, words: &[String]| {
        let client = clients.entry(node.to_owned()).or_insert_with(|| {
            let mut client = Client::connect(cluster.port(node));
            if line.resp == 3 {
                client.ask(&["HELLO", "3"]);
            }
            client
        });
        let words = cluster.argv(words);
        client.ask(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    for earlier in &line.before {
        run(&earlier[0], &earlier[1..]);
    }
    let actual = run(&line.node, &line.argv);
    if !is_supported(&actual) {
        return Verdict::Lacking;
    }
    let expected: Vec<u8> = line.reply.chars().map(|c| c as u8).collect();
    let (wanted, got) = (shape(&expected, line, None), shape(&actual, line, Some(cluster)));
    if wanted == got { Verdict::Same } else { Verdict::Different(format!("wanted {wanted}\n     got {got}")) }
}

/// A reply as far as it has to be the same.
fn shape(reply: &[u8], line: &Line, cluster: Option<&Cluster>) -> String {
    match line.matching.as_str() {
        "type" => char::from(reply[0]).to_string(),
        // Only the length and the first line were kept.
        "prefix" => String::from_utf8_lossy(reply).split("\r\n").take(2).collect::<Vec<_>>().join(" "),
        _ => {
            let text = String::from_utf8_lossy(reply).into_owned();
            let text = cluster.map_or(text.clone(), |cluster| cluster.canonical(&text));
            normalised(&text, line)
        }
    }
}

/// Puts names in the place of what differs from run to run.
fn normalised(text: &str, line: &Line) -> String {
    let has = |what: &str| line.normalise.iter().any(|known| known == what);
    // Lengths follow from what they announce.
    let is_length = |line: &str| line.starts_with(['$', '=']) && line[1..].bytes().all(|byte| byte.is_ascii_digit());
    let mut lines: Vec<String> = text
        .split("\r\n")
        .flat_map(|part| part.split('\n'))
        .filter(|part| line.normalise.is_empty() || !is_length(part))
        .filter(|part| !(has("counter") && part.starts_with("cluster_stats_")))
        .map(|part| part.split(' ').map(|word| normalised_word(word, &has)).collect::<Vec<_>>().join(" "))
        .collect();
    if line.matching == "shape" || has("order") {
        lines.iter_mut().for_each(|line| {
            if line.starts_with(':') {
                ":N".clone_into(line);
            }
        });
        lines.sort();
    }
    lines.join("\n")
}

fn normalised_word(word: &str, has: &dyn Fn(&str) -> bool) -> String {
    let word = word.strip_prefix("txt:").unwrap_or(word);
    let is_id = word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    match () {
        () if is_id && has("node-id") => "ID".to_owned(),
        () if is_number && (has("time") || has("epoch") || has("offset")) => "N".to_owned(),
        () if has("epoch") && word.contains("epoch:") => word.split(':').next().unwrap_or_default().to_owned(),
        () => word.to_owned(),
    }
}

#[test]
fn recorded_replies_are_given_again() {
    let (mut same, mut lacking, mut different) = (0, BTreeMap::new(), Vec::new());
    let mut stages: BTreeMap<String, Stage> = BTreeMap::new();
    for line in recordings() {
        let members = setup(&line.setup).ok_or(Lack::History);
        let comparable = lack(&line).map_or(members, Err);
        let verdict = comparable.map(|members| {
            let mut stage = Stage::at(stages.remove(&line.setup), &line, members);
            let verdict = stage.check(&line);
            stages.insert(line.setup.clone(), stage);
            verdict
        });
        match verdict {
            Ok(Verdict::Same) => same += 1,
            Ok(Verdict::Lacking) => *lacking.entry(Lack::Unsupported).or_insert(0) += 1,
            Err(lack) => *lacking.entry(lack).or_insert(0) += 1,
            Ok(Verdict::Different(how)) => {
                different.push(format!("{} {} RESP{}: {:?}\n  {how}", line.setup, line.node, line.resp, line.argv));
            }
        }
    }
    println!("{same} replies are the same, {} differ, not compared: {lacking:?}", different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(same >= COMPARED || std::env::var_os("SLOTMESH_VECTORS").is_some(), "only {same} could be compared");
}
