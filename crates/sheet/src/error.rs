//! Errors: of what a caller asks for, and of files and kept tables.

use std::fmt;

/// A table or a query that cannot be accepted: a sentence for a model or a person that says why, and what would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError(pub String);

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TableError {}

/// A kept table that cannot be read, or a file that cannot be written. The details are for a log and hold no cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetError {
    /// The bytes do not begin as an export.
    NotAnExport,
    /// The kept table is not as it was written.
    Damaged(String),
    /// The file could not be written.
    Writer(String),
}

impl fmt::Display for SheetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnExport => f.write_str("not an export"),
            Self::Damaged(what) => write!(f, "kept table: {what}"),
            Self::Writer(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for SheetError {}
