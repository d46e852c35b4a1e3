//! What no server that speaks the protocol over sockets can be much cheaper than: the example `map_server`.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::Pid;

use crate::build;
use crate::process::{self, cargo};
use crate::rack::{Client, ports, wait};

/// The running example, with a thread for each core as a slotmesh node has. It ends when this is dropped.
pub(super) struct Floor {
    child: Child,
    port: u16,
}

impl Floor {
    /// Builds it for release and starts it.
    pub(super) fn start() -> Result<Self> {
        process::run(cargo().args(["build", "--release", "-p", "slotmesh-resp", "--example", "map_server"]))?;
        let program = build::target_dir()?.join("release").join("examples").join("map_server");
        let port = ports::free()?;
        let mut command = Command::new(&program);
        command.arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().with_context(|| format!("can't start {}", program.display()))?;
        let floor = Self { child, port };
        wait::until("map_server to answer", Client::PATIENCE, || Client::connect(floor.address())?.call(&["PING"]))?;
        Ok(floor)
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // Either may fail only because the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
