//! Conditions: whether one holds for a row.

use std::cmp::Ordering;

use pii::placeholder::Placeholder;
use serde_json::Value;

use super::super::cell::Cell;
use super::super::{Column, Kind, folded};
use super::{Condition, Op};
use crate::error::TableError;

/// A condition that makes sense for its column.
pub(crate) enum Test {
    /// Whether the cell is empty, as is wanted.
    Empty(usize, bool),
    /// Whether a folded text is in the cell.
    Contains(usize, String),
    /// How the cell compares with another.
    Compare(usize, Op, Cell),
}

impl Test {
    /// For the column that stands at that place.
    ///
    /// # Errors
    /// [`TableError`], when there is no such value in a column of its kind.
    pub(crate) fn new(at: usize, column: &Column, condition: &Condition) -> Result<Self, TableError> {
        let Condition { op, value, .. } = condition;
        let error = |rule: &str| TableError(format!("The value for {:?} must be {rule}.", column.name));
        match (op, value) {
            (Op::IsEmpty, Value::Null) => return Ok(Self::Empty(at, true)),
            (Op::IsEmpty, Value::Bool(is_wanted)) => return Ok(Self::Empty(at, *is_wanted)),
            (Op::IsEmpty, _) => return Err(error("left out, or true or false")),
            (_, Value::Null | Value::Array(_) | Value::Object(_)) => {
                return Err(error("there, and one: is_empty asks for empty cells"));
            }
            (Op::Contains, Value::String(text)) if !text.is_empty() => {
                return Ok(Self::Contains(at, folded(text)));
            }
            (Op::Contains, _) => return Err(error("a text")),
            _ => {}
        }
        let value = Cell::of_json(value.clone(), column.kind);
        let fits = match (&value, column.kind) {
            // What hides a value is text wherever it stands, and may be asked for.
            (Cell::Text(text), Kind::Text) => !text.is_empty(),
            (Cell::Text(text), _) => matches!(op, Op::Eq | Op::Ne) && Placeholder::parse(text).is_some(),
            (Cell::Boolean(_), _) => matches!(op, Op::Eq | Op::Ne),
            (cell, _) => *cell != Cell::Empty,
        };
        if !fits {
            return Err(error(&format!("like the column, which holds {}", column.kind.plural())));
        }
        let value = if let Cell::Text(text) = value { Cell::Text(folded(&text)) } else { value };
        Ok(Self::Compare(at, *op, value))
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, cells: &[Cell]) -> bool {
        let cell = |at: &usize| cells.get(*at).unwrap_or(&Cell::Empty);
        match self {
            Self::Empty(at, is_wanted) => (*cell(at) == Cell::Empty) == *is_wanted,
            Self::Contains(at, text) => folded(&cell(at).spelled()).contains(text.as_str()),
            Self::Compare(at, op, value) => {
                let order = compare(cell(at), value);
                match op {
                    Op::Ne => order != Some(Ordering::Equal),
                    Op::Lt => order == Some(Ordering::Less),
                    Op::Lte => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    Op::Gt => order == Some(Ordering::Greater),
                    Op::Gte => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                    Op::Eq | Op::Contains | Op::IsEmpty => order == Some(Ordering::Equal),
                }
            }
        }
    }
}

/// How a cell compares with a value whose text is folded; nothing, if they are not of one kind.
fn compare(cell: &Cell, value: &Cell) -> Option<Ordering> {
    match (cell, value) {
        (Cell::Number(one), Cell::Number(other)) => one.partial_cmp(other),
        (Cell::Date(one), Cell::Date(other)) => Some(one.cmp(other)),
        // Who names a day means all of it.
        (Cell::DateTime(one), Cell::Date(other)) => Some(one.date().cmp(other)),
        (Cell::DateTime(one), Cell::DateTime(other)) => Some(one.cmp(other)),
        (Cell::Date(one), Cell::DateTime(other)) => Some(one.and_time(chrono::NaiveTime::MIN).cmp(other)),
        (Cell::Text(one), Cell::Text(other)) => Some(folded(one).as_str().cmp(other)),
        (Cell::Boolean(one), Cell::Boolean(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
