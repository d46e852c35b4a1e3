//! RESP2 and RESP3 requests and replies, incremental and bounded.
//!
//! A server keeps the bytes it has read and one [`RequestReader`] for each connection; it asks for the next request,
//! executes it, drops its bytes, and writes the answer with a [`ReplyWriter`]. A client encodes with [`encode_command`] and
//! reads with [`Value::parse`]. No sockets, and no allocation by a length that the peer sent.
//!
//! ```
//! use slotmesh_resp::{Limits, Next, Protocol, ReplyWriter, RequestReader};
//!
//! let mut reader = RequestReader::new(Limits::default());
//! let input = b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n";
//! let Next::Request { args, consumed } = reader.next(input)? else { panic!("a whole request") };
//! assert_eq!((args.len(), &args[0], consumed), (2, &b"ECHO"[..], input.len()));
//!
//! let mut out = Vec::new();
//! ReplyWriter::new(&mut out, Protocol::Resp2).bulk(&args[1]);
//! assert_eq!(out, b"$2\r\nhi\r\n");
//! # Ok::<(), slotmesh_resp::ProtocolError>(())
//! ```

#![forbid(unsafe_code)]

mod inline;
mod integer;
mod limits;
mod protocol_error;
mod reply_writer;
mod request_reader;
mod value;

pub use inline::split_words;
pub use integer::parse_integer;
pub use limits::Limits;
pub use protocol_error::ProtocolError;
pub use reply_writer::{Protocol, ReplyWriter};
pub use request_reader::{Args, Next, RequestReader};
pub use value::{Value, ValueError, encode_command};
