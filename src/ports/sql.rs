//! The SQLite database of one object, and the object's alarm.
//!
//! Statements without an `await` between them become durable together, before anything that the object sends afterwards leaves it
//! (<https://developers.cloudflare.com/durable-objects/reference/in-memory-state/>, output gates). Natively an open transaction
//! holds the statements that are not yet durable.

use serde::{Serialize, Serializer};

use crate::time::Millis;

/// A value bound to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlValue<'a> {
    /// The SQL value `NULL`.
    Null,
    /// A whole number. It crosses to JavaScript as a double: below 2^53 it stays exact.
    Integer(u64),
    /// Text, JSON among it.
    Text(&'a str),
}

/// As JSON: `null`, a number or a string.
impl Serialize for SqlValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Integer(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'a> From<&'a str> for SqlValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for SqlValue<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for SqlValue<'_> {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for SqlValue<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for SqlValue<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(SqlValue::Null, Into::into)
    }
}

/// Refusal of a statement; the text is SQLite's own and holds no bound value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError(pub String);

/// The object's SQLite and its alarm. All calls are synchronous.
pub trait Sql {
    /// Runs a statement without a result; several statements separated by `;` when there are no values.
    ///
    /// # Errors
    /// [`SqlError`]: nothing of the statement took effect.
    fn exec(&self, statement: &str, values: &[SqlValue<'_>]) -> Result<(), SqlError>;

    /// Runs a query. The result is a JSON array with one object per row, keyed by column.
    ///
    /// # Errors
    /// [`SqlError`].
    fn rows(&self, query: &str, values: &[SqlValue<'_>]) -> Result<String, SqlError>;

    /// Runs a query for blobs: those of its only column, one after another.
    ///
    /// # Errors
    /// [`SqlError`].
    fn bytes(&self, query: &str, values: &[SqlValue<'_>]) -> Result<Vec<u8>, SqlError>;

    /// Deletes everything that the object stores, its alarm too, with the pages that held it: deleted rows leave their bytes in the file.
    /// Statements that follow begin with an empty database.
    ///
    /// # Errors
    /// [`SqlError`].
    fn wipe(&self) -> Result<(), SqlError>;

    /// Replaces the object's one alarm, which rings even if the object is gone by then; `None` removes it.
    fn set_alarm(&self, at: Option<Millis>);
}
