//! Asking nodes: RESP at their client ports, gRPC at the admin ports of slotmesh nodes.

mod admin;
mod error;
mod resp;
mod target;
mod tls;

pub(crate) use admin::Admin;
pub(crate) use error::{AskError, AskErrorKind};
pub(crate) use resp::{Access, Resp};
pub(crate) use target::{Target, TargetError, resolve};
pub(crate) use tls::Tls;
