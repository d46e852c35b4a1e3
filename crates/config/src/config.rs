//! The value of every directive.

use std::collections::BTreeMap;

use crate::directive::{Class, Directive};
use crate::directives::DIRECTIVES;
use crate::glob;
use crate::output_limits::OutputLimits;

/// The value of every directive, each checked and in its usual spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    values: BTreeMap<&'static str, String>,
    /// Directives that were set and change nothing.
    harmless: Vec<&'static str>,
}

/// Why CONFIG SET changed nothing. The text is what real servers reply after `-ERR `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No such directive.
    #[error("Unknown option or number of arguments for CONFIG SET - '{0}'")]
    Unknown(String),
    /// A value was refused.
    #[error("CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Refused {
        /// The directive.
        name: String,
        /// Why.
        reason: String,
    },
}

/// The highest client port where the bus port follows it, and what is wrong with a higher one.
pub(crate) const CLIENT_PORT_MAX: u16 = 55_535;
pub(crate) const NO_BUS_PORT: &str = "the bus port would be the client port plus 10000, which is above 65535; use a port up to \
    55535 or set cluster-port";

impl Default for Config {
    /// Every directive at its default.
    fn default() -> Self {
        let values = DIRECTIVES.iter().map(|directive| (directive.name, directive.default.to_owned())).collect();
        Self { values, harmless: Vec::new() }
    }
}

impl Config {
    /// The directive of that name or older name; case does not matter.
    #[must_use]
    pub fn directive(name: &str) -> Option<&'static Directive> {
        let named = |wanted: &str| wanted.eq_ignore_ascii_case(name);
        DIRECTIVES.iter().find(|directive| named(directive.name) || directive.alias.is_some_and(named))
    }

    /// The value of an implemented directive as text.
    ///
    /// # Panics
    /// When there is no directive of that name: names are written in the program.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).expect("a directive of the table")
    }

    /// The value of a number directive.
    ///
    /// # Panics
    /// When there is no such directive.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        self.text(name).parse().expect("checked when it was set")
    }

    /// The value of a yes-or-no directive.
    ///
    /// # Panics
    /// When there is no such directive.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.text(name) == "yes"
    }

    /// The value of a port directive.
    ///
    /// # Panics
    /// When there is no such directive.
    #[must_use]
    pub fn port(&self, name: &str) -> u16 {
        u16::try_from(self.number(name)).expect("ports have 16 bits")
    }

    /// How much may wait to be sent to clients of each class (`client-output-buffer-limit`).
    #[must_use]
    pub fn output_limits(&self) -> OutputLimits {
        OutputLimits::default().with(self.text("client-output-buffer-limit")).expect("checked when it was set")
    }

    /// Directives that were set at start and change nothing; worth one line in the log.
    #[must_use]
    pub fn harmless(&self) -> &[&'static str] {
        &self.harmless
    }

    /// CONFIG GET: names and values that match a pattern, ordered by name. Hidden directives and older names answer to
    /// their exact name only.
    #[must_use]
    pub fn get(&self, pattern: &str) -> Vec<(&'static str, &str)> {
        let mut found = Vec::new();
        for directive in DIRECTIVES {
            for name in [Some(directive.name), directive.alias].into_iter().flatten() {
                let exact = name.eq_ignore_ascii_case(pattern);
                if exact || (!directive.hidden && glob::matches_ignoring_case(pattern.as_bytes(), name.as_bytes())) {
                    found.push((name, self.text(directive.name)));
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// CONFIG SET: all or nothing. Gives the names of the directives whose values differ now.
    ///
    /// # Errors
    /// See [`SetError`]; nothing is changed then.
    pub fn set(&mut self, pairs: &[(&str, &str)]) -> Result<Vec<&'static str>, SetError> {
        let mut changes: BTreeMap<&'static str, String> = BTreeMap::new();
        for (name, value) in pairs {
            let directive = Self::directive(name).ok_or_else(|| SetError::Unknown((*name).to_owned()))?;
            let refused = |reason: String| SetError::Refused { name: (*name).to_owned(), reason };
            if directive.immutable {
                return Err(refused("can't set immutable config".into()));
            }
            if directive.protected {
                return Err(refused("can't set protected config".into()));
            }
            if changes.contains_key(directive.name) {
                return Err(refused("duplicate parameter".into()));
            }
            changes.insert(directive.name, directive.check_over(self.text(directive.name), value).map_err(refused)?);
        }
        changes.retain(|name, value| self.values.get(name) != Some(value));
        // CONFIG REWRITE must leave a file that can be started with.
        let port = changes.get("port").and_then(|port| port.parse().ok());
        if port.is_some_and(|port: u16| self.port("cluster-port") == 0 && port > CLIENT_PORT_MAX) {
            return Err(SetError::Refused { name: "port".to_owned(), reason: NO_BUS_PORT.to_owned() });
        }
        let names = changes.keys().copied().collect();
        self.values.extend(changes);
        Ok(names)
    }

    /// Sets a directive to what was settled at start, where that is not what was configured: it shows, and is kept by CONFIG
    /// REWRITE.
    ///
    /// # Errors
    /// The directive is not known, or takes no such value; nothing is changed then.
    pub fn settle(&mut self, name: &str, value: &str) -> Result<(), SetError> {
        let directive = Self::directive(name).ok_or_else(|| SetError::Unknown(name.to_owned()))?;
        let refused = |reason: String| SetError::Refused { name: name.to_owned(), reason };
        self.start_with(directive, value).map_err(refused)
    }

    /// Sets a directive at start, when nothing is immutable yet.
    pub(crate) fn start_with(&mut self, directive: &'static Directive, value: &str) -> Result<(), String> {
        let value = directive.check_over(self.text(directive.name), value)?;
        if directive.class == Class::Harmless && !self.harmless.contains(&directive.name) {
            self.harmless.push(directive.name);
        }
        self.values.insert(directive.name, value);
        Ok(())
    }
}
