//! Replies that say no.

use slotmesh_store::WrongType;

use crate::call::Call;
use crate::table::Known;

/// An error as it goes to a client: a code in capitals, a space, a sentence. Never holds CR or LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply(Vec<u8>);

impl ErrorReply {
    /// The error with this text, which starts with its code. Line ends at its edges go, others become spaces.
    #[must_use]
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let start = text.iter().position(|byte| !is_line_end(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !is_line_end(byte)).map_or(start, |last| last + 1);
        Self(text[start..end].iter().map(|byte| if is_line_end(byte) { b' ' } else { *byte }).collect())
    }

    /// An error of the code `ERR`.
    #[must_use]
    pub fn err(sentence: impl AsRef<[u8]>) -> Self {
        Self::echo(&[sentence.as_ref()])
    }

    /// An error of the code `ERR` made of parts, some of which a client sent: each ends at its first NUL.
    #[must_use]
    pub fn echo(parts: &[&[u8]]) -> Self {
        let mut text = b"ERR ".to_vec();
        for part in parts {
            text.extend_from_slice(until_nul(part));
        }
        Self::new(text)
    }

    /// Words that make no sense together.
    #[must_use]
    pub fn syntax() -> Self {
        Self::err("syntax error")
    }

    /// The key that is needed is not there.
    #[must_use]
    pub fn no_such_key() -> Self {
        Self::err("no such key")
    }

    /// Not an integer of 64 bits.
    #[must_use]
    pub fn not_an_integer() -> Self {
        Self::err("value is not an integer or out of range")
    }

    /// A command that later releases will have.
    pub(crate) fn not_yet(name: &str) -> Self {
        Self::err(format!("{name} is not supported by this release of slotmesh"))
    }

    /// The whole text, code first.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.0
    }

    /// The code. Source: INFO errorstats looks for its end in the first 32 bytes.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        let end = self.0.iter().take(31).position(|byte| *byte == b' ');
        end.map_or(b"ERR", |end| &self.0[..end])
    }

    /// Appends the reply.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'-');
        out.extend_from_slice(&self.0);
        out.extend_from_slice(b"\r\n");
    }
}

impl From<WrongType> for ErrorReply {
    fn from(error: WrongType) -> Self {
        Self::new(error.to_string())
    }
}

/// Fewer or more arguments than a command takes.
pub(crate) fn wrong_number(command: &Known) -> ErrorReply {
    ErrorReply::err(format!("wrong number of arguments for '{}' command", command.full_name))
}

/// Arguments that fit the arity of a container's subcommand and nothing else.
pub(crate) fn wrong_shape(call: &Call<'_>) -> ErrorReply {
    wrong_subcommand(call.command, call.args)
}

/// The same of a request on keys.
pub(crate) fn wrong_subcommand(command: &Known, args: &[&[u8]]) -> ErrorReply {
    let container = command.container.unwrap_or(command.spec).name.to_ascii_uppercase();
    let shape: &[u8] = b"unknown subcommand or wrong number of arguments for '";
    ErrorReply::echo(&[shape, shown(args[1], 128), b"'. Try ", container.as_bytes(), b" HELP."])
}

/// What real servers show of an argument: they treat it as a C string.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
}

/// The first `max` bytes of that.
pub(crate) fn shown(bytes: &[u8], max: usize) -> &[u8] {
    let bytes = until_nul(bytes);
    &bytes[..bytes.len().min(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_stop_at_nul_and_hold_no_line_ends() {
        assert_eq!(ErrorReply::echo(&[b"Unknown node ", b"a\r\nb\0c"]).text(), b"ERR Unknown node a  b");
        assert_eq!(ErrorReply::new("NOPROTO x\r\n").text(), b"NOPROTO x");
    }

    #[test]
    fn a_code_ends_at_the_first_space() {
        assert_eq!(ErrorReply::new("NOPROTO unsupported").code(), b"NOPROTO");
        assert_eq!(ErrorReply::new("silence").code(), b"ERR");
    }
}
