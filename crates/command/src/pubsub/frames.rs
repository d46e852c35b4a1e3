//! Messages as they are sent to subscribers.

use bytes::Bytes;
use slotmesh_resp::{Protocol, ReplyWriter};

/// One message, written at most once for each protocol however many receive it.
pub(crate) struct Frames<'a> {
    words: &'a [&'a [u8]],
    resp2: Option<Bytes>,
    resp3: Option<Bytes>,
}

impl<'a> Frames<'a> {
    /// The message made of these words, the first of which tells what it is.
    pub(crate) fn new(words: &'a [&'a [u8]]) -> Self {
        Self { words, resp2: None, resp3: None }
    }

    /// Its bytes in a protocol.
    pub(crate) fn of(&mut self, protocol: Protocol) -> &Bytes {
        let words = self.words;
        let frame = match protocol {
            Protocol::Resp2 => &mut self.resp2,
            Protocol::Resp3 => &mut self.resp3,
        };
        frame.get_or_insert_with(|| {
            // The head of each word takes at most 1 + 20 + 2 bytes, its end 2.
            let mut bytes = Vec::with_capacity(8 + words.iter().map(|word| word.len() + 25).sum::<usize>());
            let mut reply = ReplyWriter::new(&mut bytes, protocol);
            reply.push(words.len());
            words.iter().for_each(|word| reply.bulk(word));
            bytes.into()
        })
    }
}
