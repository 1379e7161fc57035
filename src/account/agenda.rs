//! The object's one alarm, shared by all that is due later.
//!
//! Each kind of work keeps its own due time in SQLite. The alarm rings no later than the earliest of them; when it has rung, the
//! object runs all due jobs and sets it again.

use std::cell::Cell;

use serde::Deserialize;

use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::row;
use crate::time::Millis;

/// Work of the account that is due at a time. Turns and their records have due times of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Delivery of vault entries to Postgres.
    VaultDelivery,
    /// Vectors, facts and summaries.
    Background,
    /// Erasure of the user. While it is planned, no turn begins.
    Erasure,
}

impl Job {
    const fn as_str(self) -> &'static str {
        match self {
            Self::VaultDelivery => "vault_delivery",
            Self::Background => "background",
            Self::Erasure => "erasure",
        }
    }
}

/// The alarm as it was last set by this object.
#[derive(Debug, Default)]
pub struct Agenda {
    /// Milliseconds since 1970; `None` when no alarm is known to be set.
    alarm_at: Cell<Option<Millis>>,
}

#[derive(Deserialize)]
struct DueRow {
    due_at: Option<Millis>,
}

impl Agenda {
    /// Sets the alarm, unless it rings by `at` anyway. The object wakes then even if it has died in between.
    pub fn wake_by(&self, at: Millis, sql: &impl Sql) {
        if self.alarm_at.get().is_none_or(|set| set > at) {
            self.alarm_at.set(Some(at));
            sql.set_alarm(Some(at));
        }
    }

    /// Sets the alarm to that moment, earlier or later than before; `None` removes it.
    pub fn set(&self, at: Option<Millis>, sql: &impl Sql) {
        if self.alarm_at.replace(at) != at {
            sql.set_alarm(at);
        }
    }

    /// Notes that the alarm rang: the platform has none set any more.
    pub fn rang(&self) {
        self.alarm_at.set(None);
    }

    /// Plans a job, in place of an earlier or later time, and sets the alarm for it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn plan(&self, job: Job, at: Millis, sql: &impl Sql) -> Result<(), Fault> {
        let values = [job.as_str().into(), SqlValue::Integer(at)];
        sql.exec("INSERT OR REPLACE INTO agenda (job, due_at) VALUES (?, ?)", &values)?;
        self.wake_by(at, sql);
        Ok(())
    }

    /// Removes a job that is done.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn finish(&self, job: Job, sql: &impl Sql) -> Result<(), Fault> {
        Ok(sql.exec("DELETE FROM agenda WHERE job = ?", &[job.as_str().into()])?)
    }

    /// True if a job is due.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn is_due(&self, job: Job, now: Millis, sql: &impl Sql) -> Result<bool, Fault> {
        Ok(Self::due_at(job, sql)?.is_some_and(|at| at <= now))
    }

    /// True if a job is planned, due or not.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn is_planned(&self, job: Job, sql: &impl Sql) -> Result<bool, Fault> {
        Ok(Self::due_at(job, sql)?.is_some())
    }

    fn due_at(job: Job, sql: &impl Sql) -> Result<Option<Millis>, Fault> {
        let query = "SELECT due_at FROM agenda WHERE job = ?";
        let due: Option<DueRow> = row(sql, query, &[job.as_str().into()])?;
        Ok(due.and_then(|row| row.due_at))
    }

    /// Due time of the job that is due first.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn next_due(&self, sql: &impl Sql) -> Result<Option<Millis>, Fault> {
        let due: Option<DueRow> = row(sql, "SELECT min(due_at) AS due_at FROM agenda", &[])?;
        Ok(due.and_then(|row| row.due_at))
    }
}
