//! Typed access to the object's SQLite: rows as JSON become values, values become JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Code, Fault};
use crate::ports::{Sql, SqlError, SqlValue};

/// Reads the rows of a query.
///
/// # Errors
/// `internal`, when the storage refuses or a row has another shape.
pub fn rows<T: DeserializeOwned>(
    sql: &impl Sql,
    query: &str,
    values: &[SqlValue<'_>],
) -> Result<Vec<T>, Fault> {
    from_json(&sql.rows(query, values)?, "rows")
}

/// Reads the first row of a query.
///
/// # Errors
/// As [`rows`].
pub fn row<T: DeserializeOwned>(
    sql: &impl Sql,
    query: &str,
    values: &[SqlValue<'_>],
) -> Result<Option<T>, Fault> {
    Ok(rows(sql, query, values)?.into_iter().next())
}

/// Serializes a value for a column.
///
/// # Errors
/// `internal`.
pub fn to_json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value)
        .map_err(|error| Fault::new(Code::Internal, format!("to storage: {:?}", error.classify())))
}

/// Reads a value from a column. The error names the column alone, since serde's own text quotes its input.
///
/// # Errors
/// `internal`.
pub fn from_json<T: DeserializeOwned>(json: &str, column: &str) -> Result<T, Fault> {
    from_json_bytes(json.as_bytes(), column)
}

/// Reads a value from the bytes of a column.
///
/// # Errors
/// As [`from_json`].
pub fn from_json_bytes<T: DeserializeOwned>(json: &[u8], column: &str) -> Result<T, Fault> {
    serde_json::from_slice(json)
        .map_err(|error| Fault::new(Code::Internal, format!("{column}: {:?}", error.classify())))
}

impl From<SqlError> for Fault {
    fn from(SqlError(cause): SqlError) -> Self {
        Self::new(Code::Internal, format!("storage: {cause}"))
    }
}
