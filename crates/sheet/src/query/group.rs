//! Groups of rows, and what they come to.

use std::collections::BTreeMap;

use super::super::cell::Cell;
use super::super::kept::line;
use super::super::{Column, Kind, folded, listed};
use super::sort::ascending;
use super::{Aggregate, Sum, chosen};
use crate::error::TableError;

/// Most groups.
const MAX_GROUPS: usize = 50_000;

/// Most bytes that groups are told apart by, and most that are held of sums.
const MAX_KEY_BYTES: usize = 8 * 1024 * 1024;
const MAX_SUMS: usize = 500_000;

/// Rows in groups, in the order in which these were met.
pub(crate) struct Groups {
    keys: Vec<usize>,
    sums: Vec<(Sum, Option<usize>)>,
    places: BTreeMap<Vec<u8>, usize>,
    met: Vec<Group>,
    key_bytes: usize,
    left_out: u32,
}

struct Group {
    key: Vec<Cell>,
    tallies: Vec<Tally>,
}

/// What is known of a group's cells in one column.
#[derive(Clone, Default)]
struct Tally {
    count: u32,
    sum: f64,
    /// What was too small for the sum to show (Neumaier's way to add).
    rest: f64,
    /// The least or the greatest, whichever is asked for.
    extreme: Cell,
}

/// The column of a result.
///
/// # Errors
/// [`TableError`], when no such thing can be said of its cells.
pub(crate) fn column(
    aggregate: &Aggregate,
    of: Option<&Column>,
    table: &[Column],
) -> Result<Column, TableError> {
    let (word, fits): (_, &[Kind]) = match aggregate.op {
        Sum::Sum => ("Sum", &[Kind::Number]),
        Sum::Avg => ("Average", &[Kind::Number]),
        Sum::Min => ("Min", &[Kind::Number, Kind::Date]),
        Sum::Max => ("Max", &[Kind::Number, Kind::Date]),
        Sum::Count => ("Count", &[Kind::Text, Kind::Number, Kind::Date, Kind::Boolean]),
    };
    let is_counted = aggregate.op == Sum::Count;
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
    /// Groups by these columns, with sums of those.
    pub(crate) fn new(keys: Vec<usize>, sums: Vec<(Sum, Option<usize>)>) -> Self {
        let mut groups =
            Self { keys, sums, places: BTreeMap::new(), met: Vec::new(), key_bytes: 0, left_out: 0 };
        if groups.keys.is_empty() {
            // All rows are one group, also when there are none.
            groups.met.push(Group { key: Vec::new(), tallies: vec![Tally::default(); groups.sums.len()] });
        }
        groups
    }

    /// Adds a row to its group.
    pub(crate) fn add(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        let place = self.place(cells)?;
        let Some(group) = self.met.get_mut(place) else { return Ok(()) };
        let mut is_whole = true;
        for ((sum, of), tally) in self.sums.iter().zip(&mut group.tallies) {
            let cell = of.map(|at| cells.get(at).unwrap_or(&Cell::Empty));
            is_whole &= tally.add(*sum, cell);
        }
        self.left_out = self.left_out.saturating_add(u32::from(!is_whole));
        Ok(())
    }

    /// Rows of which a cell is in no sum, for it is text.
    pub(crate) const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// A row for each group.
    pub(crate) fn rows(self) -> impl Iterator<Item = Vec<Cell>> {
        let sums = self.sums;
        self.met.into_iter().map(move |group| {
            let results = group.tallies.into_iter().zip(&sums).map(|(tally, (sum, _))| tally.result(*sum));
            group.key.into_iter().chain(results).collect()
        })
    }

    fn place(&mut self, cells: &[Cell]) -> Result<usize, TableError> {
        if self.keys.is_empty() {
            return Ok(0);
        }
        let key = chosen(cells, &self.keys);
        let fold = |cell: &Cell| match cell {
            Cell::Text(text) => Cell::Text(folded(text)),
            other => other.clone(),
        };
        let name = line(&key.iter().map(fold).collect::<Vec<_>>())?;
        if let Some(place) = self.places.get(&name) {
            return Ok(*place);
        }
        let place = self.met.len();
        self.key_bytes = self.key_bytes.saturating_add(name.len());
        if place >= MAX_GROUPS || self.key_bytes > MAX_KEY_BYTES || place * self.sums.len() > MAX_SUMS {
            return Err(TableError(
                "These are too many groups: group by other columns, or add conditions.".into(),
            ));
        }
        self.places.insert(name, place);
        self.met.push(Group { key, tallies: vec![Tally::default(); self.sums.len()] });
        Ok(place)
    }
}

impl Tally {
    /// Adds a cell, or a row where there is none. False: it is text, and nothing can be said of it.
    fn add(&mut self, sum: Sum, cell: Option<&Cell>) -> bool {
        match (sum, cell) {
            (Sum::Count, None) => self.count = self.count.saturating_add(1),
            (_, None | Some(Cell::Empty)) => {}
            (Sum::Count, Some(_)) => self.count = self.count.saturating_add(1),
            (_, Some(Cell::Text(_) | Cell::Boolean(_))) => return false,
            (Sum::Min | Sum::Max, Some(cell)) => {
                let is_further = match sum {
                    Sum::Min => ascending(cell, &self.extreme).is_lt(),
                    _ => ascending(cell, &self.extreme).is_gt(),
                };
                if self.extreme == Cell::Empty || is_further {
                    self.extreme = cell.clone();
                }
            }
            (Sum::Sum | Sum::Avg, Some(cell)) => {
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

    fn result(self, sum: Sum) -> Cell {
        let total = if self.sum.is_finite() { self.sum + self.rest } else { self.sum };
        match sum {
            Sum::Count => Cell::of_number(f64::from(self.count)),
            Sum::Sum => rounded(total),
            Sum::Avg if self.count == 0 => Cell::Empty,
            Sum::Avg => rounded(total / f64::from(self.count)),
            Sum::Min | Sum::Max => self.extreme,
        }
    }
}

/// To the 15 digits that a spreadsheet keeps: 0.1 and 0.2 are 0.3.
fn rounded(value: f64) -> Cell {
    Cell::of_number(format!("{value:.14e}").parse().unwrap_or(value))
}
