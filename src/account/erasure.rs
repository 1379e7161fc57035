//! Record of the user's erasure: made before anything is deleted, kept when all is gone. It holds times and numbers alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Fault;
use crate::ports::Sql;
use crate::storage::{from_json, row, to_json};
use crate::time::Millis;

/// At most one row: the newest erasure. `finished_at` is null until everything is gone.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS erasure (id INTEGER PRIMARY KEY CHECK (id = 1), requested_at INTEGER NOT NULL, step TEXT NOT NULL, counts TEXT NOT NULL, finished_at INTEGER);
";

/// Part of an erasure that runs, or is to be tried again. The parts follow each other in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Running turns, background work and uploads end.
    Work,
    /// The rows in Postgres are deleted, the wrapped key first.
    Rows,
    /// The files in the bucket are deleted.
    Files,
    /// The object's own storage is emptied: the key, values, sessions, logs and the index.
    Object,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Rows => "rows",
            Self::Files => "files",
            Self::Object => "object",
        }
    }
}

/// Numbers of deleted rows by table, and of deleted files.
pub type ErasedCounts = BTreeMap<String, u64>;

/// The newest erasure of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Moment of the request, in milliseconds since 1970. Every attempt names it: Postgres carries out a request once.
    pub requested_at: Millis,
    /// The part that is not complete.
    pub step: Step,
    /// Numbers of what is deleted so far.
    pub counts: ErasedCounts,
    /// Moment after which nothing was left, in milliseconds since 1970.
    pub finished_at: Option<Millis>,
}

#[derive(Deserialize)]
struct ErasureRow {
    requested_at: Millis,
    step: Step,
    counts: String,
    finished_at: Option<Millis>,
}

/// Records the request for an erasure. One that is not finished stays as it is: the request joins it.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn request(sql: &impl Sql, now: Millis) -> Result<(), Fault> {
    let statement = "INSERT INTO erasure (id, requested_at, step, counts) VALUES (1, ?, 'work', '{}')
                     ON CONFLICT (id) DO UPDATE SET requested_at = excluded.requested_at, step = excluded.step,
                         counts = excluded.counts, finished_at = NULL
                     WHERE finished_at IS NOT NULL";
    Ok(sql.exec(statement, &[now.into()])?)
}

/// The newest erasure; `None` for a user who never asked for one.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn newest(sql: &impl Sql) -> Result<Option<Erasure>, Fault> {
    let query = "SELECT requested_at, step, counts, finished_at FROM erasure";
    let Some(row) = row::<ErasureRow>(sql, query, &[])? else { return Ok(None) };
    let ErasureRow { requested_at, step, counts, finished_at } = row;
    Ok(Some(Erasure { requested_at, step, counts: from_json(&counts, "erasure")?, finished_at }))
}

/// Records that the parts before `step` are complete.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn begin(sql: &impl Sql, step: Step) -> Result<(), Fault> {
    Ok(sql.exec("UPDATE erasure SET step = ?", &[step.as_str().into()])?)
}

/// Records the numbers of what is deleted so far.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn set_counts(sql: &impl Sql, counts: &ErasedCounts) -> Result<(), Fault> {
    let counts = to_json(counts)?;
    Ok(sql.exec("UPDATE erasure SET counts = ?", &[(&counts).into()])?)
}

/// Records in an empty storage that nothing is left of the user: a later request is another.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn restore_finished(sql: &impl Sql, erasure: &Erasure, now: Millis) -> Result<(), Fault> {
    let Erasure { requested_at, step, counts, .. } = erasure;
    let counts = to_json(counts)?;
    let statement =
        "INSERT INTO erasure (id, requested_at, step, counts, finished_at) VALUES (1, ?, ?, ?, ?)";
    let values = [(*requested_at).into(), step.as_str().into(), (&counts).into(), now.into()];
    Ok(sql.exec(statement, &values)?)
}
