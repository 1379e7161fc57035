//! Groups of rows and their aggregates.

use std::collections::BTreeMap;

use super::super::cell::Cell;
use super::super::kept::line;
use super::super::{Column, Kind, folded, listed};
use super::lookup::select;
use super::sort::ascending;
use super::spec::{Aggregate, AggregateOp};
use crate::error::TableError;

/// Most groups of a query.
const MAX_GROUPS: usize = 50_000;

/// Most bytes of the keys of all groups.
const MAX_KEY_BYTES: usize = 8 * 1024 * 1024;

/// Most tallies of all groups.
const MAX_TALLIES: usize = 500_000;

/// An aggregate with the position of its column; without one it counts rows.
#[derive(Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) op: AggregateOp,
    pub(crate) column: Option<usize>,
}

/// Groups in the order of their first rows.
pub(crate) struct Groups {
    keys: Vec<usize>,
    measures: Vec<Measure>,
    places: BTreeMap<Vec<u8>, usize>,
    found: Vec<Group>,
    key_bytes: usize,
    left_out: u32,
}

struct Group {
    key: Vec<Cell>,
    tallies: Vec<Tally>,
}

/// The state of one aggregate of a group.
#[derive(Clone, Default)]
struct Tally {
    count: u32,
    sum: f64,
    /// Sum of the rounding errors of `sum` (Neumaier summation).
    rest: f64,
    /// The least or the greatest cell, depending on the aggregate.
    extreme: Cell,
}

/// Makes the column of the result for an aggregate.
///
/// # Errors
/// [`TableError`] if the aggregate does not fit the kind of its column.
pub(crate) fn column(
    aggregate: &Aggregate,
    of: Option<&Column>,
    table: &[Column],
) -> Result<Column, TableError> {
    let (word, fits): (_, &[Kind]) = match aggregate.op {
        AggregateOp::Sum => ("Sum", &[Kind::Number]),
        AggregateOp::Avg => ("Average", &[Kind::Number]),
        AggregateOp::Min => ("Min", &[Kind::Number, Kind::Date]),
        AggregateOp::Max => ("Max", &[Kind::Number, Kind::Date]),
        AggregateOp::Count => ("Count", &[Kind::Text, Kind::Number, Kind::Date, Kind::Boolean]),
    };
    let is_counted = aggregate.op == AggregateOp::Count;
    if !of.map_or(is_counted, |of| fits.contains(&of.kind)) {
        let has = listed(table.iter().filter(|column| fits.contains(&column.kind)));
        return Err(TableError(format!("{word} needs a column of another kind. There are: {has}.")));
    }
    let name = aggregate.name.clone().unwrap_or_else(|| match of {
        Some(of) => format!("{word} of {}", of.name),
        None => word.into(),
    });
    Ok(Column { name, kind: of.filter(|_| !is_counted).map_or(Kind::Number, |of| of.kind) })
}

impl Groups {
    /// Groups by the columns at the positions `keys` and computes `measures` for each group.
    pub(crate) fn new(keys: Vec<usize>, measures: Vec<Measure>) -> Self {
        // Without keys, all rows are one group, even if there are no rows.
        let whole = Group { key: Vec::new(), tallies: vec![Tally::default(); measures.len()] };
        let found = if keys.is_empty() { vec![whole] } else { Vec::new() };
        Self { keys, measures, places: BTreeMap::new(), found, key_bytes: 0, left_out: 0 }
    }

    /// Adds a row to its group.
    pub(crate) fn add(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        let place = self.place(cells)?;
        let Some(group) = self.found.get_mut(place) else { return Ok(()) };
        let mut is_whole = true;
        for (measure, tally) in self.measures.iter().zip(&mut group.tallies) {
            let cell = measure.column.map(|at| cells.get(at).unwrap_or(&Cell::Empty));
            is_whole &= tally.add(measure.op, cell);
        }
        self.left_out = self.left_out.saturating_add(u32::from(!is_whole));
        Ok(())
    }

    /// Number of rows with a cell that no aggregate includes, because it is text.
    pub(crate) const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Makes a row for each group.
    pub(crate) fn rows(self) -> impl Iterator<Item = Vec<Cell>> {
        let measures = self.measures;
        self.found.into_iter().map(move |group| {
            let tallies = group.tallies.into_iter().zip(&measures);
            let results = tallies.map(|(tally, measure)| tally.result(measure.op));
            group.key.into_iter().chain(results).collect()
        })
    }

    fn place(&mut self, cells: &[Cell]) -> Result<usize, TableError> {
        if self.keys.is_empty() {
            return Ok(0);
        }
        let key = select(cells, &self.keys);
        let fold = |cell: &Cell| match cell {
            Cell::Text(text) => Cell::Text(folded(text)),
            other => other.clone(),
        };
        let name = line(&key.iter().map(fold).collect::<Vec<_>>())?;
        if let Some(place) = self.places.get(&name) {
            return Ok(*place);
        }
        let place = self.found.len();
        self.key_bytes = self.key_bytes.saturating_add(name.len());
        let tallies = place * self.measures.len();
        if place >= MAX_GROUPS || self.key_bytes > MAX_KEY_BYTES || tallies > MAX_TALLIES {
            return Err(TableError(
                "These are too many groups: group by other columns, or add conditions.".into(),
            ));
        }
        self.places.insert(name, place);
        self.found.push(Group { key, tallies: vec![Tally::default(); self.measures.len()] });
        Ok(place)
    }
}

impl Tally {
    /// Adds a cell, or a row if there is no cell. Returns false for a text that the aggregate cannot include.
    fn add(&mut self, op: AggregateOp, cell: Option<&Cell>) -> bool {
        match (op, cell) {
            (AggregateOp::Count, None) => self.count = self.count.saturating_add(1),
            (_, None | Some(Cell::Empty)) => {}
            (AggregateOp::Count, Some(_)) => self.count = self.count.saturating_add(1),
            (_, Some(Cell::Text(_) | Cell::Boolean(_))) => return false,
            (AggregateOp::Min | AggregateOp::Max, Some(cell)) => {
                let is_further = match op {
                    AggregateOp::Min => ascending(cell, &self.extreme).is_lt(),
                    _ => ascending(cell, &self.extreme).is_gt(),
                };
                if self.extreme == Cell::Empty || is_further {
                    self.extreme = cell.clone();
                }
            }
            (AggregateOp::Sum | AggregateOp::Avg, Some(cell)) => {
                let Cell::Number(value) = cell else { return false };
                self.count = self.count.saturating_add(1);
                let sum = self.sum + value;
                let (large, small) =
                    if self.sum.abs() >= value.abs() { (self.sum, *value) } else { (*value, self.sum) };
                self.rest += (large - sum) + small;
                self.sum = sum;
            }
        }
        true
    }

    fn result(self, op: AggregateOp) -> Cell {
        let total = if self.sum.is_finite() { self.sum + self.rest } else { self.sum };
        match op {
            AggregateOp::Count => Cell::of_number(f64::from(self.count)),
            AggregateOp::Sum => rounded(total),
            AggregateOp::Avg if self.count == 0 => Cell::Empty,
            AggregateOp::Avg => rounded(total / f64::from(self.count)),
            AggregateOp::Min | AggregateOp::Max => self.extreme,
        }
    }
}

/// Rounds to the 15 digits that a spreadsheet keeps, so that 0.1 + 0.2 is 0.3.
fn rounded(value: f64) -> Cell {
    Cell::of_number(format!("{value:.14e}").parse().unwrap_or(value))
}
