//! Conditions as predicates on rows.

use std::cmp::Ordering;

use pii::placeholder::Placeholder;
use serde_json::Value;

use super::super::cell::Cell;
use super::super::{Kind, folded};
use super::lookup::PlacedColumn;
use super::spec::{Condition, Op};
use crate::error::TableError;

/// A condition with a value of its column's kind. Each variant begins with the position of the column.
pub(crate) enum Predicate {
    /// The cell is empty if true, not empty if false.
    Empty(usize, bool),
    /// The cell contains a text in lower case.
    Contains(usize, String),
    /// The cell compares with a value.
    Compare(usize, Op, Cell),
}

impl Predicate {
    /// Checks a condition on a column.
    ///
    /// # Errors
    /// [`TableError`] if the value does not fit the kind of the column.
    pub(crate) fn new(place: PlacedColumn<'_>, condition: &Condition) -> Result<Self, TableError> {
        let PlacedColumn { at, column } = place;
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
            // A placeholder is text in a column of any kind, and may be compared with.
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

    /// Returns true if the row meets the condition.
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

/// Compares a cell with a value whose text is in lower case. `None` if they are of different kinds.
fn compare(cell: &Cell, value: &Cell) -> Option<Ordering> {
    match (cell, value) {
        (Cell::Number(one), Cell::Number(other)) => one.partial_cmp(other),
        (Cell::Date(one), Cell::Date(other)) => Some(one.cmp(other)),
        // A day stands for all its times.
        (Cell::DateTime(one), Cell::Date(other)) => Some(one.date().cmp(other)),
        (Cell::DateTime(one), Cell::DateTime(other)) => Some(one.cmp(other)),
        (Cell::Date(one), Cell::DateTime(other)) => Some(one.and_time(chrono::NaiveTime::MIN).cmp(other)),
        (Cell::Text(one), Cell::Text(other)) => Some(folded(one).as_str().cmp(other)),
        (Cell::Boolean(one), Cell::Boolean(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
