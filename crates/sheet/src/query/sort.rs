//! Rows in order. Each is held as a line with what it is ordered by beside it, for lines are a fraction of cells.

use std::cmp::Ordering;

use chrono::NaiveTime;

use super::super::cell::Cell;
use super::super::kept::{cells, line};
use super::super::{Column, Kind, folded};
use crate::error::{SheetError, TableError};

/// Most bytes of rows that are held to be ordered: a table of ten columns fits whole, and an isolate has 128 MB.
const MAX_HELD_BYTES: usize = 48 * 1024 * 1024;

/// About what a row takes beside its texts, in bytes.
const ROW_BYTES: usize = 64;

/// Rows that are held at least before those beyond the limit are let go.
const LEAST_HELD: usize = 1024;

/// Rows that are to be ordered.
pub(crate) struct Sorter {
    kinds: Vec<Kind>,
    /// By which cells, and which of them from the greatest to the least.
    order: Vec<(usize, bool)>,
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
    /// Orders rows with these columns, of which the first so many are wanted.
    pub(crate) fn new(columns: &[Column], order: Vec<(usize, bool)>, limit: u32) -> Self {
        let kinds = columns.iter().map(|column| column.kind).collect();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { kinds, order, limit, held: Vec::new(), bytes: 0 }
    }

    /// Adds a row, by what it is ordered by and by what is wanted of it.
    pub(crate) fn add(&mut self, cells: &[Cell], wanted: &[Cell]) -> Result<(), TableError> {
        let key = |(at, _): &(usize, bool)| match cells.get(*at) {
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

    /// The rows in order, in that of the table where nothing else tells.
    pub(crate) fn finish(mut self) -> Sorted {
        self.cut();
        Sorted { kinds: self.kinds, rows: self.held.into_iter() }
    }

    fn cut(&mut self) {
        let order = &self.order;
        self.held.sort_by(|one, other| {
            let pairs = one.keys.iter().zip(&other.keys).zip(order);
            let mut orders =
                pairs.map(|((one, other), (_, is_descending))| compare(one, other, *is_descending));
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        self.held.truncate(self.limit);
        self.bytes = self.held.iter().map(Held::bytes).sum();
    }
}

/// Rows in order, each made of its line when it is asked for.
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

/// Numbers, dates, texts, false, true, as spreadsheets have it; and last what is empty, whatever comes first.
fn compare(one: &Cell, other: &Cell, is_descending: bool) -> Ordering {
    let order = match (one, other) {
        (Cell::Empty, _) | (_, Cell::Empty) => return rank(one).cmp(&rank(other)),
        (Cell::Number(one), Cell::Number(other)) => one.total_cmp(other),
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Boolean(one), Cell::Boolean(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)).then_with(|| time(one).cmp(&time(other))),
    };
    if is_descending { order.reverse() } else { order }
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

/// How two cells compare, where order is all that is asked.
pub(crate) fn ascending(one: &Cell, other: &Cell) -> Ordering {
    compare(one, other, false)
}
