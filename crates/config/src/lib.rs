//! The directives of valkey.conf: names, values, defaults, parsing, printing.
