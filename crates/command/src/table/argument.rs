//! Arguments of a command, as COMMAND DOCS tells them.

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Any string.
    String,
    /// An integer.
    Integer,
    /// A pattern.
    Pattern,
    /// A word that stands for itself.
    PureToken,
    /// One of its own arguments.
    OneOf,
    /// All of its own arguments.
    Block,
}

impl ArgumentKind {
    /// Its name in COMMAND DOCS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Pattern => "pattern",
            Self::PureToken => "pure-token",
            Self::OneOf => "oneof",
            Self::Block => "block",
        }
    }

    /// Whether it is made of arguments of its own.
    #[must_use]
    pub const fn is_nested(self) -> bool {
        matches!(self, Self::OneOf | Self::Block)
    }
}

/// One argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgumentKind,
    /// How it is shown in a line of usage.
    pub display: &'static str,
    /// Word that announces it.
    pub token: Option<&'static str>,
    /// Version that brought it.
    pub since: Option<&'static str>,
    /// Version that advised against it.
    pub deprecated: Option<&'static str>,
    /// It may be left out.
    pub optional: bool,
    /// It may be repeated.
    pub multiple: bool,
    /// Arguments it is made of.
    pub arguments: &'static [Argument],
}

pub(crate) const fn string(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::String, &[])
}

pub(crate) const fn integer(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::Integer, &[])
}

pub(crate) const fn pattern(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::Pattern, &[])
}

pub(crate) const fn word(name: &'static str, token: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::PureToken, &[]).token(token)
}

pub(crate) const fn one_of(name: &'static str, arguments: &'static [Argument]) -> Argument {
    Argument::new(name, ArgumentKind::OneOf, arguments)
}

pub(crate) const fn block(name: &'static str, arguments: &'static [Argument]) -> Argument {
    Argument::new(name, ArgumentKind::Block, arguments)
}

impl Argument {
    const fn new(name: &'static str, kind: ArgumentKind, arguments: &'static [Argument]) -> Self {
        Self {
            name,
            kind,
            display: name,
            token: None,
            since: None,
            deprecated: None,
            optional: false,
            multiple: false,
            arguments,
        }
    }

    pub(crate) const fn display(mut self, display: &'static str) -> Self {
        self.display = display;
        self
    }

    pub(crate) const fn token(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) const fn since(mut self, since: &'static str) -> Self {
        self.since = Some(since);
        self
    }

    pub(crate) const fn deprecated(mut self, since: &'static str) -> Self {
        self.deprecated = Some(since);
        self
    }

    pub(crate) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(crate) const fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }
}
