//! Packets as peers might send them: well made with any content, damaged, or rubbish.

use slotmesh_gossip::LinkId;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, ReplOffset, Slot, SlotRange, SlotSet, UnixMillis};
use slotmesh_wire::{
    ClusterTag, Extension, GossipFields, HeaderFields, HeaderTemplate, HostField, Kind, MessageFlags, ModuleMessage,
    Name, NameFilter, NodeFlags, OwnMarks, Publish, Reach, ReachWord, RosterDigest, encode_light_module,
    encode_light_publish,
};

use crate::engine::driver::Driver;
use crate::engine::peers::{COUNT, Peer};
use crate::input::Input;

/// A packet for `link`.
pub(crate) fn packet(driver: &Driver, link: LinkId, input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let choice = input.byte();
    match choice % 16 {
        0..=4 => heartbeat(driver, link, Kind::Pong, input, &mut bytes),
        5..=7 => heartbeat(driver, link, Kind::Ping, input, &mut bytes),
        8 | 9 => heartbeat(driver, link, Kind::Meet, input, &mut bytes),
        10..=12 => message(driver, link, input, &mut bytes),
        13 => light(input, &mut bytes),
        14 => {
            let length = usize::from(input.word()) % 4096;
            return input.bytes(length).to_vec();
        }
        _ => {
            heartbeat(driver, link, Kind::Ping, input, &mut bytes);
            damage(input, &mut bytes);
        }
    }
    if choice & 0xf0 == 0xf0 {
        damage(input, &mut bytes);
    }
    bytes
}

fn heartbeat(driver: &Driver, link: LinkId, kind: Kind, input: &mut Input<'_>, out: &mut Vec<u8>) {
    let template = header(driver, link, input);
    let mut builder = template.heartbeat(kind, out);
    let counts = input.byte();
    if counts & 0x80 == 0 {
        builder = builder.extensible();
    }
    for _ in 0..counts & 7 {
        builder.entry(&entry(driver, input));
    }
    for _ in 0..(counts >> 3) & 7 {
        extension(driver, input, |extension| builder.extension(extension));
    }
    builder.finish();
}

fn message(driver: &Driver, link: LinkId, input: &mut Input<'_>, out: &mut Vec<u8>) {
    let template = header(driver, link, input);
    match input.below(9) {
        0..=2 => template.fail(name(driver, input), out),
        3..=5 => template.update(name(driver, input), ConfigEpoch(epoch(driver, input)), &slots(driver, input), out),
        6 => template.auth_request(input.flag(), out),
        7 => template.bare(input.pick(&[Kind::AuthAck, Kind::MfStart]), out),
        _ => template.publish(Kind::Publish, Publish { channel: b"chan", message: b"hello" }, out),
    }
}

fn light(input: &mut Input<'_>, out: &mut Vec<u8>) {
    let payload = input.bytes(4);
    if input.flag() {
        encode_light_publish(Kind::PublishShard, Publish { channel: b"chan", message: payload }, out);
    } else {
        encode_light_module(ModuleMessage { module: *b"moduleid", kind: 1, payload }, out);
    }
}

/// Changes a few bytes, perhaps the length.
fn damage(input: &mut Input<'_>, bytes: &mut Vec<u8>) {
    for _ in 0..=input.below(4) {
        let at = usize::from(input.word()) % bytes.len().max(1);
        let byte = input.byte();
        bytes.iter_mut().skip(at).take(1).for_each(|place| *place = byte);
    }
    match input.below(8) {
        6 => bytes.truncate(usize::from(input.word())),
        7 => bytes.resize(bytes.len() + input.below(256), 0),
        _ => {}
    }
}

/// A header that is plausible for the peer at the other end of the link, except where the input says otherwise.
fn header(driver: &Driver, link: LinkId, input: &mut Input<'_>) -> HeaderTemplate {
    const PRIMARY: u16 = 0x1c11;
    let peer = driver.links.get(&link).map_or(Peer(0), |link| link.peer);
    let odd = input.byte();
    let mut fields = HeaderFields {
        port: peer.port(),
        bus_port: peer.bus_port(),
        sender: peer.id().into(),
        flags: NodeFlags(PRIMARY),
        config_epoch: ConfigEpoch(u64::from(peer.0)),
        current_epoch: CurrentEpoch(u64::from(peer.0)),
        ..HeaderFields::default()
    };
    if odd & 0x01 != 0 {
        fields.sender = name(driver, input);
    }
    if odd & 0x02 != 0 {
        (fields.config_epoch, fields.current_epoch) =
            (ConfigEpoch(epoch(driver, input)), CurrentEpoch(epoch(driver, input)));
    }
    if odd & 0x04 != 0 {
        fields.slots = slots(driver, input);
    }
    if odd & 0x08 != 0 {
        fields.replica_of = name(driver, input);
        fields.flags = NodeFlags(PRIMARY ^ 3);
    }
    if odd & 0x10 != 0 {
        fields.host = host(input);
    }
    if odd & 0x20 != 0 {
        (fields.port, fields.other_port, fields.bus_port) = (input.word(), input.word(), input.word());
    }
    if odd & 0x40 != 0 {
        fields.flags = NodeFlags(input.word());
    }
    if odd & 0x80 != 0 {
        fields.offset = ReplOffset(input.long());
        fields.message_flags = MessageFlags([input.byte(), 0, 0]);
        fields.cluster_tag = ClusterTag::of(input.pick(&["", "", "one", "two"]));
        let marks = fields.message_flags.0[0];
        let has = |bit: u8| marks & bit != 0;
        let mut digest = RosterDigest::default();
        digest.toggle(&driver.some_id(input));
        fields.own_marks = OwnMarks {
            heeds_leave: has(0x40),
            leaving: has(0x80),
            witness: has(0x20),
            compares: has(0x10),
            roster: has(0x08).then_some(digest),
        };
    }
    HeaderTemplate::new(&fields)
}

fn name(driver: &Driver, input: &mut Input<'_>) -> Name {
    match input.below(24) {
        0 => Name::NULL,
        1 => Name([b'Z'; 40]),
        2 => (*driver.engine.table().me().id()).into(),
        _ => driver.some_id(input).into(),
    }
}

fn epoch(driver: &Driver, input: &mut Input<'_>) -> u64 {
    let table = driver.engine.table();
    match input.below(8) {
        0 => table.me().config_epoch.0,
        1 => table.current_epoch.0,
        2 => table.current_epoch.next().0,
        3 => u64::MAX,
        4 => u64::MAX - 1,
        _ => u64::from(input.byte()),
    }
}

fn slots(driver: &Driver, input: &mut Input<'_>) -> SlotSet {
    let mut set = match input.below(32) {
        31 => SlotSet::full(),
        1 => driver.engine.table().me().slots().clone(),
        _ => SlotSet::new(),
    };
    let slot = |raw: u16| Slot::from_hash(raw);
    let first = slot(input.word());
    if let Some(range) = SlotRange::new(first, slot(first.get().saturating_add(u16::from(input.byte())))) {
        set.insert_range(range);
    }
    set
}

fn host(input: &mut Input<'_>) -> HostField {
    match input.below(6) {
        0 => HostField([b'1'; 46]),
        1 => HostField(*b"no good, = text for nodes.conf\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        2 => HostField::default(),
        _ => Peer(input.below(COUNT) as u8).host().into(),
    }
}

fn entry(driver: &Driver, input: &mut Input<'_>) -> GossipFields {
    let peer = Peer(input.below(COUNT) as u8);
    let odd = input.byte();
    let mut fields = GossipFields {
        name: peer.id().into(),
        ping_sent: UnixMillis(0),
        pong_received: driver.now.unix,
        host: peer.host().into(),
        port: peer.port(),
        other_port: 0,
        bus_port: peer.bus_port(),
        flags: NodeFlags(0x1c01),
    };
    if odd & 0x01 != 0 {
        fields.name = name(driver, input);
    }
    if odd & 0x02 != 0 {
        fields.flags = NodeFlags(input.pick(&[0x1c05, 0x1c09, 0x1c02, 0x41, 0, 0xffff]));
    }
    if odd & 0x04 != 0 {
        fields.host = host(input);
    }
    if odd & 0x08 != 0 {
        (fields.port, fields.other_port, fields.bus_port) = (input.word(), input.word(), input.word());
    }
    if odd & 0x10 != 0 {
        fields.pong_received = UnixMillis(input.pick(&[0, u64::from(u32::MAX) * 1000, 1_795_000_000_000]));
    }
    if odd & 0x20 != 0 {
        fields.flags = NodeFlags(input.word());
    }
    fields
}

fn extension(driver: &Driver, input: &mut Input<'_>, add: impl FnOnce(&Extension<'_>)) {
    let kind = input.below(12);
    let length = input.below(48);
    let mut text = || input.bytes(length);
    match kind {
        0 => add(&Extension::Hostname(text())),
        1 => add(&Extension::HumanNodename(text())),
        2 | 9 => {
            let name = name(driver, input);
            let ttl = input.pick(&[0, 1, 60, u64::MAX]);
            add(&Extension::ForgottenNode { name, ttl });
        }
        3 => add(&Extension::ShardId(name(driver, input))),
        4 => add(&Extension::ClientIpv4(text())),
        5 => add(&Extension::ClientIpv6(text())),
        6 => add(&Extension::ClientPort(input.word())),
        7 => add(&Extension::ClientTlsPort(input.word())),
        10 => {
            let about = name(driver, input);
            let word = input.pick(&[ReachWord::Question, ReachWord::Reached, ReachWord::Gone]);
            add(&Extension::Reach(Reach { about, word }));
        }
        11 => {
            if let Some(known) = NameFilter::read(text()) {
                add(&Extension::Roster(known));
            }
        }
        _ => add(&Extension::AvailabilityZone(text())),
    }
}
