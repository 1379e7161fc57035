//! The form of a query. A model fills it in: these comments are the descriptions in its schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::Scalar;

/// A query over one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// The columns of the result, in order. Empty for all columns; must be empty with groups.
    pub columns: Vec<String>,
    /// Conditions that a row must all meet.
    #[serde(rename = "where")]
    pub conditions: Vec<Condition>,
    /// Rows with equal cells in all of these columns become one group.
    pub group_by: Vec<String>,
    /// Values to compute for each group, or for all rows if there are no groups.
    pub aggregates: Vec<Aggregate>,
    /// Columns to sort by. Later ones order rows that are equal in the earlier ones.
    pub order_by: Vec<Order>,
    /// Most rows of the result.
    pub limit: Option<u32>,
}

/// A condition on the rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column to test.
    pub column: String,
    /// The comparison to make.
    pub op: Op,
    /// The value to compare with. With `is_empty`: null or true for empty cells, false for all others.
    #[serde(default)]
    #[schemars(with = "Scalar")]
    pub value: Value,
}

/// A comparison of a cell with a value. Case is ignored; a day equals all its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equals the value.
    Eq,
    /// Differs from the value or is empty.
    Ne,
    /// Is less or earlier.
    Lt,
    /// Is less, earlier or equal.
    Lte,
    /// Is greater or later.
    Gt,
    /// Is greater, later or equal.
    Gte,
    /// Contains the text.
    Contains,
    /// The cell is empty.
    IsEmpty,
}

/// A column to sort by. Empty cells come last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// A column of the table; with groups a column of the result.
    pub column: String,
    /// True to sort from the greatest to the least.
    #[serde(default)]
    pub descending: bool,
}

/// A value computed from the rows of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// The function to compute.
    pub op: AggregateOp,
    /// The column of the cells. Null only to count rows.
    #[serde(default)]
    pub column: Option<String>,
    /// The name of the result's column, by default such as `Sum of Amount`.
    #[serde(default)]
    pub name: Option<String>,
}

/// A function of a group's cells. Empty cells do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AggregateOp {
    /// The sum of numbers.
    Sum,
    /// The mean of numbers.
    Avg,
    /// The least number or the earliest date.
    Min,
    /// The greatest number or the latest date.
    Max,
    /// The number of cells or rows.
    Count,
}
