//! CSV files by RFC 4180 (<https://www.rfc-editor.org/rfc/rfc4180>), made to be opened in a spreadsheet.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};

use super::Column;
use super::cell::Cell;
use super::sink::Sink;
use crate::error::SheetError;

/// Makes Excel read the file as UTF-8 instead of the machine's code page.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A file that is written row by row.
pub struct Csv(csv::Writer<Sink>);

impl Csv {
    /// Begins a file with the names of its columns.
    ///
    /// # Errors
    /// [`SheetError::Writer`] if the header cannot be written.
    pub fn new(columns: &[Column]) -> Result<Self, SheetError> {
        let mut sink = Sink::default();
        std::io::Write::write_all(&mut sink, BYTE_ORDER_MARK).map_err(|error| writer_error(&error))?;
        let builder = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(sink);
        let mut file = Self(builder);
        file.record(columns.iter().map(|column| harmless(column.name.as_str().into())))?;
        Ok(file)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`SheetError::Writer`] if the row cannot be written.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        self.record(cells.iter().map(|cell| match cell {
            Cell::Text(text) => harmless(text.into()),
            other => other.spelled(),
        }))
    }

    /// Takes the bytes written since the last call. After the last row they are the rest of the file.
    ///
    /// # Errors
    /// [`SheetError::Writer`] if the buffer cannot be flushed.
    pub fn take(&mut self) -> Result<Vec<u8>, SheetError> {
        self.0.flush().map_err(|error| writer_error(&error))?;
        Ok(self.0.get_ref().take())
    }

    fn record<'c>(&mut self, cells: impl Iterator<Item = Cow<'c, str>>) -> Result<(), SheetError> {
        for cell in cells {
            self.0.write_field(cell.as_bytes()).map_err(|error| writer_error(&error))?;
        }
        self.0.write_record(None::<&[u8]>).map_err(|error| writer_error(&error))
    }
}

fn writer_error(error: &dyn std::error::Error) -> SheetError {
    SheetError::Writer(format!("csv: {error}"))
}

/// Characters at which a program may cut a text into cells: it may be set to another separator than a comma.
const CUTS: [char; 5] = [';', '\t', '|', '\r', '\n'];

/// Characters that may start a formula: those of OWASP
/// (<https://owasp.org/www-community/attacks/CSV_Injection>, ASVS 5.0, 1.2.10).
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Prevents formula injection: puts an apostrophe before each part of a text that a spreadsheet would read as a formula, whichever
/// separator it expects.
fn harmless(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_formula = |part: &str| part.trim_start_matches([' ', '"']).starts_with(SIGNS);
    let is_whole = text.starts_with(['\t', '\r', '\n', '\0']) || is_formula(&text);
    if !is_whole && !text.split(CUTS).skip(1).any(is_formula) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for part in text.split_inclusive(CUTS) {
        // An apostrophe for the whole text stands before a cut as well.
        if is_formula(part) || safe.is_empty() && is_whole {
            safe.push('\'');
        }
        safe.push_str(part);
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::super::Kind;
    use super::*;

    fn written(names: &[&str], rows: &[Vec<Cell>]) -> String {
        let columns: Vec<_> =
            names.iter().map(|name| Column { name: (*name).into(), kind: Kind::Text }).collect();
        let mut file = Csv::new(&columns).unwrap();
        let mut bytes = Vec::new();
        for row in rows {
            file.row(row).unwrap();
            bytes.extend(file.take().unwrap());
        }
        bytes.extend(file.take().unwrap());
        String::from_utf8(bytes).unwrap()
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn a_file_is_what_spreadsheets_read() {
        let day = NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
        let rows = [
            vec![text("Zoë, \"Z\""), Cell::Number(-5.25), Cell::Date(day)],
            vec![text("a\nb"), Cell::Boolean(true), Cell::DateTime(day.and_hms_opt(18, 30, 0).unwrap())],
            vec![Cell::Empty, Cell::Empty, Cell::Number(1e300)],
        ];
        assert_eq!(
            written(&["Name", "Amount; net", "Day"], &rows),
            "\u{feff}Name,Amount; net,Day\r\n\
             \"Zoë, \"\"Z\"\"\",-5.25,2024-05-01\r\n\
             \"a\nb\",TRUE,2024-05-01 18:30:00\r\n\
             ,,1E300\r\n"
        );
    }

    #[test]
    fn no_text_is_a_formula_and_numbers_stay_numbers() {
        let cells = ["=1+1", "+41 79", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "a=1", "'=1"].map(text);
        let mut row = cells.to_vec();
        row.push(Cell::Number(-2.0));
        assert_eq!(
            written(&["=A1"], &[row]),
            "\u{feff}'=A1\r\n'=1+1,'+41 79,'-2,'@SUM(A1),'\t'=1,\"'\r'=1\",'＝1,a=1,'=1,-2\r\n"
        );
    }

    #[test]
    fn no_part_of_a_text_is_a_formula_for_a_program_that_cuts_at_another_separator() {
        for (cell, expected) in [
            ("a;=1+1", "a;'=1+1"),
            ("a\t=1", "a\t'=1"),
            ("a|@SUM(A1)|+1", "a|'@SUM(A1)|'+1"),
            ("a; =1", "a;' =1"),
            ("a\n=1", "\"a\n'=1\""),
            ("=a;=b", "'=a;'=b"),
            ("\t=1", "'\t'=1"),
            ("a;b=1|c", "a;b=1|c"),
        ] {
            assert_eq!(
                written(&["A"], &[vec![text(cell)]]),
                format!("\u{feff}A\r\n{expected}\r\n"),
                "{cell:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_written_row_is_read_as_the_same(cells in prop::collection::vec("[a\",\r\n=é ]{0,6}", 2..5)) {
            let row: Vec<_> = cells.iter().map(|cell| text(cell)).collect();
            let file = written(&["a", "b"], &[row]);
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file.as_bytes());
            let read = reader.records().next().unwrap().unwrap();
            let expected: Vec<_> = cells.iter().map(|cell| harmless(cell.into()).into_owned()).collect();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), expected);
        }
    }
}
