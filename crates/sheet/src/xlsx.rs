//! XLSX as a stream: the parts of the package in sequence, the sheet row by row
//! (ECMA-376, <https://ecma-international.org/publications-and-standards/standards/ecma-376/>).

mod parts;
#[cfg(test)]
mod tests;
mod truncate;
mod xml;

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use self::parts::{LastCell, Style};
use self::truncate::truncate_utf16;
use super::cell::{Cell, has_millis, spelled_number};
use super::sink::Sink;
use super::widths::Widths;
use super::{Column, MAX_CELL_UNITS, MAX_COLUMNS, MAX_ROWS};
use crate::error::SheetError;

const MILLIS_PER_DAY: f64 = 86_400_000.0;

/// Compression level of the archive. Files are 2 % larger than with the default of 6, in less than half the time.
const LEVEL: i64 = 4;

/// A file that is written row by row.
pub struct Xlsx {
    archive: ZipWriter<StreamWriter<Sink>>,
    /// Names of the columns in references: A, B, C.
    letters: Vec<String>,
    /// Number of rows that the widths were measured from.
    announced: u32,
    /// Number of rows so far.
    rows: u32,
    /// Buffer for the XML of a row.
    xml: String,
}

impl Xlsx {
    /// Begins a file with one sheet. The title is adapted to Excel's rules; `widths` must be measured from the rows that follow.
    ///
    /// # Errors
    /// [`SheetError::Writer`] if there are no columns, or too many columns or rows.
    pub fn new(title: &str, columns: &[Column], widths: &Widths) -> Result<Self, SheetError> {
        if columns.is_empty() || columns.len() > MAX_COLUMNS || widths.rows() > MAX_ROWS {
            return Err(writer_error("too large, or no columns"));
        }
        let letters: Vec<_> = (0..columns.len()).map(letters).collect();
        let announced = widths.rows();
        let last = last_cell(&letters, announced);
        let mut file = Self {
            archive: ZipWriter::new_stream(Sink::default()),
            letters,
            announced,
            rows: 0,
            xml: String::new(),
        };
        for (name, xml) in [
            ("[Content_Types].xml", parts::CONTENT_TYPES.into()),
            ("_rels/.rels", parts::PACKAGE_RELATIONS.into()),
            ("xl/workbook.xml", parts::workbook(title, &last)),
            ("xl/_rels/workbook.xml.rels", parts::WORKBOOK_RELATIONS.into()),
            ("xl/styles.xml", parts::styles()),
            ("xl/worksheets/sheet1.xml", parts::sheet_head(&last, widths.columns())),
        ] {
            file.archive.start_file(name, options()).map_err(|error| writer_error(&error.to_string()))?;
            file.write(&xml)?;
        }
        let names: Vec<_> = columns.iter().map(|column| Cell::Text(column.name.clone())).collect();
        file.write_row(1, &names, Style::Header)?;
        Ok(file)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`SheetError::Writer`] if there are more rows than announced, or more cells than columns.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        if self.rows >= self.announced || cells.len() > self.letters.len() {
            return Err(writer_error("more rows or cells than announced"));
        }
        self.rows += 1;
        self.write_row(self.rows.saturating_add(1), cells, Style::Plain)
    }

    /// Takes the bytes written since the last call. They may be empty, because the compression buffers its input.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        self.archive.get_ref().map(|stream| stream.get_ref().take()).unwrap_or_default()
    }

    /// Ends the file and returns its last bytes.
    ///
    /// # Errors
    /// [`SheetError::Writer`] if there are fewer rows than announced.
    pub fn finish(mut self) -> Result<Vec<u8>, SheetError> {
        if self.rows != self.announced {
            return Err(writer_error("fewer rows than announced"));
        }
        let foot = parts::sheet_foot(&last_cell(&self.letters, self.rows));
        self.write(&foot)?;
        let stream = self.archive.finish().map_err(|error| writer_error(&error.to_string()))?;
        Ok(stream.get_ref().take())
    }

    fn write(&mut self, xml: &str) -> Result<(), SheetError> {
        self.archive.write_all(xml.as_bytes()).map_err(|error| writer_error(&error.to_string()))
    }

    fn write_row(&mut self, number: u32, cells: &[Cell], style: Style) -> Result<(), SheetError> {
        let mut xml = std::mem::take(&mut self.xml);
        xml.clear();
        let row = RowWriter { xml: &mut xml, number, style };
        row.write(cells, &self.letters).map_err(|_| writer_error("no row"))?;
        let written = self.write(&xml);
        self.xml = xml;
        written
    }
}

fn writer_error(what: &str) -> SheetError {
    SheetError::Writer(format!("xlsx: {what}"))
}

/// Options of an entry. The fixed time makes the same bytes for the same table.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(zip::DateTime::DEFAULT)
}

/// The name of the column at a position, from A to ZZ.
fn letters(at: usize) -> String {
    let letter = |at: usize| (b'A'..=b'Z').nth(at).map_or('?', char::from);
    let first = (at / 26).checked_sub(1).map(letter);
    first.into_iter().chain([letter(at % 26)]).collect()
}

/// The last cell of a sheet with this number of rows below its header.
fn last_cell(letters: &[String], rows: u32) -> LastCell {
    LastCell { column: letters.last().cloned().unwrap_or_default(), row: rows.saturating_add(1) }
}

/// Writes one row as XML.
struct RowWriter<'x> {
    xml: &'x mut String,
    /// Number of the row in the sheet, from 1 on.
    number: u32,
    /// Style of texts.
    style: Style,
}

impl RowWriter<'_> {
    fn write(mut self, cells: &[Cell], letters: &[String]) -> std::fmt::Result {
        let number = self.number;
        write!(self.xml, r#"<row r="{number}">"#)?;
        for (cell, column) in cells.iter().zip(letters) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => self.text(column, text)?,
                // A sheet cannot contain infinities or NaN.
                Cell::Number(value) if !value.is_finite() => {}
                Cell::Number(value) => self.value(column, Style::Plain, &spelled_number(*value))?,
                Cell::Boolean(value) => {
                    write!(self.xml, r#"<c r="{column}{number}" t="b"><v>{}</v></c>"#, u8::from(*value))?;
                }
                Cell::Date(day) => match serial(day.and_time(NaiveTime::MIN)) {
                    Some(days) => self.value(column, Style::Date, &days.to_string())?,
                    None => self.text(column, &cell.spelled())?,
                },
                Cell::DateTime(time) => match serial(*time) {
                    Some(days) => self.value(column, Style::of_time(*time), &days.to_string())?,
                    None => self.text(column, &cell.spelled())?,
                },
            }
        }
        self.xml.push_str("</row>");
        Ok(())
    }

    fn value(&mut self, column: &str, style: Style, value: &str) -> std::fmt::Result {
        let row = self.number;
        write!(self.xml, r#"<c r="{column}{row}"{}><v>{value}</v></c>"#, style.attribute())
    }

    /// Writes a text as an inline string, never as a formula, which would be another element.
    ///
    /// Truncates texts above Excel's limit: a value may be longer than its placeholder.
    fn text(&mut self, column: &str, text: &str) -> std::fmt::Result {
        let row = self.number;
        let is_spaced = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
        let space = if is_spaced || text.contains('\n') { r#" xml:space="preserve""# } else { "" };
        write!(self.xml, r#"<c r="{column}{row}" t="inlineStr"{}><is><t{space}>"#, self.style.attribute())?;
        xml::add_text(self.xml, truncate_utf16(text, MAX_CELL_UNITS));
        self.xml.push_str("</t></is></c>");
        Ok(())
    }
}

/// Days since the beginning of 1900 as Excel counts them: 1 is January 1st, 60 is February 29th, which did not exist
/// (<https://learn.microsoft.com/en-us/office/troubleshoot/excel/wrongly-assumes-1900-is-leap-year>).
///
/// `None` before 1900 and after 9999, which Excel does not support.
fn serial(time: NaiveDateTime) -> Option<f64> {
    let march = NaiveDate::from_ymd_opt(1900, 3, 1)?;
    let days = i32::try_from(time.date().signed_duration_since(march).num_days()).ok()?;
    let days = if days < 0 { days.checked_add(60)? } else { days.checked_add(61)? };
    let seconds = f64::from(time.num_seconds_from_midnight());
    let millis = seconds * 1000.0 + f64::from(time.nanosecond() / 1_000_000);
    (1..=2_958_465).contains(&days).then(|| f64::from(days) + millis / MILLIS_PER_DAY)
}

impl Style {
    fn of_time(time: NaiveDateTime) -> Self {
        if has_millis(time) { Self::Millis } else { Self::DateTime }
    }
}
