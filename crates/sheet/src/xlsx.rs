//! XLSX as a stream: the parts of the package one after the other, and the sheet row by row
//! (ECMA-376, <https://ecma-international.org/publications-and-standards/standards/ecma-376/>).

mod parts;
#[cfg(test)]
mod tests;
mod xml;

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use self::parts::Style;
use super::cell::{Cell, has_millis, spelled_number};
use super::sink::Sink;
use super::widths::Widths;
use super::{Column, MAX_CELL_UNITS, MAX_COLUMNS, MAX_ROWS};
use crate::error::SheetError;

const MILLIS_A_DAY: f64 = 86_400_000.0;

/// How hard the archive is compressed: 2 % larger than by the usual 6, in less than half the time.
const LEVEL: i64 = 4;

/// A file that is written row by row.
pub struct Xlsx {
    archive: ZipWriter<StreamWriter<Sink>>,
    /// What the columns are called in references: A, B, C.
    letters: Vec<String>,
    /// How many rows were announced, and how many there are.
    announced: u32,
    rows: u32,
    /// The XML of a row, kept for its capacity.
    xml: String,
}

impl Xlsx {
    /// Begins a file with one sheet. The title is made one that a sheet may have; the widths must come from the rows that follow.
    ///
    /// # Errors
    /// [`SheetError::Writer`], when there is more than a sheet takes here.
    pub fn new(title: &str, columns: &[Column], widths: &Widths) -> Result<Self, SheetError> {
        if columns.is_empty() || columns.len() > MAX_COLUMNS || widths.rows() > MAX_ROWS {
            return Err(writer_error("too large, or no columns"));
        }
        let letters: Vec<_> = (0..columns.len()).map(letters).collect();
        let announced = widths.rows();
        let range = range(&letters, announced);
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
            ("xl/workbook.xml", parts::workbook(title, &range)),
            ("xl/_rels/workbook.xml.rels", parts::WORKBOOK_RELATIONS.into()),
            ("xl/styles.xml", parts::styles()),
            ("xl/worksheets/sheet1.xml", parts::sheet_head(&range, widths.columns())),
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
    /// [`SheetError::Writer`], when there are more rows than were announced, or more cells than columns.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        if self.rows >= self.announced || cells.len() > self.letters.len() {
            return Err(writer_error("more rows or cells than announced"));
        }
        self.rows += 1;
        self.write_row(self.rows.saturating_add(1), cells, Style::Plain)
    }

    /// What is ready, each byte once. It may be nothing for a while: the archive is compressed.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        self.archive.get_ref().map(|stream| stream.get_ref().take()).unwrap_or_default()
    }

    /// Ends the file and gives the rest of it.
    ///
    /// # Errors
    /// [`SheetError::Writer`], when there are fewer rows than were announced.
    pub fn finish(mut self) -> Result<Vec<u8>, SheetError> {
        if self.rows != self.announced {
            return Err(writer_error("fewer rows than announced"));
        }
        let foot = parts::sheet_foot(&range(&self.letters, self.rows));
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
        add_row(&mut xml, number, cells, &self.letters, style).map_err(|_| writer_error("no row"))?;
        let written = self.write(&xml);
        self.xml = xml;
        written
    }
}

fn writer_error(what: &str) -> SheetError {
    SheetError::Writer(format!("xlsx: {what}"))
}

/// The same bytes for the same table: the time is the earliest that an archive can hold.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(zip::DateTime::DEFAULT)
}

/// What the column at that place is called, from A to ZZ.
fn letters(at: usize) -> String {
    let letter = |at: usize| (b'A'..=b'Z').nth(at).map_or('?', char::from);
    let first = (at / 26).checked_sub(1).map(letter);
    first.into_iter().chain([letter(at % 26)]).collect()
}

/// The cells of a sheet with so many rows under its header: the column and the row of its last cell.
fn range(letters: &[String], rows: u32) -> (String, u32) {
    (letters.last().cloned().unwrap_or_default(), rows.saturating_add(1))
}

fn add_row(
    xml: &mut String,
    number: u32,
    cells: &[Cell],
    letters: &[String],
    style: Style,
) -> std::fmt::Result {
    write!(xml, r#"<row r="{number}">"#)?;
    for (cell, column) in cells.iter().zip(letters) {
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => add_text(xml, column, number, text, style)?,
            // A sheet has no other numbers.
            Cell::Number(value) if !value.is_finite() => {}
            Cell::Number(value) => add_value(xml, column, number, Style::Plain, &spelled_number(*value))?,
            Cell::Boolean(value) => {
                write!(xml, r#"<c r="{column}{number}" t="b"><v>{}</v></c>"#, u8::from(*value))?;
            }
            Cell::Date(day) => match serial(day.and_time(NaiveTime::MIN)) {
                Some(days) => add_value(xml, column, number, Style::Date, &days.to_string())?,
                None => add_text(xml, column, number, &cell.spelled(), style)?,
            },
            Cell::DateTime(time) => match serial(*time) {
                Some(days) => add_value(xml, column, number, Style::of_time(*time), &days.to_string())?,
                None => add_text(xml, column, number, &cell.spelled(), style)?,
            },
        }
    }
    xml.push_str("</row>");
    Ok(())
}

fn add_value(xml: &mut String, column: &str, row: u32, style: Style, value: &str) -> std::fmt::Result {
    write!(xml, r#"<c r="{column}{row}"{}><v>{value}</v></c>"#, style.attribute())
}

/// A text is a text whatever it begins with: a formula would be another element. What is longer than Excel has it is cut, which
/// only values in the place of tokens can bring about.
fn add_text(xml: &mut String, column: &str, row: u32, text: &str, style: Style) -> std::fmt::Result {
    let is_spaced = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    let space = if is_spaced || text.contains('\n') { r#" xml:space="preserve""# } else { "" };
    write!(xml, r#"<c r="{column}{row}" t="inlineStr"{}><is><t{space}>"#, style.attribute())?;
    xml::add_text(xml, within(text, MAX_CELL_UNITS));
    xml.push_str("</t></is></c>");
    Ok(())
}

/// A text up to so many units of UTF-16.
fn within(text: &str, most: usize) -> &str {
    // No text has more units than bytes.
    if text.len() <= most {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > most
    });
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Days since the beginning of 1900, as Excel counts them: 1 is January 1st, and 60 is a February 29th that never was
/// (<https://learn.microsoft.com/en-us/office/troubleshoot/excel/wrongly-assumes-1900-is-leap-year>). None before 1900 and after
/// 9999, which Excel does not know.
fn serial(time: NaiveDateTime) -> Option<f64> {
    let march = NaiveDate::from_ymd_opt(1900, 3, 1)?;
    let days = i32::try_from(time.date().signed_duration_since(march).num_days()).ok()?;
    let days = if days < 0 { days.checked_add(60)? } else { days.checked_add(61)? };
    let seconds = f64::from(time.num_seconds_from_midnight());
    let millis = seconds * 1000.0 + f64::from(time.nanosecond() / 1_000_000);
    (1..=2_958_465).contains(&days).then(|| f64::from(days) + millis / MILLIS_A_DAY)
}

impl Style {
    fn of_time(time: NaiveDateTime) -> Self {
        if has_millis(time) { Self::Millis } else { Self::DateTime }
    }
}
