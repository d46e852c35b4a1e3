//! A whole cluster node to start and stop from Rust: engine, commands and sockets wired with tokio.
//!
//! ```
//! use slotmesh_config::Config;
//! use slotmesh_node::{Node, NodeOptions};
//!
//! # let folder = std::env::temp_dir().join(format!("slotmesh-node-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port() % 40_000 + 10_000;
//! let text = format!("port {port}\nbind 127.0.0.1\ncluster-enabled yes\ndir {}", folder.display());
//! let config = Config::load(&["my.conf".into()], &|_| Ok(text.clone()))?;
//! let node = Node::start(config, NodeOptions::default())?;
//! println!("{} serves clients at 127.0.0.1:{port}", node.id());
//! node.stop();
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

#[cfg(feature = "admin")]
mod admin;
#[cfg(not(feature = "admin"))]
#[path = "no_admin.rs"]
mod admin;
mod atomic_file;
mod bus;
mod change;
mod clients;
mod clock;
mod conf_file;
mod delays;
mod ending;
mod keeper;
mod listen;
mod messages;
mod node;
mod own_facts;
mod pid_file;
mod reaper;
mod settings;
mod topology;
mod usage;
mod watchdog;

pub use conf_file::{ConfFileError, NodesConf};
pub use ending::Ending;
pub use listen::ListenError;
pub use node::{Node, NodeOptions, StartError};
pub use own_facts::OwnFactsError;
pub use slotmesh_command::VALKEY_VERSION;
pub use topology::Topology;
