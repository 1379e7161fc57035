//! Columns by name, and cells by position.

use super::super::cell::Cell;
use super::super::{Column, folded, listed};
use crate::error::TableError;

/// A column of a table with its position.
#[derive(Clone, Copy)]
pub(crate) struct PlacedColumn<'t> {
    pub(crate) at: usize,
    pub(crate) column: &'t Column,
}

/// Finds columns by their names.
///
/// # Errors
/// [`TableError`] with the names that exist.
pub(crate) fn find_all<'t>(
    columns: &'t [Column],
    names: &[String],
) -> Result<Vec<PlacedColumn<'t>>, TableError> {
    names.iter().map(|name| find(columns, name)).collect()
}

/// Finds a column by its exact name, or else without regard to case and surrounding spaces.
///
/// # Errors
/// [`TableError`] with the names that exist.
pub(crate) fn find<'t>(columns: &'t [Column], name: &str) -> Result<PlacedColumn<'t>, TableError> {
    let places = || columns.iter().enumerate().map(|(at, column)| PlacedColumn { at, column });
    let alike = || {
        let name = folded(name.trim());
        places().find(|place| folded(place.column.name.trim()) == name)
    };
    places().find(|place| place.column.name == name).or_else(alike).ok_or_else(|| {
        let name: String = name.chars().take(80).collect();
        TableError(format!("There is no column {name:?}. There are: {}.", listed(columns.iter())))
    })
}

/// Copies the cells at these positions; missing ones are empty.
pub(crate) fn select(cells: &[Cell], columns: &[usize]) -> Vec<Cell> {
    columns.iter().map(|at| cells.get(*at).cloned().unwrap_or_default()).collect()
}
