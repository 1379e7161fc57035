//! CSV tables with any common delimiter.

use passages::{Form, MAX_HEADER_BYTES, Part};

use super::MAX_TABLE_BYTES;
use crate::error::ReadError;

/// Bytes that are searched for the delimiter.
const LOOKED_AT: usize = 16 * 1024;

/// Most cells of a row: as many as a sheet of Excel has columns.
pub(crate) const MOST_CELLS: usize = 16 * 1024;

/// Reads a table as lines with tabs between cells. `None` if it is empty.
///
/// # Errors
/// [`ReadError::TooLong`] for a first row of more than [`MAX_HEADER_BYTES`], or a row of more than [`MOST_CELLS`].
pub(crate) fn read(text: &str) -> Result<Option<Part>, ReadError> {
    let (declared, text) = declared(text);
    let delimiter = declared.unwrap_or_else(|| delimiter(text));
    // Checked before: the reader keeps a place for each cell of a row.
    if most_cells(text.as_bytes(), delimiter) > MOST_CELLS {
        return Err(ReadError::too_long(&format!("A row of a table may have {MOST_CELLS} cells.")));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = String::new();
    let mut row = csv::StringRecord::new();
    // A malformed row ends the table. None can occur, because rows may have any length and the text is valid UTF-8.
    while reader.read_record(&mut row).unwrap_or(false) && lines.len() <= MAX_TABLE_BYTES {
        let is_first = lines.is_empty();
        add_row(&mut lines, row.iter());
        if is_first && lines.len() > MAX_HEADER_BYTES {
            let detail = format!("The first row of a table may have {} KiB.", MAX_HEADER_BYTES >> 10);
            return Err(ReadError::too_long(&detail));
        }
    }
    Ok((!lines.is_empty()).then_some(Part { form: Form::Table, page: None, text: lines }))
}

/// Places in a table that a quotation mark or a line break can have.
#[derive(Clone, Copy)]
enum Place {
    CellStart,
    Plain,
    Quoted,
    /// After a quotation mark that closes the cell, or begins a doubled one.
    Closed,
}

/// Counts the cells of the longest row, with quotation marks as the reader takes them.
fn most_cells(text: &[u8], delimiter: u8) -> usize {
    let (mut place, mut cells, mut most) = (Place::CellStart, 1, 1);
    for byte in text {
        place = match (place, *byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) | (Place::CellStart | Place::Closed, b'"') => Place::Quoted,
            (_, b'\n' | b'\r') => {
                cells = 1;
                Place::CellStart
            }
            (_, byte) if byte == delimiter => {
                cells += 1;
                most = most.max(cells);
                Place::CellStart
            }
            _ => Place::Plain,
        };
    }
    most
}

/// The delimiter that a first line `sep=;` declares, as Excel writes and reads it, and the text after that line.
fn declared(text: &str) -> (Option<u8>, &str) {
    let rest = text.trim_start_matches('\u{feff}').trim_start_matches('"');
    let declared = rest.get(..4).filter(|word| word.eq_ignore_ascii_case("sep=")).and_then(|_| {
        let (line, table) = rest.get(4..)?.split_once('\n')?;
        match line.trim_end_matches('\r').trim_end_matches('"').as_bytes() {
            [delimiter] if delimiter.is_ascii() => Some((*delimiter, table)),
            _ => None,
        }
    });
    declared.map_or((None, text), |(delimiter, table)| (Some(delimiter), table))
}

/// Appends a row as one line; skips rows without text.
pub(crate) fn add_row<'a>(lines: &mut String, cells: impl Iterator<Item = &'a str>) {
    let start = lines.len();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            lines.push('\t');
        }
        for (at, word) in cell.split_whitespace().enumerate() {
            if at > 0 {
                lines.push(' ');
            }
            lines.push_str(word);
        }
    }
    if lines.get(start..).is_none_or(|line| line.trim().is_empty()) {
        lines.truncate(start);
    } else {
        lines.push('\n');
    }
}

/// Finds the most frequent delimiter of the first row outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0u32), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in text.trim_start().bytes().take(LOOKED_AT) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if is_quoted => {}
            _ => counts.iter_mut().filter(|(one, _)| *one == byte).for_each(|(_, count)| *count += 1),
        }
    }
    // Ties go to the first.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(one, _)| *one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> String {
        read(text).unwrap().unwrap().text
    }

    #[test]
    fn cells_are_found_with_any_delimiter() {
        for text in ["a,b\n\"x, y\",2\n", "a;b\r\n\"x, y\";2", "a\tb\nx, y\t2", "a|b\n\nx, y|2"] {
            assert_eq!(text_of(text), "a\tb\nx, y\t2\n", "{text:?}");
        }
    }

    #[test]
    fn a_cell_of_many_lines_is_one_line_and_rows_may_differ() {
        assert_eq!(text_of("a,b\n\"one\ntwo\tthree\",2,3\n,,\nlast"), "a\tb\none two three\t2\t3\nlast\n");
        assert_eq!(read(" \n,\n"), Ok(None));
    }

    #[test]
    fn a_line_that_declares_the_delimiter_is_no_row() {
        for text in [
            "sep=;\na,b;c\n1;2",
            "SEP=;\r\na,b;c\r\n1;2",
            "\"sep=;\"\na,b;c\n1;2",
            "\u{feff}sep=;\na,b;c\n1;2",
        ] {
            assert_eq!(text_of(text), "a,b\tc\n1\t2\n", "{text:?}");
        }
        assert_eq!(text_of("sep=,,\na,b"), "sep=\t\t\na\tb\n");
    }

    #[test]
    fn a_header_and_a_row_have_limits() {
        let is_refused = |text: &str| matches!(read(text), Err(ReadError::TooLong(_)));
        assert!(is_refused(&format!("{}\n1", "name,".repeat(14_000))));
        assert!(is_refused(&format!("a,b\n{}", ",".repeat(MOST_CELLS))));
        assert!(is_refused(&"\"\n\",".repeat(MOST_CELLS)));
        // A quotation mark within a cell quotes nothing.
        assert!(!is_refused(&format!("a,b\n5\" pipe,2\n{}", "1,2\n".repeat(MOST_CELLS))));
        assert!(!is_refused(&format!("{}\n1", "name,".repeat(10_000))));
    }
}
