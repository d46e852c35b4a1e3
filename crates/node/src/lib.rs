//! A whole cluster node to start and stop from Rust: engine, commands and sockets wired with tokio.
