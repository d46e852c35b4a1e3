//! From files and command line to a configuration.

use std::fmt;

use crate::config::{CLIENT_PORT_MAX, Config, NO_BUS_PORT};
use crate::words;

/// Where a directive was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// Its path, as it was given.
        path: String,
        /// Line, from 1.
        line: usize,
    },
    /// On the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}, line {line}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A directive is wrong.
    #[error("{origin}: '{directive}': {reason}")]
    Directive {
        /// Where.
        origin: Origin,
        /// As it was written.
        directive: String,
        /// What is wrong.
        reason: String,
    },
    /// A file can't be read.
    #[error("can't read the configuration file {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// Two directives do not go together.
    #[error("{0}")]
    Conflict(String),
}

/// Files may include files this deep.
const DEPTH_MAX: usize = 16;

impl Config {
    /// Reads a command line `[FILE] [--directive value ...]`; later values win. `read` gives the text of a file; `-` is
    /// for it to read standard input.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(arguments: &[String], read: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, LoadError> {
        let mut config = Self::default();
        let (file, directives) = match arguments.split_first() {
            Some((first, rest)) if !first.starts_with("--") => (Some(first), rest),
            _ => (None, arguments),
        };
        if let Some(path) = file {
            config.read_file(path, read, 0)?;
        }
        config.read_command_line(directives, read)?;
        config.check_together()?;
        Ok(config)
    }

    fn read_command_line(
        &mut self,
        arguments: &[String],
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<(), LoadError> {
        let mut rest = arguments;
        while let Some((first, tail)) = rest.split_first() {
            let name = first.strip_prefix("--").ok_or_else(|| LoadError::Directive {
                origin: Origin::CommandLine,
                directive: first.clone(),
                reason: "a directive starts with '--'; did a value before it need quotes?".into(),
            })?;
            let values = tail.iter().position(|word| word.starts_with("--")).unwrap_or(tail.len());
            let mut directive = vec![name.to_owned()];
            directive.extend(tail[..values].iter().cloned());
            // Scripts pass an empty variable without quotes; real servers take that, too.
            if values == 0 && name.eq_ignore_ascii_case("save") {
                directive.push(String::new());
            }
            self.apply(&directive, &Origin::CommandLine, read, 0)?;
            rest = &tail[values..];
        }
        Ok(())
    }

    fn read_file(
        &mut self,
        path: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
        depth: usize,
    ) -> Result<(), LoadError> {
        let text = read(path).map_err(|reason| LoadError::File { path: path.to_owned(), reason })?;
        for (index, line) in text.lines().enumerate() {
            let origin = Origin::File { path: path.to_owned(), line: index + 1 };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words = words::split(line).ok_or_else(|| LoadError::Directive {
                origin: origin.clone(),
                directive: line.to_owned(),
                reason: "unbalanced quotes".into(),
            })?;
            self.apply(&words, &origin, read, depth)?;
        }
        Ok(())
    }

    fn apply(
        &mut self,
        words: &[String],
        origin: &Origin,
        read: &dyn Fn(&str) -> Result<String, String>,
        depth: usize,
    ) -> Result<(), LoadError> {
        let Some((name, values)) = words.split_first() else { return Ok(()) };
        let wrong =
            |reason: String| LoadError::Directive { origin: origin.clone(), directive: words.join(" "), reason };
        if name.eq_ignore_ascii_case("include") {
            let [path] = values else { return Err(wrong("include needs one file".into())) };
            if depth == DEPTH_MAX {
                return Err(wrong(format!("files include each other more than {DEPTH_MAX} deep")));
            }
            return self.read_file(path, read, depth + 1);
        }
        if ["user", "loadmodule", "rename-command"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Err(wrong(format!("'{name}' is not supported by this release of slotmesh")));
        }
        let directive = Self::directive(name).ok_or_else(|| wrong(unknown(name)))?;
        if values.is_empty() || (values.len() > 1 && !directive.words) {
            return Err(wrong("wrong number of arguments".into()));
        }
        self.start_with(directive, &values.join(" ")).map_err(wrong)
    }

    fn check_together(&self) -> Result<(), LoadError> {
        let conflict = |text: &str| Err(LoadError::Conflict(text.to_owned()));
        if !self.flag("cluster-enabled") {
            return conflict("cluster-enabled is 'no': slotmesh runs only as a cluster node; set cluster-enabled yes");
        }
        if self.port("cluster-port") == 0 && self.port("port") > CLIENT_PORT_MAX {
            return conflict(NO_BUS_PORT);
        }
        Ok(())
    }
}

/// The reason for an unknown directive, with the nearest known name.
fn unknown(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let nearest = crate::DIRECTIVES.iter().map(|known| (distance(&name, known.name), known.name)).min();
    match nearest {
        Some((distance, known)) if distance <= 3 => format!("unknown directive; did you mean '{known}'?"),
        _ => "unknown directive".into(),
    }
}

/// Changes of one character that lead from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
