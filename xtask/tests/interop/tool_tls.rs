//! The tool at client ports that speak TLS: those of Redis, the peer that has them.

use tempfile::TempDir;
use xtask::rack::{Kind, Node};

use crate::tool::Tool;
use crate::turn::Turn;

/// Certificates and keys as files.
struct Secrets {
    folder: TempDir,
}

impl Secrets {
    /// One that names the address that is asked, and one that does not.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, host) in [("address", "127.0.0.1"), ("name", "node.example")] {
            let pair = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
            std::fs::write(folder.path().join(format!("{name}.pem")), pair.cert.pem()).unwrap();
            std::fs::write(folder.path().join(format!("{name}.key")), pair.signing_key.serialize_pem()).unwrap();
        }
        Self { folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A Redis with this certificate that wants one of its clients, or does not, and its TLS port.
fn redis(turn: &Turn, secrets: &Secrets, certificate: &str, wants: &str) -> Option<(Node, String)> {
    let port = turn.rack.free_port().unwrap().to_string();
    let (pem, key) = (secrets.file(&format!("{certificate}.pem")), secrets.file(&format!("{certificate}.key")));
    let flags = [
        ("tls-port", &*port),
        ("tls-cert-file", &pem),
        ("tls-key-file", &key),
        ("tls-ca-cert-file", &secrets.file("address.pem")),
        ("tls-auth-clients", wants),
    ];
    if let Err(reason) = turn.rack.program(Kind::Redis7) {
        eprintln!("skipped: {reason}");
        return None;
    }
    let node = turn.rack.start(&[Kind::Redis7], &flags).unwrap().remove(0);
    Some((node, format!("127.0.0.1:{port}")))
}

#[test]
fn nodes_are_asked_over_tls() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    let secrets = Secrets::new();
    let Some((node, address)) = redis(&turn, &secrets, "address", "no") else { return };
    let authority = secrets.file("address.pem");
    let tls = ["--tls", "--tls-ca-file", &authority];
    let shown = tool.good(&[&["nodes", &address], &tls[..]].concat());
    assert!(shown.contains(&node.id().unwrap()) && shown.contains("itself"), "{shown}");
    let said = tool.bad(&["nodes", &address], 2);
    assert!(said.contains("--tls"), "plain text to a TLS port: {said}");
    let plain = node.address().to_string();
    let said = tool.bad(&[&["nodes", &plain, "--timeout", "1"], &tls[..]].concat(), 2);
    assert!(said.contains("no TLS with it"), "TLS to a plain port: {said}");
    let said = tool.bad(&["nodes", &address, "--tls"], 2);
    assert!(said.contains("--tls-ca-file"), "{said}");
    let said = tool.bad(&["nodes", &address, "--tls-ca-file", &authority], 2);
    assert!(said.contains("--tls or --admin"), "{said}");
    let stranger = secrets.file("name.pem");
    let said = tool.bad(&["nodes", &address, "--tls", "--tls-ca-file", &stranger], 2);
    assert!(said.contains("certificate"), "an authority that did not sign it: {said}");
    let said = tool.bad(&["nodes", &address, "--tls", "--tls-ca-file", &secrets.file("address.key")], 2);
    assert!(said.contains("address.key") && said.contains("certificates"), "{said}");
}

#[test]
fn a_certificate_may_bear_another_name_and_ours_may_be_wanted() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    let secrets = Secrets::new();
    let Some((_node, address)) = redis(&turn, &secrets, "name", "yes") else { return };
    let (authority, own, key) = (secrets.file("name.pem"), secrets.file("address.pem"), secrets.file("address.key"));
    let asked = ["nodes", &address, "--tls", "--tls-ca-file", &authority];
    let (named, shown) = (["--tls-server-name", "node.example"], ["--tls-cert-file", &own, "--tls-key-file", &key]);
    assert!(tool.good(&[&asked[..], &named, &shown].concat()).contains("itself"));
    let said = tool.bad(&[&asked[..], &shown].concat(), 2);
    assert!(said.contains("not valid for name"), "{said}");
    tool.bad(&[&asked[..], &named].concat(), 2);
}
