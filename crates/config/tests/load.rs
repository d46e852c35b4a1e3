//! Command lines and files.

use std::collections::BTreeMap;

use slotmesh_config::{Config, DIRECTIVES, LoadError};

fn load(line: &str, files: &[(&str, &str)]) -> Result<Config, LoadError> {
    let files: BTreeMap<_, _> = files.iter().copied().collect();
    let read = |path: &str| files.get(path).map(|text| (*text).to_owned()).ok_or("no such file".to_owned());
    let arguments: Vec<String> = line.split(' ').map(|word| word.trim_matches('"').to_owned()).collect();
    Config::load(&arguments, &read)
}

fn refused(line: &str, files: &[(&str, &str)]) -> String {
    load(line, files).expect_err("a wrong configuration").to_string()
}

#[test]
fn the_usual_command_line_is_taken() {
    let line = "--port 7000 --bind 127.0.0.1 ::1 --cluster-enabled yes --cluster-config-file nodes.conf --dir D \
                --save \"\" --appendonly no --daemonize no --protected-mode no --enable-debug-command yes \
                --repl-diskless-sync-delay 0";
    let config = load(line, &[]).unwrap();
    assert_eq!(config.text("bind"), "127.0.0.1 ::1");
    assert_eq!(config.harmless(), ["repl-diskless-sync-delay"]);
    assert!(load("--save --cluster-enabled yes", &[]).is_ok() && load("--cluster-enabled yes --save", &[]).is_ok());
}

#[test]
fn what_acts_is_not_called_harmless() {
    let config = load(
        "--cluster-enabled yes --cluster-allow-reads-when-down yes --cluster-allow-replica-migration no \
         --cluster-manual-failover-timeout 1000 --cluster-migration-barrier 2 --cluster-replica-validity-factor 0 \
         --cluster-slot-stats-enabled yes --repl-ping-replica-period 1",
        &[],
    );
    assert_eq!(config.unwrap().harmless(), [""; 0]);
}

#[test]
fn files_include_files_and_later_values_win() {
    let files = [
        ("a.conf", "# comment\n\nport 1\ninclude b.conf\ncluster-enabled yes\n"),
        ("b.conf", "PORT 2\ncluster-announce-hostname \"host-1.example\"\n"),
    ];
    let config = load("a.conf --cluster-port 5", &files).unwrap();
    assert_eq!((config.port("port"), config.port("cluster-port")), (2, 5));
    assert_eq!(config.text("cluster-announce-hostname"), "host-1.example");
}

#[test]
fn what_guards_data_or_access_is_never_ignored() {
    for line in [
        "--aclfile x",
        "--appendonly yes",
        "--save 900",
        "--tls-port 1",
        "--min-replicas-to-write 1",
        "--unixsocketgroup web",
    ] {
        let error = refused(&format!("--cluster-enabled yes {line}"), &[]);
        assert!(error.contains("is not supported by this release of slotmesh"), "{line}: {error}");
    }
    assert!(refused("--user bob", &[]).contains("not supported"));
}

#[test]
fn wrong_directives_are_refused_with_their_place() {
    let text = "port 1\n\nprot 7\n";
    assert_eq!(
        refused("a.conf", &[("a.conf", text)]),
        "a.conf, line 3: 'prot 7': unknown directive; did you mean 'port'?"
    );
    assert_eq!(
        refused("--port 70000", &[]),
        "command line: 'port 70000': argument must be between 0 and 65535 inclusive"
    );
    assert_eq!(refused("--port", &[]), "command line: 'port': wrong number of arguments");
    assert_eq!(refused("gone.conf", &[]), "can't read the configuration file gone.conf: no such file");
    assert!(refused("a.conf", &[("a.conf", "include a.conf")]).contains("16 deep"));
    assert!(refused("a.conf", &[("a.conf", "port \"1")]).contains("unbalanced quotes"));
    assert!(refused("--port 60000 --cluster-enabled yes", &[]).contains("set cluster-port"));
    assert!(refused("--port 7000", &[]).contains("cluster-enabled yes"));
}

#[test]
fn every_default_is_a_valid_value() {
    for directive in DIRECTIVES {
        let text = format!("cluster-enabled yes\n{} \"{}\"", directive.name, directive.default);
        let result = load("a.conf", &[("a.conf", &text)]);
        let fine = matches!(&result, Ok(_) | Err(LoadError::Conflict(_)));
        assert!(fine, "{}: {result:?}", directive.name);
    }
    assert!(DIRECTIVES.is_sorted_by_key(|directive| directive.name));
}
