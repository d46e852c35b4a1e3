//! Packets and engines for the tests of checks. Node `n` has the id that is made of the byte `n`.

use slotmesh_gossip::{Config, Engine, SplitMix};
use slotmesh_table::{NodeFacts, Table};
use slotmesh_types::Host;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, NodeId, Now, ReplOffset, ShardId, Slot, SlotSet, UnixMillis};
use slotmesh_wire::{Header, HeaderFields, HeaderTemplate, Kind, MessageFlags, Name, NodeFlags, Packet};

use crate::disk::Promises;

pub(super) fn id(node: u8) -> NodeId {
    NodeId::from_entropy([node; 20])
}

pub(super) fn promises(node: u8, current: u64, vote: u64) -> Promises {
    Promises {
        id: id(node),
        current_epoch: CurrentEpoch(current),
        config_epoch: ConfigEpoch(0),
        last_vote_epoch: CurrentEpoch(vote),
    }
}

/// What a node says about itself.
#[derive(Clone)]
pub(super) struct Sample(HeaderFields);

/// An encoded packet.
pub(super) struct Encoded(Vec<u8>);

impl Sample {
    pub(super) fn new(node: u8) -> Self {
        Self(HeaderFields {
            port: 7000,
            other_port: 0,
            bus_port: 17000,
            current_epoch: CurrentEpoch(0),
            config_epoch: ConfigEpoch(0),
            offset: ReplOffset(0),
            sender: id(node).into(),
            slots: SlotSet::new(),
            replica_of: Name::NULL,
            host: Host::UNKNOWN.into(),
            flags: NodeFlags::MYSELF,
            state_fail: false,
            message_flags: MessageFlags::default(),
            cluster_tag: None,
            own_marks: slotmesh_wire::OwnMarks::default(),
        })
    }

    pub(super) fn current(mut self, epoch: u64) -> Self {
        self.0.current_epoch = CurrentEpoch(epoch);
        self
    }

    pub(super) fn config(mut self, epoch: u64) -> Self {
        self.0.config_epoch = ConfigEpoch(epoch);
        self
    }

    pub(super) fn slot(mut self, slot: u16) -> Self {
        self.0.slots.insert(Slot::new(slot).unwrap());
        self
    }

    pub(super) fn replica_of(mut self, primary: u8) -> Self {
        self.0.replica_of = id(primary).into();
        self
    }

    pub(super) fn packet(&self, kind: Kind) -> Encoded {
        let (template, mut bytes) = (HeaderTemplate::new(&self.0), Vec::new());
        match kind {
            Kind::AuthRequest => template.auth_request(false, &mut bytes),
            Kind::AuthAck => template.bare(kind, &mut bytes),
            _ => template.heartbeat(kind, &mut bytes).finish(),
        }
        Encoded(bytes)
    }
}

impl Encoded {
    pub(super) fn with_header<T>(&self, look: impl FnOnce(&Header<'_>) -> T) -> T {
        match Packet::decode(&self.0) {
            Ok(Packet::Full(header, _)) => look(&header),
            other => panic!("a sample has a full header: {other:?}"),
        }
    }
}

pub(super) fn engine(node: u8, current: u64, vote: u64) -> Engine {
    let mut table = Table::new(id(node), ShardId::from_entropy([node; 20]));
    table.current_epoch = CurrentEpoch(current);
    table.last_vote_epoch = CurrentEpoch(vote);
    start(table)
}

/// Node 1, which owns slot 7 at epoch 1 and knows node `other`.
pub(super) fn engine_that_knows(other: u8) -> Engine {
    let mut table = Table::new(id(1), ShardId::from_entropy([1; 20]));
    let me = table.my_key();
    table.facts_mut(me).config_epoch = ConfigEpoch(1);
    table.current_epoch = CurrentEpoch(1);
    table.bind(Slot::new(7).unwrap(), me);
    table.add(NodeFacts::primary(id(other), ShardId::from_entropy([other; 20])), Mono::default()).unwrap();
    start(table)
}

/// The same beside a primary with a slot.
pub(super) fn engine_beside(other: u8) -> Engine {
    let mut table = Table::new(id(1), ShardId::from_entropy([1; 20]));
    let me = table.my_key();
    table.bind(Slot::new(7).unwrap(), me);
    let facts = NodeFacts::primary(id(other), ShardId::from_entropy([other; 20]));
    let other = table.add(facts, Mono::default()).unwrap();
    table.bind(Slot::new(8).unwrap(), other);
    start(table)
}

fn start(table: Table) -> Engine {
    let now = Now { mono: Mono::from_micros(1), unix: UnixMillis(1_795_000_000_000) };
    Engine::new(now, table, Config::default(), SplitMix::new(1))
}
