//! Why a nodes.conf is refused. Nothing was loaded; leave the file alone and let a human look.

/// A nodes.conf that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfError {
    /// A line is not what a server writes.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: LineError,
    },
    /// No line says who this node is.
    #[error("no line is flagged \"myself\"; was the file cut short?")]
    NoMyself,
    /// More nodes than a table holds.
    #[error("more than {} nodes", crate::Table::NODES_MAX)]
    TooManyNodes,
}

/// What is wrong with a line of nodes.conf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It does not end with a line feed: the file was cut short.
    #[error("the last line is cut short (no line feed at its end)")]
    CutShort,
    /// Longer than any server writes.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// Not text.
    #[error("not valid UTF-8")]
    NotText,
    /// Fewer words than every record has.
    #[error("{0} words, a node has at least 8")]
    Words(usize),
    /// A name is not 40 characters of 0-9 and a-z.
    #[error("{0:?} is not a node id")]
    Id(String),
    /// A node is listed twice.
    #[error("node {0} is listed twice")]
    Duplicate(slotmesh_types::NodeId),
    /// Two lines say `myself`.
    #[error("a second line is flagged \"myself\"")]
    SecondMyself,
    /// Not `host:port@bus-port,...`.
    #[error("{0:?} is not an address")]
    Address(String),
    /// An auxiliary field that no release knows, or a bad value.
    #[error("auxiliary field {0:?} is not known or its value is not valid")]
    Auxiliary(String),
    /// An unknown flag.
    #[error("{0:?} is not a flag")]
    Flag(String),
    /// Not a number where one belongs.
    #[error("{0:?} is not a number")]
    Number(String),
    /// Not a slot, a range of slots, or an open slot.
    #[error("{0:?} is not a slot or a range of slots")]
    Slot(String),
    /// `vars` without pairs of name and value.
    #[error("\"vars\" needs pairs of name and value")]
    Vars,
}
