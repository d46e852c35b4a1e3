//! What strangers can make a node take of memory. The figures are those of the whole process, so these tests are a program of
//! their own and run one after the other.

mod support;

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use support::{Client, Folder, free_port, start, until};

/// Nothing else is measured, or takes memory, as long as this is held.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn resident_bytes() -> u64 {
    bytes_of_process(1)
}

/// What is reserved counts, too.
fn virtual_bytes() -> u64 {
    bytes_of_process(0)
}

fn bytes_of_process(field: usize) -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("figures of this process");
    let pages: u64 = text.split(' ').nth(field).and_then(|pages| pages.parse().ok()).expect("pages");
    pages * 4096
}

#[test]
fn announced_lengths_cost_nothing_before_the_bytes_come() {
    let _alone = alone();
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let before = virtual_bytes();
    let waiting: Vec<Client> = (0..200)
        .map(|_| {
            let mut client = Client::connect(port);
            client.send_raw(b"*1000000\r\n$536870912\r\n");
            client
        })
        .collect();
    let mut other = Client::connect(port);
    until("all are connected", || other.text(&["CLIENT", "LIST"]).lines().count() == 201);
    let grown = virtual_bytes().saturating_sub(before);
    assert!(grown < 10 << 30, "{grown} bytes for 200 x 512 MiB announced");
    drop(waiting);
}

#[test]
fn a_client_that_asks_and_never_reads_costs_a_bounded_amount() {
    let _alone = alone();
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let before = resident_bytes();
    let mut greedy = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    greedy.set_nonblocking(true).expect("non-blocking");
    let request = b"CLUSTER NODES\r\nCOMMAND DOCS\r\n".repeat(500);
    // Whatever the server does not take within a while, it never will.
    let mut refused = 0;
    while refused < 200 {
        match greedy.write(&request) {
            Ok(count) if count > 0 => refused = 0,
            _ => {
                refused += 1;
                thread::park_timeout(Duration::from_millis(2));
            }
        }
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
    assert_eq!(Client::connect(port).ask(&["PING"]), b"+PONG\r\n");
}
