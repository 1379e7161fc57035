//! CSV tables with any common delimiter.

use super::{Form, MAX_TABLE_BYTES, Part};

/// Bytes that are searched for the delimiter.
const LOOKED_AT: usize = 16 * 1024;

/// Reads a table as lines with tabs between cells. `None` if it is empty.
pub(crate) fn read(text: &str) -> Option<Part> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = String::new();
    let mut row = csv::StringRecord::new();
    // A malformed row ends the table. None can occur, because rows may have any length and the text is valid UTF-8.
    while reader.read_record(&mut row).unwrap_or(false) && lines.len() <= MAX_TABLE_BYTES {
        add_row(&mut lines, row.iter());
    }
    (!lines.is_empty()).then_some(Part { form: Form::Table, page: None, text: lines })
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

    #[test]
    fn cells_are_found_with_any_delimiter() {
        for text in ["a,b\n\"x, y\",2\n", "a;b\r\n\"x, y\";2", "a\tb\nx, y\t2", "a|b\n\nx, y|2"] {
            assert_eq!(read(text).unwrap().text, "a\tb\nx, y\t2\n", "{text:?}");
        }
    }

    #[test]
    fn a_cell_of_many_lines_is_one_line_and_rows_may_differ() {
        assert_eq!(
            read("a,b\n\"one\ntwo\tthree\",2,3\n,,\nlast").unwrap().text,
            "a\tb\none two three\t2\t3\nlast\n"
        );
        assert_eq!(read(" \n,\n"), None);
    }
}
