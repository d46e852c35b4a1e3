//! The extension in which nodes of ours ask each other whether a node can be reached.

use crate::name::Name;

/// A question about a node, or an answer to one. Sent only to nodes that show the mark
/// [`OwnMarks::witness`](crate::OwnMarks::witness).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The node it is about.
    pub about: Name,
    /// Which of the two it is, and what the answer.
    pub word: ReachWord,
}

/// What is said about the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReachWord {
    /// Do you reach it?
    Question,
    /// It has just answered me.
    Reached,
    /// I have no link to it, and none can be opened: refused, or no way leads there.
    Gone,
}

impl Reach {
    /// A word of a later release gives `None`.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (name, rest) = payload.split_first_chunk()?;
        let word = match rest.first()? {
            1 => ReachWord::Question,
            2 => ReachWord::Reached,
            3 => ReachWord::Gone,
            _ => return None,
        };
        Some(Self { about: Name(*name), word })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.about.0);
        out.push(match self.word {
            ReachWord::Question => 1,
            ReachWord::Reached => 2,
            ReachWord::Gone => 3,
        });
    }
}
