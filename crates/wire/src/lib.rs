//! Valkey cluster bus packets to values and back.
