//! What is printed.

use std::io::{self, Write};

use anyhow::Result;
use serde_json::Value;

/// Prints a text, see [`harmless`].
///
/// # Errors
/// Standard output takes no more.
pub(crate) fn print(text: &str) -> Result<()> {
    write(&harmless(text))
}

/// Tells on standard error what goes wrong.
pub(crate) fn complain(text: &str) {
    eprintln!("slotmesh: {}", harmless(text));
}

/// A text that moves no cursor and changes no title: nodes may say anything of themselves, in addresses and in errors.
fn harmless(text: &str) -> String {
    let shown = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '?' } else { c };
    text.chars().map(shown).collect()
}

fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints a value for programs, over several lines.
///
/// # Errors
/// Standard output takes no more.
pub(crate) fn print_json(value: &Value) -> Result<()> {
    write(&format!("{value:#}\n"))
}

/// Prints a value for programs, on a line of its own.
///
/// # Errors
/// Standard output takes no more.
pub(crate) fn print_json_line(value: &Value) -> Result<()> {
    write(&format!("{value}\n"))
}

/// `1 node`, `2 nodes`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Columns of text, each as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    /// The first is the head.
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Adds a row with a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.rows[0].len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    /// Its lines. Numbers stand to the right, everything else to the left.
    pub(crate) fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.rows[0].len())
            .map(|column| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| pad(cell, width));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    /// Its text, a line feed after each line.
    pub(crate) fn text(&self) -> String {
        self.lines().into_iter().map(|line| line + "\n").collect()
    }
}

fn pad(cell: &str, width: usize) -> String {
    let number = !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
    if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_does_not_steer_the_terminal() {
        let said = "10.0.0.1\u{1b}]0;title\u{7}\r\u{9b}2J\u{7f} ok\n";
        assert_eq!(harmless(said), "10.0.0.1?]0;title???2J? ok\n");
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["NAME", "COUNT"]);
        table.row(vec!["a".into(), "7".into()]);
        table.row(vec!["longer".into(), "123456".into()]);
        assert_eq!(table.text(), "NAME    COUNT\na            7\nlonger  123456\n");
    }
}
