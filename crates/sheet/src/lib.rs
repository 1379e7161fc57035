//! Export of tables as files. A table is stored masked, as lines of JSON; the file is written row by row during its download,
//! so that no table is ever in memory as a whole.
//!
//! In scope: the stored form, queries over it, and XLSX and CSV files with values in the place of placeholders. Out of scope:
//! reading spreadsheets, formulas, charts, and the storage of files.
//!
//! [`cell`] reads cells, [`guess`] infers the kinds of columns, [`kept`] is the stored form, [`query`] derives one table from
//! another, and [`csv`] and [`xlsx`] write files.

pub mod cell;
pub mod csv;
pub mod error;
pub mod export;
pub mod guess;
pub mod kept;
mod number;
pub mod query;
mod sink;
pub mod widths;
pub mod xlsx;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::number::Mark;

/// Most rows of a table, without its header.
pub const MAX_ROWS: u32 = 200_000;

/// Most columns of a table.
pub const MAX_COLUMNS: usize = 100;

/// Longest text of a cell, in UTF-16 units
/// (<https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3>).
pub const MAX_CELL_UNITS: usize = 32_767;

/// Longest name of a column, in characters: Excel's limit for the header of a table.
pub const MAX_NAME_CHARS: usize = 255;

/// Most columns that a message names.
const MOST_NAMED: usize = 30;

/// Kind of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text, and digits that are no quantity: a postal code, a phone number.
    Text,
    /// Numbers to calculate with.
    Number,
    /// Days with or without a time of day.
    Date,
    /// True or false.
    Boolean,
}

impl Kind {
    /// The name of cells of this kind in a message.
    const fn plural(self) -> &'static str {
        match self {
            Self::Text => "texts",
            Self::Number => "numbers",
            Self::Date => "dates (2026-01-31 or 2026-01-31 18:30:00)",
            Self::Boolean => "true or false",
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The text of the header. The names of a table's columns are unique.
    pub name: String,
    /// The kind of its cells. A cell of another kind stays text.
    pub kind: Kind,
}

/// A cell in JSON. It only serves to make a schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
pub enum Scalar {
    /// A text, or a date such as 2026-01-31.
    Text(String),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// An empty cell.
    Empty(()),
}

/// Lists the names of columns for a message.
fn listed<'c>(columns: impl Iterator<Item = &'c Column>) -> String {
    let names: Vec<_> = columns.map(|column| column.name.as_str()).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let list = names.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join(", ");
    match (list.is_empty(), more) {
        (true, _) => "none".into(),
        (_, 0) => list,
        _ => format!("{list} and {more} more"),
    }
}

/// Lower case for comparisons, which ignore case as in spreadsheets.
fn folded(text: &str) -> String {
    text.to_lowercase()
}
