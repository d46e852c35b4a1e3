//! The tool at the admin port of a slotmesh node.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;

use serde_json::Value;
use xtask::rack::Kind;

use crate::admin::start_with_api;
use crate::tool::{Tool, addresses};
use crate::turn::{PATIENCE, Turn, await_mesh};

/// A `slotmesh watch` that runs, ended when dropped.
struct Watch {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Watch {
    fn start(tool: &Tool, words: &[&str]) -> Self {
        let mut child = tool.command(words).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Reads on until a line is as wanted.
    fn await_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if wanted(&line) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("{error}, after {seen:#?}"),
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn meet_watch_look_and_forget_by_grpc() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let (ours, port) = start_with_api(&turn);
        let mut nodes = turn.rack.start(&[kind, kind], &[("cluster-node-timeout", "1000")]).unwrap();
        nodes.insert(0, ours);
        let admin = format!("http://127.0.0.1:{port}");
        let addresses = addresses(&nodes);
        let events = Watch::start(&tool, &["watch", "--admin", &admin, "--events", "--oldest", "--json"]);
        let topology = Watch::start(&tool, &["watch", "--admin", &admin, "--topology"]);
        topology.await_line(|line| line.contains("topology: 1 nodes"));
        let said = tool.good(&["meet", "--admin", &admin, &addresses[1], &addresses[2]]);
        assert_eq!(said.matches(": joined\n").count(), 2, "{said}");
        await_mesh(&nodes);
        let id = nodes[1].id().unwrap();
        let line = events.await_line(|line| line.contains("\"meet_confirmed\"") && line.contains(&id));
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["event"]["meet_confirmed"]["id"], id, "{event}");
        topology.await_line(|line| line.contains(&id[..8]) && line.contains("link up"));
        let view = tool.json(&["nodes", "--admin", &admin]);
        assert_eq!((&view["id"], &view["software"]), (&nodes[0].id().unwrap().into(), &"slotmesh".into()));
        let report = tool.run(&["doctor", "--admin", &admin, "--json"]);
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        assert_eq!(report["nodes"].as_array().unwrap().len(), 3, "{report:#}");
        let said = tool.good(&["forget", "--admin", &admin, &addresses[1]]);
        assert!(said.contains("has forgotten"), "{said}");
        topology.await_line(|line| line.contains(&id[..8]) && line.ends_with(": gone"));
        let said = tool.bad(&["watch", "--admin", &addresses[0]], 2);
        assert!(said.contains("admin port"), "a client port: {said}");
        nodes[1].kill();
        let closed = turn.rack.free_port().unwrap();
        let said = tool.run(&["meet", "--admin", &admin, &format!("127.0.0.1:{closed}"), "--wait", "20"]);
        assert!(said.code == Some(1) && said.stdout.contains("failed: "), "{said:?}");
    }
}

#[test]
fn tokens_and_tls_of_the_api() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let tokens = write("tokens", "read read-token-0123456789\nadmin admin-token-0123456789\n");
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, secret) =
        (write("cert.pem", &key.cert.pem()), write("key.pem", &key.signing_key.serialize_pem()));
    let port = turn.rack.free_port().unwrap().to_string();
    let flags = [
        ("slotmesh-admin-port", &*port),
        ("slotmesh-admin-token-file", &tokens),
        ("slotmesh-admin-tls-cert-file", &certificate),
        ("slotmesh-admin-tls-key-file", &secret),
    ];
    let _node = turn.rack.start(&[Kind::Slotmesh], &flags).unwrap();
    let (local, address) = (format!("localhost:{port}"), format!("127.0.0.1:{port}"));
    let read = write("read", "read-token-0123456789\n");
    let good = ["nodes", "--admin", &local, "--tls-ca-file", &certificate, "--token-file", &read];
    assert!(tool.good(&good).contains("itself"));
    let by_address = ["nodes", "--admin", &address, "--tls-ca-file", &certificate, "--token-file", &read];
    assert_eq!(tool.run(&by_address).code, Some(2), "the certificate is that of localhost");
    tool.good(&[&by_address[..], &["--tls-server-name", "localhost"]].concat());
    let said = tool.bad(&good[..5], 2);
    assert!(said.contains("--token-file"), "{said}");
    let meet = ["meet", "127.0.0.1:1", "--admin", &local, "--tls-ca-file", &certificate, "--token-file", &read];
    let ran = tool.run(&meet);
    assert!(ran.code == Some(1) && ran.stdout.contains("role 'admin'"), "{ran:?}");
    let said = tool.bad(&["nodes", "--admin", &local, "--timeout", "3"], 2);
    assert!(said.contains(&local) && said.contains("(--tls-ca-file)?"), "{said}");
}
