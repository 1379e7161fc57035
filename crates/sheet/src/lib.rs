//! Tables that become files. What is kept of a table is masked, as lines of JSON; the file is built row by row while it is
//! downloaded, so that no table ever stands in memory as a whole.
//!
//! In scope: the kept form, queries over it, and XLSX and CSV files with values in the place of placeholders. Out of scope:
//! reading spreadsheets, formulas, charts, and where files are stored.
//!
//! [`cell`] reads what stands in a cell and [`guess`] of which kind a column is, [`kept`] is the kept form, [`query`] makes one
//! table of another, and [`csv`] and [`xlsx`] write the files.

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

/// Most rows that a table may have, without its header.
pub const MAX_ROWS: u32 = 200_000;

/// Most columns that a table may have.
pub const MAX_COLUMNS: usize = 100;

/// Longest text of a cell, in UTF-16 units
/// (<https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3>).
pub const MAX_CELL_UNITS: usize = 32_767;

/// Longest name of a column, in characters: what Excel has for the header of a table.
pub const MAX_NAME_CHARS: usize = 255;

/// Columns that a message names at most.
const MOST_NAMED: usize = 30;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text, and whatever looks like a number but is none: a postal code, a phone number.
    Text,
    /// Numbers to calculate with.
    Number,
    /// Days, with or without a time of day.
    Date,
    /// True or false.
    Boolean,
}

impl Kind {
    /// What cells of that kind are called in a message.
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
    /// What its header says: no two columns of a table have the same.
    pub name: String,
    /// What stands in it. A cell that is not of that kind stays text.
    pub kind: Kind,
}

/// What a cell is in JSON: of no use but to say so in a schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its shape is looked at")]
pub enum Scalar {
    /// Text, and dates as such: 2026-01-31.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// Nothing.
    Empty(()),
}

/// The names of columns as a message lists them.
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

/// A text as comparisons take it: capital letters do not matter to who uses a spreadsheet.
fn folded(text: &str) -> String {
    text.to_lowercase()
}
