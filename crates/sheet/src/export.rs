//! Exports: a masked table in storage, written as a file with values when its user downloads it.

use pii::unmask::{Escape, PlaceholderMap, restore, unmask};
use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::csv::Csv;
use super::kept::{self, Header, Reader};
use super::widths::Widths;
use super::xlsx::Xlsx;
use crate::error::{SheetError, TableError};

/// Bytes of the table that are read at a time.
const PIECE: usize = 64 * 1024;

/// Formats of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Excel's format (Office Open XML).
    Xlsx,
    /// Text with comma-separated values.
    Csv,
}

impl Format {
    /// The extension of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    /// The value of the header `Content-Type`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The first line of an export in storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The file's name, masked.
    pub export: String,
    /// Format of the file.
    pub format: Format,
}

/// Begins an export: returns the bytes of its head, and the writer of its table.
///
/// # Errors
/// [`TableError`] as for [`Header::check`].
pub fn begin(head: &Head, header: &Header) -> Result<(Vec<u8>, kept::Writer), TableError> {
    let mut bytes = serde_json::to_vec(head).unwrap_or_default();
    bytes.push(b'\n');
    Ok((bytes, kept::Writer::new(header)?))
}

/// Splits an export into its head and its table.
///
/// # Errors
/// [`SheetError::NotAnExport`] if there is no head.
pub fn open(bytes: &[u8]) -> Result<(Head, &[u8]), SheetError> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(SheetError::NotAnExport)?;
    let head =
        bytes.get(..end).and_then(|line| serde_json::from_slice(line).ok()).ok_or(SheetError::NotAnExport)?;
    Ok((head, bytes.get(end + 1..).unwrap_or_default()))
}

/// Writes the file in chunks, with values in the place of placeholders.
///
/// # Errors
/// [`SheetError`] if the table is damaged or the file cannot be written.
pub fn write(
    format: Format,
    table: &[u8],
    shown: &PlaceholderMap,
    mut emit: impl FnMut(Vec<u8>),
) -> Result<(), SheetError> {
    match format {
        Format::Xlsx => {
            // The widths of the columns come before the rows in the file, so the table is read twice.
            let mut widths = None;
            rows(table, shown, |header, cells| {
                widths.get_or_insert_with(|| Widths::new(&header.columns)).row(cells);
                Ok(())
            })?;
            let mut xlsx = None;
            let header = rows(table, shown, |header, cells| {
                let xlsx = started(&mut xlsx, header, widths.as_ref(), shown)?;
                xlsx.row(cells)?;
                emit_some(xlsx.take(), &mut emit);
                Ok(())
            })?;
            started(&mut xlsx, &header, widths.as_ref(), shown)?;
            emit_some(xlsx.map_or_else(|| Ok(Vec::new()), Xlsx::finish)?, &mut emit);
        }
        Format::Csv => {
            let mut csv = None;
            let header = rows(table, shown, |header, cells| {
                let csv = begun(&mut csv, header, shown)?;
                csv.row(cells)?;
                emit_some(csv.take()?, &mut emit);
                Ok(())
            })?;
            emit_some(begun(&mut csv, &header, shown)?.take()?, &mut emit);
        }
    }
    Ok(())
}

fn emit_some(bytes: Vec<u8>, emit: &mut impl FnMut(Vec<u8>)) {
    if !bytes.is_empty() {
        emit(bytes);
    }
}

fn started<'x>(
    xlsx: &'x mut Option<Xlsx>,
    header: &Header,
    widths: Option<&Widths>,
    shown: &PlaceholderMap,
) -> Result<&'x mut Xlsx, SheetError> {
    if xlsx.is_none() {
        let none = Widths::new(&header.columns);
        let header = clear_header(header, shown);
        *xlsx = Some(Xlsx::new(&header.title, &header.columns, widths.unwrap_or(&none))?);
    }
    xlsx.as_mut().ok_or_else(|| SheetError::Writer("no sheet".into()))
}

fn begun<'c>(
    csv: &'c mut Option<Csv>,
    header: &Header,
    shown: &PlaceholderMap,
) -> Result<&'c mut Csv, SheetError> {
    if csv.is_none() {
        *csv = Some(Csv::new(&clear_header(header, shown).columns)?);
    }
    csv.as_mut().ok_or_else(|| SheetError::Writer("no sheet".into()))
}

/// Reads the rows of a table with values in the place of placeholders, and returns its header.
fn rows(
    table: &[u8],
    shown: &PlaceholderMap,
    mut on_row: impl FnMut(&Header, &[Cell]) -> Result<(), SheetError>,
) -> Result<Header, SheetError> {
    let mut reader = Reader::default();
    let mut header = None;
    for piece in table.chunks(PIECE) {
        reader.feed(piece)?;
        while let Some(cells) = reader.row()? {
            let header = header.get_or_insert_with(|| reader.header().cloned());
            let header = header.as_ref().ok_or_else(|| SheetError::Damaged("no header".into()))?;
            on_row(header, &clear(cells, header, shown))?;
        }
    }
    reader.end()?;
    reader.header().cloned().ok_or_else(|| SheetError::Damaged("no header".into()))
}

fn clear(cells: Vec<Cell>, header: &Header, shown: &PlaceholderMap) -> Vec<Cell> {
    let clear = |(at, cell): (usize, Cell)| match cell {
        Cell::Text(text) if text.contains('[') => {
            let value = unmask(&text, shown, Escape::None);
            match header.columns.get(at) {
                // A value that was masked may be a number or a date again.
                Some(column) if value != text => Cell::of_text(value, column.kind),
                _ => Cell::Text(value),
            }
        }
        cell => cell,
    };
    cells.into_iter().enumerate().map(clear).collect()
}

fn clear_header(header: &Header, shown: &PlaceholderMap) -> Header {
    let mut header = header.clone();
    header.title = restore(&header.title, shown, Escape::None);
    for column in &mut header.columns {
        column.name = restore(&column.name, shown, Escape::None);
    }
    header
}

#[cfg(test)]
mod tests {
    use pii::placeholder::Placeholder;
    use pii::policy::Policy;

    use super::*;
    use crate::{Column, Kind};

    fn table(rows: &[Vec<Cell>]) -> Vec<u8> {
        let columns = vec![
            Column { name: "Who".into(), kind: Kind::Text },
            Column { name: "Card".into(), kind: Kind::Number },
        ];
        let header = Header { title: "People".into(), columns };
        let (mut bytes, mut writer) =
            begin(&Head { export: "People".into(), format: Format::Csv }, &header).unwrap();
        for row in rows {
            writer.row(row).unwrap();
        }
        bytes.extend(writer.take());
        bytes
    }

    fn shown() -> PlaceholderMap {
        let placeholder = Placeholder::new("EMAIL", 1);
        PlaceholderMap::new([(&placeholder, "=ada@example.com")], &Policy::full())
    }

    fn file(format: Format, bytes: &[u8]) -> Vec<u8> {
        let (_, table) = open(bytes).unwrap();
        let mut file = Vec::new();
        write(format, table, &shown(), |piece| file.extend(piece)).unwrap();
        file
    }

    #[test]
    fn values_are_in_the_file_and_not_in_storage() {
        let bytes = table(&[vec![Cell::Text("[EMAIL_1]".into()), Cell::Number(7.5)]]);
        assert!(!String::from_utf8_lossy(&bytes).contains("ada@"));
        let csv = String::from_utf8(file(Format::Csv, &bytes)).unwrap();
        assert_eq!(csv, "\u{feff}Who,Card\r\n'=ada@example.com,7.5\r\n");
        assert!(file(Format::Xlsx, &bytes).starts_with(b"PK"));
    }

    #[test]
    fn a_table_without_rows_makes_a_file() {
        let bytes = table(&[]);
        assert_eq!(String::from_utf8(file(Format::Csv, &bytes)).unwrap(), "\u{feff}Who,Card\r\n");
        assert!(file(Format::Xlsx, &bytes).starts_with(b"PK"));
    }

    #[test]
    fn other_bytes_are_no_export() {
        for bytes in [&b"a\tb\n1\t2\n"[..], b"", b"{\"export\":1}\n"] {
            assert_eq!(open(bytes).unwrap_err(), SheetError::NotAnExport);
        }
    }
}
