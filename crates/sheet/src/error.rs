//! Errors of requests, of stored tables and of files.

use std::fmt;

/// A table or a query was rejected. The sentence tells a model or a person the reason and a valid alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError(pub String);

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TableError {}

/// A stored table cannot be read, or a file cannot be written. The details are for a log and contain no cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetError {
    /// The bytes do not start with the head of an export.
    NotAnExport,
    /// The stored table is truncated or malformed.
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
