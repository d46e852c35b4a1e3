//! An engine from a nodes.conf, and what other nodes say to it.

use std::iter;
use std::net::{IpAddr, Ipv4Addr};

use slotmesh_gossip::{Action, Config, Engine, LinkId, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Mono, NodeId, Now, UnixMillis};
use slotmesh_wire::{HeaderFields, HeaderTemplate};

pub(crate) const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
/// Digits of ids: this node, and the one that speaks.
pub(crate) const ME: char = '1';
pub(crate) const OTHER: char = '2';

/// The engine of the node that this is the nodes.conf of.
pub(crate) fn engine(nodes_conf: &str) -> Engine {
    let table = ConfFile::parse(nodes_conf.as_bytes()).expect("a nodes.conf").into_table(NOW.mono).expect("a table");
    let mut engine = Engine::new(NOW, table, Config::default(), SplitMix::new(7));
    drain(&mut engine);
    engine
}

/// The other node says something, on a link of its own.
pub(crate) fn hear(engine: &mut Engine, fields: HeaderFields, encode: impl FnOnce(&HeaderTemplate, &mut Vec<u8>)) {
    let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
    let link: LinkId = engine.handle_accepted(NOW, ip, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    let fields = HeaderFields { sender: id(OTHER).into(), port: 7000, bus_port: 17_000, ..fields };
    let mut bytes = Vec::new();
    encode(&HeaderTemplate::new(&fields), &mut bytes);
    engine.handle_packet(NOW, link, &bytes);
    drain(engine);
}

pub(crate) fn id(digit: char) -> NodeId {
    iter::repeat_n(digit, 40).collect::<String>().parse().expect("an id")
}

fn drain(engine: &mut Engine) {
    iter::from_fn(|| engine.poll_action()).for_each(|_: Action| {});
}
