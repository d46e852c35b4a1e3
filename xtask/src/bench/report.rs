//! A table of results.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

use super::sample::Sample;

/// A title and a table.
#[derive(Debug)]
pub(crate) struct Report {
    title: String,
    /// What it was measured beside, if anything.
    beside: &'static str,
    rows: Vec<Vec<String>>,
}

impl Report {
    pub(crate) fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        Self { beside: "; slotmesh beside Valkey 9.1.2 in the same run", ..Self::alone(title, columns) }
    }

    /// A report on our own parts.
    pub(crate) fn alone(title: impl Into<String>, columns: &[&str]) -> Self {
        let heads = columns.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), beside: "", rows: vec![heads] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Prints it, and writes it to `folder`.
    pub(crate) fn save(&self, folder: &Path, name: &str) -> Result<()> {
        let text = self.render();
        print!("\n{text}");
        let path = folder.join(name).with_extension("txt");
        fs::create_dir_all(folder)?;
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
        println!("\nkept in {}", path.display());
        Ok(())
    }

    /// The first column reads from the left, the numbers in the others stand at the right.
    fn render(&self) -> String {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let mut text = format!("{}\n{cores} cores{}\n\n", self.title, self.beside);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
        for row in &self.rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column).unwrap_or(0);
                if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// A median, or a dash.
pub(crate) fn median(sample: &Sample, decimals: usize) -> String {
    sample.median().map_or("-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Smallest and largest.
pub(crate) fn range(sample: &Sample, decimals: usize) -> String {
    sample.range().map_or("-".to_owned(), |(low, high)| format!("{low:.decimals$}-{high:.decimals$}"))
}

/// Between what the middle half lies.
pub(crate) fn middle_half(sample: &Sample, decimals: usize) -> String {
    sample.middle_half().map_or("-".to_owned(), |(low, high)| format!("{low:.decimals$}-{high:.decimals$}"))
}

/// How many times theirs ours is.
pub(crate) fn ratio(ours: &Sample, theirs: &Sample) -> String {
    match (ours.median(), theirs.median()) {
        (Some(ours), Some(theirs)) if theirs > 0.0 => format!("{:.3}", ours / theirs),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut report = Report::new("t", &["case", "ms"]);
        report.row(vec!["long name".into(), "1".into()]);
        report.row(vec!["x".into(), "123".into()]);
        assert!(report.render().ends_with("case        ms\nlong name    1\nx          123\n"), "{}", report.render());
    }
}
