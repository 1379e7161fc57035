//! The stored form of a table: lines of JSON. The first is the header, each further one a row as an array of values.

use pii::placeholder::{Reading, Spelling, next_start, read};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cell::Cell;
use super::{Column, Kind, MAX_CELL_UNITS, MAX_COLUMNS, MAX_NAME_CHARS, MAX_ROWS, folded};
use crate::error::{SheetError, TableError};

/// Longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// Largest stored table, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Longest title, in characters: Excel's limit for the name of a sheet
/// (<https://support.microsoft.com/en-us/office/rename-a-worksheet-3f1f7148-ee83-404d-8ef0-9ff99fbad1f9>).
pub const MAX_TITLE_CHARS: usize = 31;

/// Characters that Excel rejects in the name of a sheet.
pub(crate) const NOT_IN_TITLES: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// The title and the columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name of the sheet.
    pub title: String,
    /// Columns from left to right.
    pub columns: Vec<Column>,
}

impl Header {
    /// Checks the title and the names of the columns.
    ///
    /// # Errors
    /// [`TableError`] with the rule that was broken.
    pub fn check(&self) -> Result<(), TableError> {
        let title = without_placeholders(&self.title);
        let is_bad = |c: char| NOT_IN_TITLES.contains(&c) || c.is_control();
        if self.title.trim().is_empty() || title.chars().count() > MAX_TITLE_CHARS || title.contains(is_bad) {
            let rule =
                format!("The title must have 1 to {MAX_TITLE_CHARS} characters, none of them of []:*?/\\");
            return Err(TableError(rule));
        }
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            return Err(TableError(format!("A table must have 1 to {MAX_COLUMNS} columns.")));
        }
        let mut names = std::collections::BTreeSet::new();
        for Column { name, .. } in &self.columns {
            let length = name.chars().count();
            if name.trim().is_empty() || length > MAX_NAME_CHARS || name.contains(char::is_control) {
                let rule = "The name of a column must be one line of";
                return Err(TableError(format!("{rule} 1 to {MAX_NAME_CHARS} characters.")));
            }
            if !names.insert(folded(name)) {
                return Err(TableError(format!(
                    "Two columns are called {name}: each must have a name of its own."
                )));
            }
        }
        Ok(())
    }
}

/// Removes the placeholders of a text: the length of their values is unknown here.
fn without_placeholders(text: &str) -> String {
    let (mut rest, mut clear) = (text, String::new());
    while let Some(at) = next_start(rest, 0, Spelling::Exact) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let length = match read(from, Spelling::Exact) {
            Reading::Placeholder(_, length) => length,
            _ => 0,
        };
        clear.push_str(before);
        if length == 0 {
            clear.push('[');
        }
        rest = from.get(length.max(1)..).unwrap_or_default();
    }
    clear + rest
}

/// Writes a table in its stored form.
pub struct Writer {
    columns: Vec<Column>,
    ready: Vec<u8>,
    rows: u32,
    bytes: usize,
}

impl Writer {
    /// Begins a table.
    ///
    /// # Errors
    /// [`TableError`] as for [`Header::check`].
    pub fn new(header: &Header) -> Result<Self, TableError> {
        header.check()?;
        let mut ready =
            serde_json::to_vec(header).map_err(|_| TableError("The header is no JSON.".into()))?;
        ready.push(b'\n');
        Ok(Self { columns: header.columns.clone(), bytes: ready.len(), ready, rows: 0 })
    }

    /// Adds a row. Missing cells at its end are empty.
    ///
    /// # Errors
    /// [`TableError`] if a row, a cell or the table exceeds a limit.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        let number = self.rows.saturating_add(1);
        if number > MAX_ROWS {
            return Err(TableError(format!("A table may have {MAX_ROWS} rows.")));
        }
        if cells.len() > self.columns.len() {
            let (is, may) = (cells.len(), self.columns.len());
            return Err(TableError(format!("Row {number} has {is} cells, and there are {may} columns.")));
        }
        if let Some((_, column)) = cells.iter().zip(&self.columns).find(|(cell, _)| is_too_long(cell)) {
            let name = &column.name;
            let rule = format!("a cell may have {MAX_CELL_UNITS} characters.");
            return Err(TableError(format!("Row {number} has more in the column {name}: {rule}")));
        }
        let line = line(cells)?;
        if line.len() > MAX_LINE_BYTES {
            return Err(TableError(format!(
                "Row {number} is too long: a row may have {} KiB.",
                MAX_LINE_BYTES >> 10
            )));
        }
        self.bytes = self.bytes.saturating_add(line.len()).saturating_add(1);
        if self.bytes > MAX_BYTES {
            return Err(TableError(format!(
                "A table may have {} MiB: leave some of it out.",
                MAX_BYTES >> 20
            )));
        }
        self.ready.extend_from_slice(&line);
        self.ready.push(b'\n');
        self.rows = number;
        Ok(())
    }

    /// Number of rows so far.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Takes the bytes written since the last call. After the last row they are the rest of the table.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ready)
    }
}

/// Returns true for a text above Excel's limit, which counts in UTF-16 units.
fn is_too_long(cell: &Cell) -> bool {
    // No text has more units than bytes.
    matches!(cell, Cell::Text(text) if text.len() > MAX_CELL_UNITS && text.encode_utf16().count() > MAX_CELL_UNITS)
}

/// Writes a row as a line without its line end.
pub(crate) fn line(cells: &[Cell]) -> Result<Vec<u8>, TableError> {
    serde_json::to_vec(cells).map_err(|_| TableError("A row is no JSON.".into()))
}

/// Reads a cell per column from a line.
pub(crate) fn cells(line: &[u8], kinds: &[Kind]) -> Result<Vec<Cell>, SheetError> {
    let values: Vec<Value> = serde_json::from_slice(line).map_err(|_| damaged("a row that is none"))?;
    if values.len() > kinds.len() {
        return Err(damaged("a row with too many cells"));
    }
    let values = values.into_iter().chain(std::iter::repeat(Value::Null));
    Ok(values.zip(kinds).map(|(value, kind)| Cell::of_json(value, *kind)).collect())
}

fn damaged(what: &str) -> SheetError {
    SheetError::Damaged(what.to_owned())
}

/// Reads a stored table from chunks of bytes.
#[derive(Default)]
pub struct Reader {
    held: Vec<u8>,
    /// Bytes of `held` that have been read.
    done: usize,
    header: Option<Header>,
    kinds: Vec<Kind>,
    rows: u32,
}

impl Reader {
    /// Takes the next chunk. Call [`Reader::row`] until it returns `None` before the next chunk.
    ///
    /// # Errors
    /// [`SheetError::Damaged`] if the bytes are no stored table.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SheetError> {
        self.held.drain(..self.done.min(self.held.len()));
        self.done = 0;
        if self.held.len() > MAX_LINE_BYTES {
            return Err(damaged("a line that is too long"));
        }
        self.held.extend_from_slice(bytes);
        if self.header.is_none()
            && let Some(line) = self.line()
        {
            let header: Header = serde_json::from_slice(&line).map_err(|_| damaged("no header"))?;
            if header.columns.len() > MAX_COLUMNS {
                return Err(damaged("too many columns"));
            }
            self.kinds = header.columns.iter().map(|column| column.kind).collect();
            self.header = Some(header);
        }
        Ok(())
    }

    /// The header, once it has been read.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Reads the next complete row. `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`SheetError::Damaged`] if the line is no row.
    pub fn row(&mut self) -> Result<Option<Vec<Cell>>, SheetError> {
        if self.header.is_none() {
            return Ok(None);
        }
        let Some(line) = self.line() else { return Ok(None) };
        self.rows = self.rows.saturating_add(1);
        if self.rows > MAX_ROWS {
            return Err(damaged("too many rows"));
        }
        cells(&line, &self.kinds).map(Some)
    }

    /// Checks that the bytes ended after a complete line.
    ///
    /// # Errors
    /// [`SheetError::Damaged`] if the header or the end of a line is missing.
    pub fn end(&self) -> Result<(), SheetError> {
        if self.header.is_none() || self.done < self.held.len() {
            return Err(damaged("its end is missing"));
        }
        Ok(())
    }

    /// Takes the next complete line without its line end.
    fn line(&mut self) -> Option<Vec<u8>> {
        let rest = self.held.get(self.done..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(..length)?.to_vec();
        self.done += length + 1;
        Some(line)
    }
}

#[cfg(test)]
mod tests;
