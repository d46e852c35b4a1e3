//! Replies of the CLUSTER family.

mod audience;
mod info;
mod nodes;
mod shards;
mod slots;

pub use audience::{Audience, Endpoint, EndpointType, Family};
pub use info::info;
pub use nodes::{node_line, nodes};
pub use shards::shards;
pub use slots::slots;
