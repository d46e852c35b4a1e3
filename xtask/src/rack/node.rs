//! One running server.

use std::cell::RefCell;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};
use slotmesh_resp::Value;
use tempfile::TempDir;

use super::{Client, Kind, NodeLine, wait};

/// A server process in a folder of its own. Both are gone when it is dropped.
#[derive(Debug)]
pub struct Node {
    kind: Kind,
    program: PathBuf,
    port: u16,
    flags: Vec<String>,
    child: Option<Child>,
    client: RefCell<Option<Client>>,
    dir: TempDir,
}

impl Node {
    /// How long a server may take to start or to stop.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// Starts a process without waiting for it; `flags` are directives and their values.
    pub(crate) fn spawn(kind: Kind, program: &Path, port: u16, dir: TempDir, flags: &[(&str, &str)]) -> Result<Self> {
        let flags = flags.iter().flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]).collect();
        let program = program.to_owned();
        let mut node = Self { kind, program, port, flags, child: None, client: RefCell::new(None), dir };
        node.launch()?;
        Ok(node)
    }

    fn launch(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let child = Command::new(&self.program)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(self.dir.path())
            .args(["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("can't start {}", self.program.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until the server answers PING.
    ///
    /// # Errors
    /// It exited or was not ready in time; the error holds the end of its log.
    pub fn await_ready(&mut self) -> Result<()> {
        let what = format!("{} at port {} to answer", self.kind, self.port);
        let ready = wait::until(what, Self::PATIENCE, || match self.exit_status()? {
            Some(status) => Ok(Err(anyhow!("it exited at once: {status}"))),
            None => self.call(&["PING"]).map(|_| Ok(())),
        });
        ready.and_then(|ready| ready).with_context(|| format!("{} did not start; its log:\n{}", self.kind, self.log()))
    }

    /// Starts it again after it was stopped or killed, with the same folder: at another port if one is given, and with
    /// further directives.
    ///
    /// # Errors
    /// It still runs, or does not start.
    pub fn restart(&mut self, port: Option<u16>, flags: &[(&str, &str)]) -> Result<()> {
        ensure!(self.child.is_none(), "{} at port {} still runs", self.kind, self.port);
        self.port = port.unwrap_or(self.port);
        self.flags.extend(flags.iter().flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]));
        self.launch()?;
        self.await_ready()
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// It does not run, or does not stop in time.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.client.take();
        kill_process(self.pid()?, Signal::TERM)?;
        let what = format!("{} at port {} to stop", self.kind, self.port);
        let status = wait::until(what, Self::PATIENCE, || self.exit_status()?.context("it still runs"))?;
        self.child = None;
        Ok(status)
    }

    /// Ends it without warning (SIGKILL).
    pub fn kill(&mut self) {
        self.client.take();
        if let Some(mut child) = self.child.take() {
            // Either may fail only because the process has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// It was not started, or the system does not tell.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.as_mut().context("it does not run")?.try_wait()?)
    }

    /// Sends a command and gives its reply; a reply that is an error is an error. One connection is kept for this.
    ///
    /// # Errors
    /// The server refused, can't be reached or does not answer.
    pub fn call(&self, command: &[&str]) -> Result<Value> {
        let mut kept = self.client.borrow_mut();
        let client = match &mut *kept {
            Some(client) => client,
            empty => empty.insert(Client::connect(self.address())?),
        };
        let reply = client.call(command);
        if reply.is_err() {
            *kept = None;
        }
        reply.with_context(|| format!("{} at port {}", self.kind, self.port))
    }

    /// A command whose reply is a text.
    ///
    /// # Errors
    /// As [`Self::call`]; or the reply is none.
    pub fn text(&self, command: &[&str]) -> Result<String> {
        let reply = self.call(command)?;
        let bytes = reply.as_bytes().with_context(|| format!("{} gave {reply:?}", command.join(" ")))?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Tells it to meet `other`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn meet(&self, other: &Self) -> Result<()> {
        self.call(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string()]).map(drop)
    }

    /// Its id.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn id(&self) -> Result<String> {
        self.text(&["CLUSTER", "MYID"])
    }

    /// What it says of every node.
    ///
    /// # Errors
    /// As [`Self::call`]; or the reply is malformed.
    pub fn lines(&self) -> Result<Vec<NodeLine>> {
        NodeLine::parse_all(&self.text(&["CLUSTER", "NODES"])?)
    }

    /// What it says of the node `id`, if it knows it.
    ///
    /// # Errors
    /// As [`Self::lines`].
    pub fn line_of(&self, id: &str) -> Result<Option<NodeLine>> {
        Ok(self.lines()?.into_iter().find(|line| line.id == id))
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// It can't be reached.
    pub fn connect(&self) -> Result<Client> {
        Client::connect(self.address())
    }

    /// Whose server it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The port for clients.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    ///
    /// # Errors
    /// It does not run.
    pub fn pid(&self) -> Result<Pid> {
        self.child.as_ref().map(Pid::from_child).context("it does not run")
    }

    /// Everything that it has printed, in all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Its nodes.conf as it is on disk now.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn nodes_conf(&self) -> Result<String> {
        fs::read_to_string(self.dir.path().join("nodes.conf")).context("can't read nodes.conf")
    }

    /// Puts a folder in the way of the file that one of ours writes before it replaces nodes.conf: a disk that takes nothing,
    /// until the folder is removed.
    ///
    /// # Errors
    /// It does not run, or the folder can't be made.
    pub fn block_nodes_conf(&self) -> Result<PathBuf> {
        let folder = self.dir.path().join(format!("nodes.conf.tmp-{}", self.pid()?.as_raw_nonzero()));
        fs::create_dir(&folder).context("can't make a folder in the way")?;
        Ok(folder)
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
