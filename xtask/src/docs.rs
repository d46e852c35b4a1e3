//! Documents that are made from the code: the tables of directives.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};
use slotmesh_config::{Class, DIRECTIVES, Directive, Kind};

use crate::made::{self, Made, Options};

const DOCUMENT: &str = "docs/CONFIGURATION.md";
const START: &str = "<!-- directives: made by `cargo xtask docs` -->\n";
const END: &str = "<!-- end of directives -->\n";

/// The task that makes it.
const TASK: &str = "docs";

/// Writes the documents that are made from the code, or checks them.
///
/// # Errors
/// A document can't be read or written, or with `check` one is out of date.
pub fn run(options: Options) -> Result<()> {
    made::settle(TASK, &[document()?], options)
}

/// Fails if a document is not what the code says.
pub(crate) fn check() -> Result<()> {
    made::check(TASK, &[document()?])
}

/// The document with the tables as they should be.
fn document() -> Result<Made> {
    let found = fs::read_to_string(made::workspace()?.join(DOCUMENT));
    let found = found.with_context(|| format!("can't read {DOCUMENT}"))?;
    let (before, rest) = found.split_once(START).context("the start of the tables is not marked")?;
    let (_, after) = rest.split_once(END).context("the end of the tables is not marked")?;
    let wanted = format!("{before}{START}{}{END}{after}", tables(DIRECTIVES));
    Ok(Made { path: DOCUMENT.to_owned(), wanted: wanted.into_bytes() })
}

fn tables(directives: &[Directive]) -> String {
    let mut text = String::new();
    implemented(directives, &mut text);
    refused(directives, &mut text);
    harmless(directives, &mut text);
    text
}

fn implemented(directives: &[Directive], text: &mut String) {
    text.push_str("\n### Implemented\n\n`*`: can't be changed while the server runs.\n\n");
    text.push_str("| directive | values | default | what it does |\n|---|---|---|---|\n");
    for directive in directives {
        if let Class::Implemented(about) = directive.class {
            let (name, values, default) = (name(directive), values(directive.kind), shown(directive.default));
            line(text, &format!("| {name} | {values} | {default} | {about} |"));
        }
    }
}

fn refused(directives: &[Directive], text: &mut String) {
    text.push_str("\n### Refused unless it asks for nothing\n\n");
    text.push_str("| directive | accepted |\n|---|---|\n");
    for directive in directives {
        if let Class::Only(neutral) = directive.class {
            let accepted: Vec<String> = neutral.iter().map(|value| shown(value)).collect();
            line(text, &format!("| {} | {} |", name(directive), accepted.join(", ")));
        }
    }
    line(text, "\nAlways refused: `loadmodule`, `rename-command`, `user`.");
}

fn harmless(directives: &[Directive], text: &mut String) {
    text.push_str("\n### Known and harmless\n\n");
    let names = directives.iter().filter(|directive| directive.class == Class::Harmless).map(|one| code(one.name));
    let mut width = 0;
    for (index, name) in names.enumerate() {
        let gap = match index {
            0 => "",
            _ if width + name.len() > 115 => ",\n",
            _ => ", ",
        };
        width = if gap.ends_with('\n') { name.len() } else { width + gap.len() + name.len() };
        text.push_str(gap);
        text.push_str(&name);
    }
    text.push_str("\n\n");
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}

fn name(directive: &Directive) -> String {
    let mark = if directive.immutable { " *" } else { "" };
    let alias = directive.alias.map_or_else(String::new, |alias| format!(", formerly {}", code(alias)));
    format!("{}{alias}{mark}", code(directive.name))
}

fn values(kind: Kind) -> String {
    match kind {
        Kind::Bool => "`yes` or `no`".to_owned(),
        Kind::Integer { min, max } => range("", min, max),
        Kind::Octal { min, max } => format!("octal {min:o} to {max:o}"),
        Kind::Memory { min, max } => range("bytes, ", min, max),
        Kind::Enum(words) => words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", "),
        Kind::Text => "text".to_owned(),
        Kind::Events => "letters `A g $ l s h z x e t d n K E m`".to_owned(),
        Kind::FileName => "file name".to_owned(),
        Kind::Hostname => "host name".to_owned(),
        Kind::Nodename => "text without spaces and most punctuation".to_owned(),
        Kind::Host => "address or host name".to_owned(),
        Kind::Ipv4 => "IPv4 address".to_owned(),
        Kind::Ipv6 => "IPv6 address".to_owned(),
        Kind::ClusterName => "letters, digits, `-`, `.`, `_`; at most 64".to_owned(),
        Kind::Percentiles => "numbers from 0 to 100".to_owned(),
        Kind::Seeds => "`ip:port[@busport]`, `[ipv6]:port`, `name:port`, `file:/path`; at most 64".to_owned(),
        Kind::Ip => "an IP address".to_owned(),
        Kind::OutputLimits => "class, hard limit, soft limit, seconds; repeated".to_owned(),
    }
}

fn range(unit: &str, min: i64, max: i64) -> String {
    if max == i64::MAX { format!("{unit}from {min}") } else { format!("{unit}{min} to {max}") }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "nothing (`\"\"`)".to_owned() } else { code(value) }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_is_in_one_of_the_tables() {
        let text = tables(DIRECTIVES);
        for directive in DIRECTIVES {
            assert!(text.contains(&code(directive.name)), "{}", directive.name);
        }
        assert!(text.lines().filter(|line| line.starts_with("| ")).all(|line| line.ends_with(" |")), "{text}");
    }
}
