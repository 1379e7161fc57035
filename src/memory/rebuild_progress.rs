//! Progress of building the index anew, which outlives the object.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::index::{State, reset, set_state, state};
use crate::error::Fault;
use crate::ports::Sql;
use crate::storage::{from_json, to_json};
use crate::time::Millis;

/// Milliseconds after which a request that got no answer has reached Postgres or never will: the longest time limits of a request and of
/// a statement, and some more.
const LONGEST_FLIGHT: Millis = 60 * 1000;

/// Progress of the rebuild.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// True once all memories are here.
    pub is_done: bool,
    /// Moment and id of the oldest memory so far.
    pub before: Option<(DateTime<Utc>, Uuid)>,
    /// Moment before which Postgres is not read: until then it may still change unseen.
    #[serde(default)]
    not_before: Millis,
    /// True if turns were on their way when Postgres was read: their messages may be missing, or forgotten there.
    #[serde(default)]
    awaits_delivery: bool,
}

/// True if memories in Postgres may be missing here and can be read.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn is_due(sql: &impl Sql, now: Millis) -> Result<bool, Fault> {
    Ok(progress(sql)?.is_due(now))
}

/// Empties the index, to build it anew once every request on its way has reached Postgres.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn begin_anew(sql: &impl Sql, now: Millis) -> Result<(), Fault> {
    reset(sql)?;
    let progress = Progress { not_before: now + LONGEST_FLIGHT, ..Progress::default() };
    set_state(sql, State::Rebuild, &to_json(&progress)?)
}

/// Moment at which every request on its way has reached Postgres; zero if none is known to be.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn settles_at(sql: &impl Sql) -> Result<Millis, Fault> {
    Ok(progress(sql)?.not_before)
}

/// Has the memories read once more when the turns that are on their way are delivered. Until then their messages are left out: Postgres
/// may have them already, and may have forgotten them.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn await_delivery(sql: &impl Sql) -> Result<(), Fault> {
    let progress = Progress { awaits_delivery: true, ..progress(sql)? };
    set_state(sql, State::Rebuild, &to_json(&progress)?)
}

/// Begins to read the memories once more, if that was left for the time when all turns are delivered.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn end_delivery(sql: &impl Sql) -> Result<(), Fault> {
    let progress = progress(sql)?;
    if !progress.awaits_delivery {
        return Ok(());
    }
    let again = Progress { not_before: progress.not_before, ..Progress::default() };
    set_state(sql, State::Rebuild, &to_json(&again)?)
}

impl Progress {
    /// True if something is to be read now.
    #[must_use]
    pub const fn is_due(&self, now: Millis) -> bool {
        !self.is_done && now >= self.not_before
    }
}

/// Progress so far.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn progress(sql: &impl Sql) -> Result<Progress, Fault> {
    state(sql, State::Rebuild)?.map_or(Ok(Progress::default()), |json| from_json(&json, "rebuild"))
}
