//! Widths of a sheet's columns, measured in a first pass over its rows.

use super::Column;
use super::cell::Cell;

/// Least width, in characters.
const LEAST: usize = 8;

/// Greatest width, in characters. Longer texts overflow or are clipped on the screen; the file has all of them.
const MOST: usize = 60;

/// Most digits that a number is displayed with.
const MOST_DIGITS: usize = 20;

/// Width of the filter's button in the header, in characters.
const BUTTON: usize = 3;

/// Margin of a text, both sides together, in characters.
const MARGIN: usize = 2;

/// The widths for the rows so far.
#[derive(Clone, Debug)]
pub struct Widths {
    columns: Vec<usize>,
    rows: u32,
}

impl Widths {
    /// Starts with the widths of the columns' names.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.iter().map(|column| shown(&column.name) + BUTTON).collect(), rows: 0 }
    }

    /// Measures a row.
    pub fn row(&mut self, cells: &[Cell]) {
        self.rows = self.rows.saturating_add(1);
        for (width, cell) in self.columns.iter_mut().zip(cells) {
            *width = (*width).max(match cell {
                Cell::Text(text) => shown(text),
                Cell::Number(_) => cell.spelled().len().min(MOST_DIGITS),
                other => other.spelled().len(),
            });
        }
    }

    /// Number of rows so far.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// The width of each column, in characters.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|width| width.saturating_add(MARGIN).clamp(LEAST, MOST))
    }
}

/// Measures the longest line of a text. East Asian characters and emoji count twice.
fn shown(text: &str) -> usize {
    let width = |line: &str| line.chars().take(MOST).map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum();
    text.lines().map(width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells_within_bounds() {
        let columns =
            ["A long name", "b", "c", "d", "e"].map(|name| Column { name: name.into(), kind: Kind::Text });
        let mut widths = Widths::new(&columns);
        widths.row(&[
            Cell::Empty,
            Cell::Text("x".repeat(500)),
            Cell::Text("one line\nand another".into()),
            Cell::Text("漢字漢字".into()),
            Cell::Number(1.0 / 3.0),
        ]);
        assert_eq!(widths.columns().collect::<Vec<_>>(), [16, 60, 13, 10, 20]);
        assert_eq!(widths.rows(), 1);
    }
}
