//! Figures of a node as Prometheus reads them. Source: Prometheus text exposition format 0.0.4.

mod catalogue;
mod render;

pub(crate) use render::page;

/// Every metric there is, in the order of the page.
pub const NAMES: [&str; catalogue::ALL.len()] = catalogue::names();

/// What the page is.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
