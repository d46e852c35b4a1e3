//! RESP2 and RESP3 requests and replies, incremental and bounded.
