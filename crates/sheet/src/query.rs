//! Queries over one table: selection of rows and columns, order, and aggregates of groups. The result is a table.

mod condition;
mod group;
mod lookup;
mod sort;
mod spec;
#[cfg(test)]
mod tests;

use self::condition::Predicate;
use self::group::{Groups, Measure};
use self::lookup::{PlacedColumn, find, find_all, select};
use self::sort::{Direction, SortKey, Sorted, Sorter};
pub use self::spec::{Aggregate, AggregateOp, Condition, Op, Order, Query};
use super::cell::Cell;
use super::kept::Header;
use super::{Column, MAX_COLUMNS};
use crate::error::TableError;

/// Most conditions of a query.
const MAX_CONDITIONS: usize = 20;

/// Most columns to sort by, and most to group by.
const MAX_KEYS: usize = 10;

/// A running query, which takes the rows of a table one by one.
pub struct Run {
    conditions: Vec<Predicate>,
    columns: Vec<Column>,
    plan: Plan,
    limit: u32,
    given: u32,
}

/// Further processing of rows that meet all conditions.
enum Plan {
    /// Returns these columns of each row at once.
    Pass(Vec<usize>),
    /// Returns these columns of all rows, sorted, at the end.
    Sort(Vec<usize>, Sorter),
    /// Returns a row per group, sorted, at the end.
    Group(Groups, Vec<SortKey>),
}

/// The end of a query's result.
pub struct Outcome {
    /// The rows that [`Run::row`] did not return.
    pub rows: Sorted,
    /// Rows with a cell that no aggregate includes: a text, such as a placeholder, in a column of numbers or dates.
    pub left_out: u32,
}

impl Run {
    /// Prepares a query over a table with these columns.
    ///
    /// # Errors
    /// [`TableError`] if the query names unknown columns, exceeds a limit, or has values of the wrong kind.
    pub fn new(query: &Query, table: &[Column]) -> Result<Self, TableError> {
        if query.conditions.len() > MAX_CONDITIONS {
            return Err(TableError(format!("There may be {MAX_CONDITIONS} conditions.")));
        }
        if query.order_by.len() > MAX_KEYS || query.group_by.len() > MAX_KEYS {
            return Err(TableError(format!("Rows may be ordered and grouped by {MAX_KEYS} columns.")));
        }
        let predicate = |condition: &Condition| Predicate::new(find(table, &condition.column)?, condition);
        let conditions = query.conditions.iter().map(predicate).collect::<Result<_, _>>()?;
        let (plan, columns) = if query.group_by.is_empty() && query.aggregates.is_empty() {
            plan_rows(query, table)?
        } else {
            plan_groups(query, table)?
        };
        Header { title: "result".into(), columns: columns.clone() }.check()?;
        let limit = query.limit.unwrap_or(u32::MAX);
        Ok(Self { conditions, columns, plan, limit, given: 0 })
    }

    /// The columns of the result.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Takes a row and returns a row of the result if it needs no sorting or grouping.
    ///
    /// # Errors
    /// [`TableError`] if there are too many rows to sort or too many groups.
    pub fn row(&mut self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, TableError> {
        if self.is_over() || !self.conditions.iter().all(|condition| condition.holds(cells)) {
            return Ok(None);
        }
        match &mut self.plan {
            Plan::Pass(columns) => {
                self.given += 1;
                return Ok(Some(select(cells, columns)));
            }
            Plan::Sort(columns, sorter) => sorter.add(cells, &select(cells, columns))?,
            Plan::Group(groups, _) => groups.add(cells)?,
        }
        Ok(None)
    }

    /// Returns true if no further row can change the result.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.limit == 0 || matches!(self.plan, Plan::Pass(_) if self.given >= self.limit)
    }

    /// Ends the rows and returns the rest of the result.
    ///
    /// # Errors
    /// [`TableError`] as for [`Run::row`].
    pub fn finish(self) -> Result<Outcome, TableError> {
        let (sorter, left_out) = match self.plan {
            Plan::Pass(_) => (Sorter::new(&self.columns, Vec::new(), 0), 0),
            Plan::Sort(_, sorter) => (sorter, 0),
            Plan::Group(groups, order) => {
                let mut sorter = Sorter::new(&self.columns, order, self.limit);
                let left_out = groups.left_out();
                for row in groups.rows() {
                    sorter.add(&row, &row)?;
                }
                (sorter, left_out)
            }
        };
        Ok(Outcome { rows: sorter.finish(), left_out })
    }
}

/// Plans a query without groups; returns the columns of its result too.
fn plan_rows(query: &Query, table: &[Column]) -> Result<(Plan, Vec<Column>), TableError> {
    let all = || table.iter().enumerate().map(|(at, column)| PlacedColumn { at, column }).collect();
    let found = if query.columns.is_empty() { all() } else { find_all(table, &query.columns)? };
    let (places, columns): (Vec<_>, Vec<_>) =
        found.into_iter().map(|place| (place.at, place.column.clone())).unzip();
    let order = order(query, table)?;
    let plan = if order.is_empty() {
        Plan::Pass(places)
    } else {
        Plan::Sort(places, Sorter::new(&columns, order, query.limit.unwrap_or(u32::MAX)))
    };
    Ok((plan, columns))
}

/// Plans a query with groups; returns the columns of its result too.
fn plan_groups(query: &Query, table: &[Column]) -> Result<(Plan, Vec<Column>), TableError> {
    if !query.columns.is_empty() {
        let rule = "With group_by or aggregates, the columns are those of group_by and the aggregates";
        return Err(TableError(format!("{rule}: leave out columns.")));
    }
    if query.aggregates.len() > MAX_COLUMNS {
        return Err(TableError(format!("There may be {MAX_COLUMNS} aggregates.")));
    }
    let found = find_all(table, &query.group_by)?;
    let (keys, mut columns): (Vec<_>, Vec<_>) =
        found.into_iter().map(|place| (place.at, place.column.clone())).unzip();
    let mut measures = Vec::new();
    for aggregate in &query.aggregates {
        let of = aggregate.column.as_deref().map(|name| find(table, name)).transpose()?;
        columns.push(group::column(aggregate, of.map(|place| place.column), table)?);
        measures.push(Measure { op: aggregate.op, column: of.map(|place| place.at) });
    }
    let order = order(query, &columns)?;
    Ok((Plan::Group(Groups::new(keys, measures), order), columns))
}

fn order(query: &Query, columns: &[Column]) -> Result<Vec<SortKey>, TableError> {
    let key = |order: &Order| {
        let direction = if order.descending { Direction::Descending } else { Direction::Ascending };
        find(columns, &order.column).map(|place| SortKey { column: place.at, direction })
    };
    query.order_by.iter().map(key).collect()
}
