//! Arguments of a command, as COMMAND DOCS tells them.

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Any string.
    String,
    /// An integer.
    Integer,
    /// A number with a fraction.
    Double,
    /// A key.
    Key,
    /// A pattern.
    Pattern,
    /// A moment.
    UnixTime,
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
            Self::Double => "double",
            Self::Key => "key",
            Self::Pattern => "pattern",
            Self::UnixTime => "unix-time",
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
    /// Which of the key specifications of the command it belongs to.
    pub key_spec: Option<usize>,
    /// Word that announces it.
    pub token: Option<&'static str>,
    /// What it is for.
    pub summary: Option<&'static str>,
    /// Version that brought it.
    pub since: Option<&'static str>,
    /// Version that advised against it.
    pub deprecated: Option<&'static str>,
    /// It may be left out.
    pub optional: bool,
    /// It may be repeated.
    pub multiple: bool,
    /// The word that announces it is repeated with it.
    pub multiple_token: bool,
    /// Arguments it is made of.
    pub arguments: &'static [Argument],
}

pub(crate) const fn string(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::String, &[])
}

pub(crate) const fn integer(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::Integer, &[])
}

pub(crate) const fn double(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::Double, &[])
}

/// A key, which the specification of that index finds.
pub(crate) const fn key(name: &'static str, spec: usize) -> Argument {
    let mut argument = Argument::new(name, ArgumentKind::Key, &[]);
    argument.key_spec = Some(spec);
    argument
}

pub(crate) const fn unix_time(name: &'static str) -> Argument {
    Argument::new(name, ArgumentKind::UnixTime, &[])
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
            key_spec: None,
            token: None,
            summary: None,
            since: None,
            deprecated: None,
            optional: false,
            multiple: false,
            multiple_token: false,
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

    pub(crate) const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = Some(summary);
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

    pub(crate) const fn multiple_token(mut self) -> Self {
        self.multiple_token = true;
        self
    }
}
