//! LOLWUT: a picture. Ours is of a mesh: a dot for each member, all joined.

use std::f64::consts::TAU;

use super::numbers::integer;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::server::VALKEY_VERSION;

/// Characters of a picture where the request tells no other size, and at most.
const COLUMNS: i64 = 40;
const COLUMNS_MAX: i64 = 200;
const ROWS: i64 = 20;
const ROWS_MAX: i64 = 100;

/// Fewer dots are no picture, and more would make it black.
const MEMBERS_MIN: usize = 5;
const MEMBERS_MAX: usize = 24;

pub(crate) fn lolwut(call: &mut Call<'_>) -> Handled {
    let (version, rest) = match &call.args[1..] {
        [word, version, rest @ ..] if is_word(word, "version") => (Some(integer(version)?), rest),
        rest => (None, rest),
    };
    let (columns, rows) = match rest {
        [] => (COLUMNS, ROWS),
        [columns, rows] => (integer(columns)?, integer(rows)?),
        _ => return Err(ErrorReply::err("Syntax error. Use: LOLWUT [columns rows]")),
    };
    let mut text = String::new();
    // Real servers have no picture for some versions either. We have one.
    if version.is_none_or(|version| version >= 5) {
        let members = call.server.view().nodes.len().clamp(MEMBERS_MIN, MEMBERS_MAX);
        let (columns, rows) = (columns.clamp(1, COLUMNS_MAX), rows.clamp(1, ROWS_MAX));
        text = Canvas::of_mesh(members, columns as usize, rows as usize).text();
        text.push_str("\nA mesh whose every member knows every other.\n");
    }
    text.push_str(&format!("slotmesh ver. {}, Valkey ver.{VALKEY_VERSION}\n", env!("CARGO_PKG_VERSION")));
    call.reply().verbatim("txt", text.as_bytes());
    Ok(Outcome::Continue)
}

/// Dots, two by four in each character.
struct Canvas {
    columns: usize,
    /// The dots of each character, as braille counts them.
    cells: Vec<u8>,
}

impl Canvas {
    /// So many dots on a circle, each joined to all others.
    fn of_mesh(members: usize, columns: usize, rows: usize) -> Self {
        let mut canvas = Self { columns, cells: vec![0; columns * rows] };
        let (width, height) = ((columns * 2 - 1) as f64, (rows * 4 - 1) as f64);
        let place = |member: usize| {
            let angle = TAU * member as f64 / members as f64;
            ((1.0 + angle.sin()) / 2.0 * width, (1.0 - angle.cos()) / 2.0 * height)
        };
        for one in 0..members {
            for other in one..members {
                canvas.line(place(one), place(other));
            }
        }
        canvas
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let steps = dx.abs().max(dy.abs()).ceil();
        for step in 0..=steps as usize {
            let part = step as f64 / steps.max(1.0);
            self.dot((from.0 + dx * part).round() as usize, (from.1 + dy * part).round() as usize);
        }
    }

    fn dot(&mut self, x: usize, y: usize) {
        /// Bits of a braille character, by column and row.
        const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        if let Some(cell) = self.cells.get_mut(y / 4 * self.columns + x / 2) {
            *cell |= BITS[x % 2][y % 4];
        }
    }

    fn text(&self) -> String {
        let character = |cell: &u8| char::from_u32(0x2800 + u32::from(*cell)).unwrap_or(' ');
        self.cells.chunks(self.columns).flat_map(|row| row.iter().map(character).chain(['\n'])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_drawn() {
        assert_eq!(Canvas::of_mesh(4, 3, 2).text(), "⢠⢺⣄\n⠙⢽⠃\n");
        for (members, columns, rows) in [(0, 1, 1), (1, 1, 1), (2, 1, 1), (24, 200, 100), (3, 200, 1), (3, 1, 100)] {
            let text = Canvas::of_mesh(members, columns, rows).text();
            assert_eq!((text.lines().count(), text.chars().count()), (rows, rows * (columns + 1)));
            assert_eq!(text.contains(|dots| dots > '\u{2800}'), members > 0);
        }
    }
}
