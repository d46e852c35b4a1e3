//! Payloads of DUMP: those of real servers, those of every value, and those that are none.

mod properties;
mod real_servers;
mod refused;
mod shown;
