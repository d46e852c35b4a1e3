//! The directives of valkey.conf: names, values, defaults, parsing, printing.
//!
//! One table, [`DIRECTIVES`], describes them all; [`Config`] holds a checked value for each and is made by
//! [`Config::load`] from a command line and the files it names. A directive is implemented, known and harmless, or one
//! that guards data or access and is not there yet: that one is refused unless its value asks for nothing. This crate
//! opens no files.
//!
//! ```
//! use slotmesh_config::Config;
//!
//! let arguments = ["--port", "7000", "--cluster-enabled", "yes", "--save", ""].map(String::from);
//! let mut config = Config::load(&arguments, &|path| Err(format!("{path} is not there")))?;
//! assert_eq!(config.port("port"), 7000);
//! assert_eq!(config.set(&[("cluster-node-timeout", "5000")]), Ok(vec!["cluster-node-timeout"]));
//! assert_eq!(config.get("cluster-node-*"), [("cluster-node-timeout", "5000")]);
//! # Ok::<(), slotmesh_config::LoadError>(())
//! ```

#![forbid(unsafe_code)]

mod config;
mod directive;
mod directives;
mod events;
pub mod glob;
mod load;
mod output_limits;
mod rewrite;
mod seed;
mod words;

pub use config::{Config, SetError};
pub use directive::{Class, Directive, Kind};
pub use directives::DIRECTIVES;
pub use load::{LoadError, Origin};
pub use output_limits::{OutputLimit, OutputLimits};
pub use seed::{Seed, SeedError, SeedPorts};
