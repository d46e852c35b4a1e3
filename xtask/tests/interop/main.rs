//! Our server among real ones. `cargo xtask test` prepares what these tests need; without it they are skipped, each
//! with a line that says why.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod admin;
mod admin_tools;
mod announce;
mod bus;
mod cli;
mod clients;
mod debug;
mod diff;
mod dump;
mod election;
mod examples;
mod failure;
mod forget;
mod hostile;
mod hostile_clients;
mod leaving;
mod lifecycle;
mod meet;
mod mixed;
mod name;
mod packages;
mod pubsub;
mod pubsub_bytes;
mod redis_rs;
mod reset;
mod reshard;
mod saturation;
mod seeds;
mod streams;
mod tool;
mod tool_admin;
mod tool_create;
mod tool_doctor;
mod tool_tls;
mod tool_top;
mod turn;
mod witness;
