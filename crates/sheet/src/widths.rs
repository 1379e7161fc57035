//! How wide the columns of a sheet must be, from a first look at its rows.

use super::Column;
use super::cell::Cell;

/// Bounds on a width, in characters. What is longer runs on or is cut where it is shown, not in the file.
const LEAST: usize = 8;
const MOST: usize = 60;

/// Digits that a number is shown with.
const MOST_DIGITS: usize = 20;

/// What a filter's button takes in the header, and what stands free on both sides of a text.
const BUTTON: usize = 3;
const MARGIN: usize = 2;

/// What was seen of a table's rows so far.
#[derive(Clone, Debug)]
pub struct Widths {
    columns: Vec<usize>,
    rows: u32,
}

impl Widths {
    /// Wide enough for the names of the columns.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.iter().map(|column| shown(&column.name) + BUTTON).collect(), rows: 0 }
    }

    /// Looks at a row.
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

    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// The width of each column, in characters.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|width| width.saturating_add(MARGIN).clamp(LEAST, MOST))
    }
}

/// How wide a text is, that is its longest line. Letters of East Asia and pictures are twice as wide as others.
fn shown(text: &str) -> usize {
    let width = |line: &str| line.chars().take(MOST).map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum();
    text.lines().map(width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_within_bounds() {
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
