//! The program as an operator meets it: flags, exit codes, log lines, signals, files.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// A server that is killed when the test ends.
struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
    lines: BufReader<std::process::ChildStdout>,
    log: String,
}

/// A port that is free now, and whose bus port is free, too. Both are below those of outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Spread over processes, so that tests that run at once do not meet.
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + (std::process::id().wrapping_mul(97).wrapping_add(step) % 10_000) as u16;
        let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slotmesh-server"));
    command.args(arguments).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    command
}

fn output(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Server {
    fn start(folder: &Path, port: u16, more: &[&str]) -> Self {
        let port_text = port.to_string();
        let mut arguments = vec!["--port", &port_text, "--bind", "127.0.0.1", "--cluster-enabled", "yes"];
        arguments.extend(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        arguments.extend(more);
        Self::spawn(folder, port, &arguments)
    }

    fn spawn(folder: &Path, port: u16, arguments: &[&str]) -> Self {
        let mut server = Self::of(command(folder, arguments).spawn().expect("the program runs"), folder, port);
        server.await_line("Ready to accept connections tcp");
        server
    }

    fn of(mut child: Child, folder: &Path, port: u16) -> Self {
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, port, folder: folder.to_owned(), lines, log: String::new() }
    }

    fn await_line(&mut self, wanted: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.lines.read_line(&mut line).expect("text");
            assert!(count > 0, "ended before '{wanted}':\n{}", self.log);
            self.log.push_str(&line);
            if line.contains(wanted) {
                return line;
            }
        }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        stream.write_all(format!("{request}\r\nQUIT\r\n").as_bytes()).expect("sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("a reply");
        reply.strip_suffix("+OK\r\n").unwrap_or(&reply).to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for the end; gives the exit code and everything that was logged.
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("text");
        (status.code(), format!("{}{rest}", self.log))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn log_lines_have_the_shape_that_tools_wait_for() {
    let folder = folder("lines");
    let mut server = Server::start(&folder, free_port(), &[]);
    let pid = server.child.id();
    assert!(
        server.log.contains(&format!(", PID: {pid}\n")) && server.log.contains("* Server initialized\n"),
        "{}",
        server.log
    );
    assert!(server.log.contains("* No cluster configuration found, I'm "), "{}", server.log);
    server.ask("CLUSTER MEET 127.0.0.1 1");
    let line = server.await_line("Cluster meet 127.0.0.1:1");
    assert!(line.starts_with(&format!("{pid}:M ")) && line.contains(" * Cluster meet"), "{line}");
    server.signal(Signal::TERM);
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("Received SIGTERM scheduling shutdown...") && log.contains("is now ready to exit, bye bye...")
    );
}

#[test]
fn other_log_formats_hold_the_same() {
    for (format, wanted) in
        [("json", "\"message\":\"Server initialized\"}"), ("logfmt", "message=\"Server initialized\"")]
    {
        let server = Server::start(&folder(format), free_port(), &["--log-format", format]);
        assert!(server.log.contains(wanted), "{}", server.log);
        server.signal(Signal::INT);
        assert_eq!(server.end().0, Some(0));
    }
}

#[test]
fn a_wrong_configuration_is_named_and_ends_with_2() {
    let folder = folder("configuration");
    for (arguments, wanted) in [
        (&["--port", "x", "--cluster-enabled", "yes"][..], "'port x'"),
        (&["--prot", "7000"], "did you mean 'port'?"),
        (&["--port", "7000"], "slotmesh runs only as a cluster node"),
        (&["nowhere.conf"], "can't read the configuration file nowhere.conf"),
        (&["--cluster-enabled", "yes", "--dir", "/nowhere/at/all"], "/nowhere/at/all"),
        (&["--cluster-enabled", "yes", "--aclfile", "x"], "not supported by this release"),
    ] {
        let output = output(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(wanted), "{arguments:?}: {}", stderr(&output));
    }
    let help = output(&folder, &["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("Exit codes"));
}

#[test]
fn a_port_in_use_ends_with_1() {
    let folder = folder("port");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let output = output(&folder, &["--port", &port, "--bind", "127.0.0.1", "--cluster-enabled", "yes"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Address already in use"), "{}", stderr(&output));
}

#[test]
fn a_node_that_was_killed_is_itself_again() {
    let folder = folder("killed");
    let port = free_port();
    let mut server = Server::start(&folder, port, &[]);
    let id = server.ask("CLUSTER MYID");
    server.child.kill().expect("killed");
    server.child.wait().expect("it ends");
    let server = Server::start(&folder, port, &[]);
    assert_eq!(server.ask("CLUSTER MYID"), id);
    assert!(server.log.contains("* Node configuration loaded, I'm "), "{}", server.log);
}

#[test]
fn shutdown_stops_and_the_pid_file_goes() {
    let folder = folder("shutdown");
    let server = Server::start(&folder, free_port(), &["--pidfile", "server.pid", "--logfile", ""]);
    let pid_file = server.folder.join("server.pid");
    let text = fs::read_to_string(&pid_file).expect("a pid file");
    assert_eq!(text.trim(), server.child.id().to_string());
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).expect("a connection");
    stream.write_all(b"SHUTDOWN\r\n").expect("sent");
    assert_eq!(server.end().0, Some(0));
    assert!(!pid_file.exists());
}

#[test]
fn config_rewrite_keeps_what_was_set() {
    let folder = folder("rewrite");
    let (port, path) = (free_port(), folder.join("node.conf"));
    fs::write(&path, format!("# my node\nport {port}\nbind 127.0.0.1\ncluster-enabled yes\ntimeout 7\n"))
        .expect("written");
    let server = Server::spawn(&folder, port, &["node.conf"]);
    assert_eq!(server.ask("CONFIG SET timeout 9 cluster-announce-hostname a.example"), "+OK\r\n");
    assert_eq!(server.ask("CONFIG REWRITE"), "+OK\r\n");
    let text = fs::read_to_string(&path).expect("still there");
    assert_eq!(
        text,
        format!(
            "# my node\nport {port}\nbind 127.0.0.1\ncluster-enabled yes\ntimeout 9\n\
             # Generated by CONFIG REWRITE\ncluster-announce-hostname a.example\n"
        )
    );
    drop(server);
    let server = Server::spawn(&folder, port, &["node.conf"]);
    assert!(server.ask("CONFIG GET timeout").contains("\r\n9\r\n"));
}

#[test]
fn a_log_file_may_be_moved_away() {
    let folder = folder("logfile");
    let port = free_port().to_string();
    let arguments = ["--port", &port, "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--logfile", "a.log"];
    let mut child = command(&folder, &arguments).spawn().expect("the program runs");
    let has = |name: &str, text: &str| fs::read_to_string(folder.join(name)).is_ok_and(|log| log.contains(text));
    until(|| has("a.log", "Ready to accept connections tcp"));
    fs::rename(folder.join("a.log"), folder.join("b.log")).expect("moved");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal");
    assert!(child.wait().expect("it ends").success());
    assert!(has("a.log", "bye bye") && !has("b.log", "bye bye"));
}

#[test]
#[cfg(feature = "admin")]
fn few_descriptors_are_shared_out_and_the_admin_api_can_not_take_those_of_clients() {
    let folder = folder("descriptors");
    let (port, admin) = (free_port(), free_port());
    let program = env!("CARGO_BIN_EXE_slotmesh-server");
    let words = format!("--port {port} --bind 127.0.0.1 --cluster-enabled yes --slotmesh-admin-port {admin}");
    let mut child = Command::new("sh");
    child.args(["-c", &format!("ulimit -n 1024; exec {program} {words}")]).current_dir(&folder).stdout(Stdio::piped());
    let mut server = Server::of(child.spawn().expect("a shell"), &folder, port);
    server.await_line("The admin API takes 32 connections at most");
    server.await_line("maxclients has been reduced to 672 ");
    server.await_line("Ready to accept admin connections");
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, admin)).expect("a connection");
    let mut held: Vec<TcpStream> = (0..40).map(|_| connect()).collect();
    let is_closed = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        matches!(stream.read(&mut [0]), Ok(0))
    };
    until(|| held[32..].iter_mut().all(is_closed));
    assert!(!held[..32].iter_mut().any(is_closed), "its share");
    assert_eq!(server.ask("PING"), "+PONG\r\n");
    assert_eq!(server.ask("CONFIG SET maxclients 100000").get(..5), Some("-ERR "));
}

fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("in vain");
}

#[test]
fn an_unwritable_folder_ends_the_node_with_the_reason() {
    // A file where the temporary file has to go stands for a disk that takes nothing: it stops root as well.
    let folder = folder("disk");
    let port = free_port();
    let server = Server::start(&folder, port, &[]);
    let blocked = folder.join(format!("nodes.conf.tmp-{}", server.child.id()));
    fs::create_dir(&blocked).expect("a folder in the way");
    assert!(server.ask("CLUSTER SAVECONFIG").starts_with("-ERR error saving the cluster node config: "));
    let before = fs::read(folder.join("nodes.conf")).expect("still there");
    assert_eq!(server.ask("PING"), "+PONG\r\n", "an operator's save that fails ends nothing");
    server.ask("CLUSTER RESET");
    let (code, log) = server.end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("can't update cluster config file"), "{log}");
    assert_eq!(fs::read(folder.join("nodes.conf")).expect("still there"), before);
}
