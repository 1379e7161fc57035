//! Sorting of rows. A row is held as its line and its keys, because a line takes a fraction of the memory of cells.

use std::cmp::Ordering;

use chrono::NaiveTime;

use super::super::cell::Cell;
use super::super::kept::{cells, line};
use super::super::{Column, Kind, folded};
use crate::error::{SheetError, TableError};

/// Most bytes of rows that are held. A table of ten columns fits, and an isolate has 128 MB.
const MAX_HELD_BYTES: usize = 48 * 1024 * 1024;

/// Approximate size of a row without its texts, in bytes.
const ROW_BYTES: usize = 64;

/// Number of held rows up to which rows beyond the limit are kept: sorting after each row would be slow.
const LEAST_HELD: usize = 1024;

/// Order of a column's cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// A column to sort by.
#[derive(Clone, Copy)]
pub(crate) struct SortKey {
    /// Position of the column.
    pub(crate) column: usize,
    pub(crate) direction: Direction,
}

/// Collects rows and sorts them.
pub(crate) struct Sorter {
    kinds: Vec<Kind>,
    order: Vec<SortKey>,
    limit: usize,
    held: Vec<Held>,
    bytes: usize,
}

struct Held {
    keys: Vec<Cell>,
    line: Box<[u8]>,
}

impl Held {
    fn bytes(&self) -> usize {
        let texts = self.keys.iter().map(|key| if let Cell::Text(text) = key { text.len() } else { 0 });
        ROW_BYTES + self.line.len() + texts.sum::<usize>() + self.keys.len() * size_of::<Cell>()
    }
}

impl Sorter {
    /// Sorts rows with these columns and keeps the first `limit` of them.
    pub(crate) fn new(columns: &[Column], order: Vec<SortKey>, limit: u32) -> Self {
        let kinds = columns.iter().map(|column| column.kind).collect();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { kinds, order, limit, held: Vec::new(), bytes: 0 }
    }

    /// Adds a row: the cells that contain the keys, and the cells to return.
    pub(crate) fn add(&mut self, cells: &[Cell], wanted: &[Cell]) -> Result<(), TableError> {
        let key = |key: &SortKey| match cells.get(key.column) {
            Some(Cell::Text(text)) => Cell::Text(folded(text)),
            other => other.cloned().unwrap_or_default(),
        };
        let held = Held { keys: self.order.iter().map(key).collect(), line: line(wanted)?.into() };
        self.bytes = self.bytes.saturating_add(held.bytes());
        self.held.push(held);
        if self.held.len() >= self.limit.saturating_mul(2).max(LEAST_HELD) {
            self.cut();
        }
        if self.bytes > MAX_HELD_BYTES {
            return Err(TableError(
                "This is too much to be ordered or grouped: ask for fewer columns, add conditions, or set a limit.".into(),
            ));
        }
        Ok(())
    }

    /// Returns the sorted rows. Rows with equal keys stay in the order of the table.
    pub(crate) fn finish(mut self) -> Sorted {
        self.cut();
        Sorted { kinds: self.kinds, rows: self.held.into_iter() }
    }

    fn cut(&mut self) {
        let order = &self.order;
        self.held.sort_by(|one, other| {
            let pairs = one.keys.iter().zip(&other.keys).zip(order);
            let mut orders = pairs.map(|((one, other), key)| compare(one, other, key.direction));
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        self.held.truncate(self.limit);
        self.bytes = self.held.iter().map(Held::bytes).sum();
    }
}

/// Sorted rows. Each is parsed from its line when it is requested.
pub struct Sorted {
    kinds: Vec<Kind>,
    rows: std::vec::IntoIter<Held>,
}

impl Iterator for Sorted {
    type Item = Result<Vec<Cell>, SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(cells(&self.rows.next()?.line, &self.kinds))
    }
}

/// Compares as spreadsheets do: numbers, dates, texts, false, true. Empty cells come last in both directions.
fn compare(one: &Cell, other: &Cell, direction: Direction) -> Ordering {
    let order = match (one, other) {
        (Cell::Empty, _) | (_, Cell::Empty) => return rank(one).cmp(&rank(other)),
        (Cell::Number(one), Cell::Number(other)) => one.total_cmp(other),
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Boolean(one), Cell::Boolean(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)).then_with(|| time(one).cmp(&time(other))),
    };
    if direction == Direction::Descending { order.reverse() } else { order }
}

const fn rank(cell: &Cell) -> u8 {
    match cell {
        Cell::Number(_) => 0,
        Cell::Date(_) | Cell::DateTime(_) => 1,
        Cell::Text(_) => 2,
        Cell::Boolean(_) => 3,
        Cell::Empty => 4,
    }
}

fn time(cell: &Cell) -> Option<chrono::NaiveDateTime> {
    match cell {
        Cell::Date(day) => Some(day.and_time(NaiveTime::MIN)),
        Cell::DateTime(time) => Some(*time),
        _ => None,
    }
}

/// Compares two cells in ascending order.
pub(crate) fn ascending(one: &Cell, other: &Cell) -> Ordering {
    compare(one, other, Direction::Ascending)
}
