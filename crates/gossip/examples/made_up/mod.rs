//! Nodes that are made up for measurements.

use std::net::{IpAddr, Ipv4Addr};

use slotmesh_types::NodeId;

/// Ids that differ at the front, as random ones do.
pub(crate) fn id(number: u32) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..4].copy_from_slice(&(number + 1).wrapping_mul(0x9e37_79b9).to_be_bytes());
    NodeId::from_entropy(entropy)
}

/// An address for each of them.
pub(crate) fn ip(number: u32) -> IpAddr {
    let [_, a, b, c] = number.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, a, b, c))
}
