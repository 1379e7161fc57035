//! Queries over a table: which rows and columns, in which order, or what groups of rows come to. One table in, one table out.

mod condition;
mod group;
mod sort;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::condition::Test;
use self::group::Groups;
use self::sort::{Sorted, Sorter};
use super::cell::Cell;
use super::kept::Header;
use super::{Column, MAX_COLUMNS, Scalar, folded, listed};
use crate::error::TableError;

/// Most conditions that a query may have.
const MAX_CONDITIONS: usize = 20;

/// Most columns that rows are ordered or grouped by.
const MAX_KEYS: usize = 10;

/// What is asked of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// The columns of the result, in order. None means all of them; with groups there must be none.
    pub columns: Vec<String>,
    /// What holds for each row: all of it.
    #[serde(rename = "where")]
    pub conditions: Vec<Condition>,
    /// Rows that have the same in all of these columns become one.
    pub group_by: Vec<String>,
    /// What is said of each group beside what its rows have in common; of all rows, when there are no groups.
    pub aggregates: Vec<Aggregate>,
    /// What the rows are ordered by: of rows that have the same first thing by the second, and so on.
    pub order_by: Vec<Order>,
    /// Most rows of the result.
    pub limit: Option<u32>,
}

/// What holds for a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column that is looked at.
    pub column: String,
    /// How.
    pub op: Op,
    /// What its cell is compared with; nothing for [`Op::IsEmpty`], or false for cells that are not.
    #[serde(default)]
    #[schemars(with = "Scalar")]
    pub value: Value,
}

/// How a cell is compared. Capital letters do not matter; a day is equal to each of its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Is the same.
    Eq,
    /// Is another, or empty.
    Ne,
    /// Is less, or earlier.
    Lt,
    /// Is no more.
    Lte,
    /// Is more, or later.
    Gt,
    /// Is no less.
    Gte,
    /// Has a text in it.
    Contains,
    /// Is empty.
    IsEmpty,
}

/// What rows are ordered by. Empty cells come last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// A column of the table; with groups a column of the result.
    pub column: String,
    /// Whether the greatest comes first.
    #[serde(default)]
    pub descending: bool,
}

/// What is said of a group of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// What is made of the cells.
    pub op: Sum,
    /// The column of the cells; none only to count rows.
    #[serde(default)]
    pub column: Option<String>,
    /// What the result's column is called: `Sum of Amount` unless that says otherwise.
    #[serde(default)]
    pub name: Option<String>,
}

/// What is made of a group's cells. Empty ones do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sum {
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// The least number, or the earliest date.
    Min,
    /// The greatest number, or the latest date.
    Max,
    /// How many there are.
    Count,
}

/// A query that runs over a table's rows, one after the other.
pub struct Run {
    conditions: Vec<Test>,
    columns: Vec<Column>,
    work: Work,
    limit: u32,
    given: u32,
}

/// What becomes of the rows for which all conditions hold.
enum Work {
    /// These columns of each are in the result at once.
    Pass(Vec<usize>),
    /// The same, in order, at the end.
    Sort(Vec<usize>, Sorter),
    /// Groups, at the end.
    Group(Groups, Vec<(usize, bool)>),
}

/// What a query comes to in the end.
pub struct Outcome {
    /// The rows that were not given before.
    pub rows: Sorted,
    /// Rows of which a cell is in no sum, for it is text in a column of numbers or dates, as hidden values are.
    pub left_out: u32,
}

impl Run {
    /// Makes ready to run a query over a table with these columns.
    ///
    /// # Errors
    /// [`TableError`], when the query asks for what is not there, or for what makes no sense.
    pub fn new(query: &Query, table: &[Column]) -> Result<Self, TableError> {
        if query.conditions.len() > MAX_CONDITIONS {
            return Err(TableError(format!("There may be {MAX_CONDITIONS} conditions.")));
        }
        if query.order_by.len() > MAX_KEYS || query.group_by.len() > MAX_KEYS {
            return Err(TableError(format!("Rows may be ordered and grouped by {MAX_KEYS} columns.")));
        }
        let test = |condition: &Condition| {
            let (at, column) = find(table, &condition.column)?;
            Test::new(at, column, condition)
        };
        let conditions = query.conditions.iter().map(test).collect::<Result<_, _>>()?;
        let (work, columns) = if query.group_by.is_empty() && query.aggregates.is_empty() {
            rows(query, table)?
        } else {
            groups(query, table)?
        };
        Header { title: "result".into(), columns: columns.clone() }.check()?;
        let limit = query.limit.unwrap_or(u32::MAX);
        Ok(Self { conditions, columns, work, limit, given: 0 })
    }

    /// The columns of the result.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Takes a row, and gives the one of the result that is clear by now.
    ///
    /// # Errors
    /// [`TableError`], when there is more to order or to group than may be.
    pub fn row(&mut self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, TableError> {
        if self.is_over() || !self.conditions.iter().all(|test| test.holds(cells)) {
            return Ok(None);
        }
        match &mut self.work {
            Work::Pass(columns) => {
                self.given += 1;
                return Ok(Some(chosen(cells, columns)));
            }
            Work::Sort(columns, sorter) => sorter.add(cells, &chosen(cells, columns))?,
            Work::Group(groups, _) => groups.add(cells)?,
        }
        Ok(None)
    }

    /// Whether no further row can change the result.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.limit == 0 || matches!(self.work, Work::Pass(_) if self.given >= self.limit)
    }

    /// There are no more rows.
    ///
    /// # Errors
    /// As [`Run::row`].
    pub fn finish(self) -> Result<Outcome, TableError> {
        let (sorter, left_out) = match self.work {
            Work::Pass(_) => (Sorter::new(&self.columns, Vec::new(), 0), 0),
            Work::Sort(_, sorter) => (sorter, 0),
            Work::Group(groups, order) => {
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

/// Rows as they are.
fn rows(query: &Query, table: &[Column]) -> Result<(Work, Vec<Column>), TableError> {
    let all = || table.iter().enumerate().collect();
    let found = if query.columns.is_empty() { all() } else { find_all(table, &query.columns)? };
    let (places, columns): (Vec<_>, Vec<_>) =
        found.into_iter().map(|(at, column)| (at, column.clone())).unzip();
    let order = order(query, table)?;
    let work = if order.is_empty() {
        Work::Pass(places)
    } else {
        Work::Sort(places, Sorter::new(&columns, order, query.limit.unwrap_or(u32::MAX)))
    };
    Ok((work, columns))
}

/// Groups of rows.
fn groups(query: &Query, table: &[Column]) -> Result<(Work, Vec<Column>), TableError> {
    if !query.columns.is_empty() {
        let rule = "With group_by or aggregates, the columns are those of group_by and the aggregates";
        return Err(TableError(format!("{rule}: leave out columns.")));
    }
    if query.aggregates.len() > MAX_COLUMNS {
        return Err(TableError(format!("There may be {MAX_COLUMNS} aggregates.")));
    }
    let found = find_all(table, &query.group_by)?;
    let (keys, mut columns): (Vec<_>, Vec<_>) =
        found.into_iter().map(|(at, column)| (at, column.clone())).unzip();
    let mut sums = Vec::new();
    for aggregate in &query.aggregates {
        let of = aggregate.column.as_deref().map(|name| find(table, name)).transpose()?;
        columns.push(group::column(aggregate, of.map(|(_, column)| column), table)?);
        sums.push((aggregate.op, of.map(|(at, _)| at)));
    }
    let order = order(query, &columns)?;
    Ok((Work::Group(Groups::new(keys, sums), order), columns))
}

fn order(query: &Query, columns: &[Column]) -> Result<Vec<(usize, bool)>, TableError> {
    let place = |order: &Order| find(columns, &order.column).map(|(at, _)| (at, order.descending));
    query.order_by.iter().map(place).collect()
}

/// The columns of these names, each with its place.
fn find_all<'t>(table: &'t [Column], names: &[String]) -> Result<Vec<(usize, &'t Column)>, TableError> {
    names.iter().map(|name| find(table, name)).collect()
}

/// The column of that name, and its place.
fn find<'t>(columns: &'t [Column], name: &str) -> Result<(usize, &'t Column), TableError> {
    let places = || columns.iter().enumerate();
    let alike = || {
        let name = folded(name.trim());
        places().find(|(_, column)| folded(column.name.trim()) == name)
    };
    places().find(|(_, column)| column.name == name).or_else(alike).ok_or_else(|| {
        let name: String = name.chars().take(80).collect();
        TableError(format!("There is no column {name:?}. There are: {}.", listed(columns.iter())))
    })
}

fn chosen(cells: &[Cell], columns: &[usize]) -> Vec<Cell> {
    columns.iter().map(|at| cells.get(*at).cloned().unwrap_or_default()).collect()
}
