//! The `slotmesh` tool: what it says when it can't do what it is asked, and its views of clusters of any kind.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use xtask::build;
use xtask::rack::{Kind, Node};

use crate::turn::{Turn, await_mesh, star};

/// The tool under test.
pub(crate) struct Tool(PathBuf);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tool {
    /// `None`, and a line on stderr, where it was not built.
    pub(crate) fn find() -> Option<Self> {
        let found = build::from_environment(build::TOOL_VARIABLE).unwrap();
        if found.is_none() {
            eprintln!("skipped: {} is not set; cargo xtask test sets it", build::TOOL_VARIABLE);
        }
        found.map(Self)
    }

    /// A call of it that nobody sits in front of.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(words).env_remove("VALKEYCLI_AUTH").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        let output = self.command(words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs it to its good end and gives what it printed.
    pub(crate) fn good(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
        ran.stdout
    }

    /// The same, as JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.good(&[words, &["--json"]].concat())).unwrap()
    }

    /// Runs it to this bad end and gives what it complained of.
    pub(crate) fn bad(&self, words: &[&str], code: i32) -> String {
        let ran = self.run(words);
        assert_eq!(ran.code, Some(code), "{words:?}: {ran:?}");
        ran.stderr
    }
}

/// Addresses of nodes, as words of a command line.
pub(crate) fn addresses(nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| node.address().to_string()).collect()
}

/// Makes a cluster by the tool.
pub(crate) fn create(tool: &Tool, nodes: &[Node], more: &[&str]) -> String {
    let addresses = addresses(nodes);
    let mut words = vec!["create"];
    words.extend(addresses.iter().map(String::as_str));
    words.extend(["--yes"].iter().chain(more));
    tool.good(&words)
}

#[test]
fn wrong_words_are_refused_with_the_reason() {
    let Some(tool) = Tool::find() else { return };
    for (words, wanted) in [
        (&["nodes", "localhost"][..], "expected HOST:PORT"),
        (&["nodes", "::1:7000"], "brackets"),
        (&["nodes", "a:0"], "1 to 65535"),
        (&["nodes"], "give a node to ask"),
        (&["nodes", "127.0.0.1:1", "--addr", "127.0.0.1:2"], "give one node"),
        (&["nodes", "127.0.0.1:1", "--timeout", "0"], "0.001 to 86400"),
        (&["watch"], "needs --admin"),
        (&["watch", "--events", "--topology"], "cannot be used with"),
        (&["nodes", "--admin", "https://127.0.0.1:1"], "--tls-ca-file"),
        (
            &["nodes", "127.0.0.1:1", "--password-file", "/nowhere/at/all"],
            "can't read the password from /nowhere/at/all",
        ),
        (&["nodes", "--admin", "127.0.0.1:1", "--token-file", "/nowhere"], "can't read /nowhere"),
        (&["create", "127.0.0.1:1", "127.0.0.1:1"], "given twice"),
        (&["meet", "127.0.0.1:1"], "two nodes at least"),
        (&["doctor"], "give a node to ask"),
        (&["no-such-command"], "unrecognized subcommand"),
    ] {
        let said = tool.bad(words, 2);
        assert!(said.contains(wanted), "{words:?}: {said}");
    }
    assert!(tool.good(&["completions", "bash"]).contains("_slotmesh"));
    assert!(tool.good(&["--help"]).contains("Exit codes"));
}

#[test]
fn who_can_not_be_asked_is_named_with_the_reason() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    let closed = format!("127.0.0.1:{}", turn.rack.free_port().unwrap());
    for command in ["nodes", "slots", "doctor", "plot"] {
        let said = tool.bad(&[command, &closed], 2);
        assert!(said.contains(&closed) && said.contains("can't connect"), "{said}");
    }
    let said = tool.bad(&["nodes", "--admin", &closed], 2);
    assert!(said.contains(&closed) && said.contains("refused"), "{said}");
    // Takes connections and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute_address = mute.local_addr().unwrap().to_string();
    let said = tool.bad(&["nodes", &mute_address, "--timeout", "0.3"], 2);
    assert!(said.contains("no answer within 300ms"), "{said}");
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let nodes = turn.rack.start(&[kind], &[]).unwrap();
        let bus = format!("127.0.0.1:{}", nodes[0].port() + 10_000);
        let said = tool.bad(&["nodes", &bus, "--timeout", "1"], 2);
        assert!(said.contains(&bus), "{said}");
    }
}

#[test]
fn single_servers_and_passwords_are_told_apart() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for kind in turn.present(&[Kind::Valkey9]) {
        let single = turn.rack.start(&[kind], &[("cluster-enabled", "no")]).unwrap();
        let said = tool.bad(&["doctor", &addresses(&single)[0]], 2);
        assert!(said.contains("it is no cluster node"), "{said}");
        let nodes = turn.rack.start(&[kind], &[]).unwrap();
        let address = &addresses(&nodes)[0];
        nodes[0].call(&["CONFIG", "SET", "requirepass", "sesame"]).unwrap();
        let said = tool.bad(&["nodes", address], 2);
        assert!(said.contains("it wants a password") && said.contains("--password-file"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let said = tool.bad(&["nodes", address, "--password-file", &write("wrong", "sesam\n")], 2);
        assert!(said.contains("it does not let us in: WRONGPASS"), "{said}");
        let right = write("right", "sesame\n");
        assert!(tool.good(&["nodes", address, "--password-file", &right]).contains(address.as_str()));
        assert!(
            tool.good(&["nodes", address, "--user", "default", "--password-file", &right]).contains("Valkey 9.1.2")
        );
        let output = tool.command(&["nodes", address]).env("VALKEYCLI_AUTH", "sesame").output().unwrap();
        assert!(output.status.success());
    }
}

#[test]
fn views_of_clusters_of_any_kind() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    let mut kinds = vec![Kind::Slotmesh];
    kinds.extend(turn.peers());
    let nodes = turn.rack.start(&kinds, &[]).unwrap();
    nodes[0].call(&["CLUSTER", "ADDSLOTSRANGE", "0", "99"]).unwrap();
    star(&nodes);
    await_mesh(&nodes);
    for node in &nodes {
        let address = node.address().to_string();
        let view = tool.json(&["nodes", &address]);
        assert_eq!(view["id"], node.id().unwrap(), "{view}");
        assert_eq!(view["nodes"].as_array().unwrap().len(), nodes.len());
        assert!(view["nodes"].as_array().unwrap().iter().all(|entry| entry["connected"] == true), "{view}");
        let slots = tool.json(&["slots", &address]);
        assert_eq!((&slots["slots"][0]["last"], &slots["slots"][1]["owner"]), (&99.into(), &Value::Null), "{slots}");
        let table = tool.good(&["nodes", &address]);
        assert!(table.contains("itself") && table.contains("100 of 16384 slots"), "{table}");
        let ranges = tool.good(&["slots", &address]);
        assert!(ranges.contains("0-99") && ranges.contains("nobody"), "{ranges}");
        let picture = tool.good(&["plot", &address]);
        assert!(picture.starts_with("<svg ") && picture.contains(&address), "{picture}");
    }
}
