//! Column headings, which label cells that nothing beside them labels.

use std::cell::{Cell, OnceCell};

/// Bytes of a table's line, and its rows, that are looked at: a bound on the work that a text can make.
const LONGEST_LINE: usize = 1024;
const MOST_ROWS: usize = 64;

/// Bytes of a column's heading at most.
const LONGEST_HEADING: usize = 32;

/// Cache of the lines and rows of a text.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Offset of each line.
    lines: OnceCell<Vec<usize>>,
    /// The row that was asked for last: it is asked for each of its cells.
    row: Cell<Option<Row>>,
}

/// A line, and if it is a row of a table, the line that heads it.
#[derive(Debug, Clone, Copy)]
struct Row {
    start: usize,
    end: usize,
    delimiter: u8,
    head: Option<(usize, usize)>,
}

impl Tables {
    /// The span of the first line's cell above a place in a table that is separated by tabs, semicolons, bars or commas.
    pub(super) fn heading(&self, text: &[u8], place: usize) -> Option<(usize, usize)> {
        let known = self.row.get().filter(|row| row.start <= place && place <= row.end);
        let row = known.unwrap_or_else(|| self.row(text, place));
        self.row.set(Some(row));
        let (head, head_end) = row.head?;
        let column = count(slice(text, row.start, place), row.delimiter);
        let mut start = head;
        for (at, cell) in slice(text, head, head_end).split(|byte| *byte == row.delimiter).enumerate() {
            if at == column {
                let is_heading = cell.len() <= LONGEST_HEADING && !cell.iter().any(u8::is_ascii_digit);
                return is_heading.then_some((start, start + cell.len()));
            }
            start += cell.len() + 1;
        }
        None
    }

    fn row(&self, text: &[u8], place: usize) -> Row {
        let lines = self.lines.get_or_init(|| {
            let newlines = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect()
        });
        let span = |line: usize| {
            let start = lines.get(line).copied().unwrap_or_default();
            (start, lines.get(line + 1).map_or(text.len(), |next| next - 1))
        };
        let line = lines.partition_point(|start| *start <= place).saturating_sub(1);
        let (start, end) = span(line);
        let plain = Row { start, end, delimiter: 0, head: None };
        if line == 0 || end - start > LONGEST_LINE {
            return plain;
        }
        let bytes = slice(text, start, end);
        let Some(delimiter) = [b'\t', b';', b'|', b','].into_iter().find(|one| bytes.contains(one)) else {
            return plain;
        };
        // Up to the first of the lines above that have the same delimiter.
        let above = (0..line).rev().take(MOST_ROWS).map(span);
        let head = above
            .take_while(|(start, end)| {
                end - start <= LONGEST_LINE && slice(text, *start, *end).contains(&delimiter)
            })
            .last()
            .filter(|(start, end)| count(slice(text, *start, *end), delimiter) == count(bytes, delimiter));
        Row { start, end, delimiter, head }
    }
}

fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end).unwrap_or_default()
}

fn count(line: &[u8], delimiter: u8) -> usize {
    line.split(|byte| *byte == delimiter).count() - 1
}
