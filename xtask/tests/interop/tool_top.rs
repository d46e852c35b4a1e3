//! `slotmesh top` on a terminal, and without one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use xtask::rack::Kind;

use crate::tool::Tool;
use crate::turn::{Turn, await_mesh, star};

/// A terminal: our end, and that of the program.
fn terminal() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    tcsetwinsize(&ours, Winsize { ws_row: 30, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().read(true).write(true).open(Path::new(name.to_str().unwrap())).unwrap();
    (File::from(ours), theirs)
}

#[test]
fn top_shows_every_node_until_q_is_pressed() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    let nodes = turn.rack.start(&turn.present(&[Kind::Slotmesh, Kind::Slotmesh, Kind::Valkey9]), &[]).unwrap();
    star(&nodes);
    await_mesh(&nodes);
    let (mut ours, theirs) = terminal();
    let address = nodes[0].address().to_string();
    let mut command = tool.command(&["top", &address, "--interval", "0.1"]);
    command.stdin(theirs.try_clone().unwrap()).stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut child = command.env("TERM", "xterm").spawn().unwrap();
    // The program's end is open in the program only: a read fails when it has ended.
    drop(command);
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !nodes.iter().all(|node| seen.contains(&node.address().to_string())) {
        let count = ours.read(&mut buffer).unwrap_or_else(|error| panic!("it has ended ({error}): {seen}"));
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    ours.write_all(b"q").unwrap();
    while ours.read(&mut buffer).is_ok_and(|count| count > 0) {}
    assert!(child.wait().unwrap().success());
}

#[test]
fn top_without_a_terminal_says_so() {
    let Some(tool) = Tool::find() else { return };
    let said = tool.bad(&["top", "127.0.0.1:1"], 2);
    assert!(said.contains("needs a terminal"), "{said}");
    assert!(tool.bad(&["top", "127.0.0.1:1", "--json"], 2).contains("no JSON"));
}
