//! The object's one alarm, shared by all that is due later.
//!
//! Each kind of work keeps its own due time in memory and in SQLite. The alarm rings no later than the earliest of them; when it has
//! rung, the object runs all due jobs and sets it again. A job that is put off keeps its earlier time in SQLite, unless messages
//! wait with it: an object that restarts runs it too early at worst, and a turn need not write for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::rows;
use crate::time::Millis;

/// Work of the account that is due at a time. Turns and their records have due times of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Delivery of vault entries to Postgres.
    VaultDelivery,
    /// Vectors and summaries, and what Postgres is told of paid calls.
    Background,
    /// Extraction of facts.
    Facts,
    /// Deletion of sessions.
    SessionDeletion,
    /// Erasure of the user. While it is planned, no turn begins.
    Erasure,
}

impl Job {
    const fn as_str(self) -> &'static str {
        match self {
            Self::VaultDelivery => "vault_delivery",
            Self::Background => "background",
            Self::Facts => "facts",
            Self::SessionDeletion => "session_deletion",
            Self::Erasure => "erasure",
        }
    }
}

/// A rest that a job waits for, as long as few messages wait with it.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// Moment of the newest message, in milliseconds since 1970.
    pub since: Millis,
    /// Length of the rest, in milliseconds.
    pub lasts: Millis,
    /// Messages that are enough to end it.
    pub messages: u32,
}

/// The alarm as it was last set by this object.
#[derive(Debug, Default)]
pub struct Agenda {
    /// Milliseconds since 1970; `None` when no alarm is known to be set.
    alarm_at: Cell<Option<Millis>>,
    /// Jobs that are planned; `None` until they are read from storage.
    jobs: RefCell<Option<BTreeMap<Job, DueTimes>>>,
}

#[derive(Clone, Copy, Debug)]
struct DueTimes {
    now: Millis,
    /// Time in storage, no later than `now`.
    stored: Millis,
    /// Messages that wait with the job.
    messages: u32,
    /// Failed tries in a row.
    failures: u32,
}

/// New due time of a job, and the messages that wait with it.
#[derive(Clone, Copy)]
struct Due {
    at: Millis,
    messages: u32,
    failures: u32,
}

#[derive(Deserialize)]
struct JobRow {
    job: Job,
    due_at: Millis,
    messages: u32,
    failures: u32,
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

    /// Plans a job, in place of an earlier or later time, and sets the alarm for it. Messages that wait count from none again.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn plan(&self, job: Job, at: Millis, sql: &impl Sql) -> Result<(), Fault> {
        self.set_due(job, Due { at, messages: 0, failures: 0 }, sql)?;
        self.wake_by(at, sql);
        Ok(())
    }

    /// Plans another try of a job after so many failures in a row, which are kept with it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn plan_again(&self, job: Job, at: Millis, failures: u32, sql: &impl Sql) -> Result<(), Fault> {
        self.set_due(job, Due { at, messages: 0, failures }, sql)?;
        self.wake_by(at, sql);
        Ok(())
    }

    /// Failed tries of a job in a row.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn failures(&self, job: Job, sql: &impl Sql) -> Result<u32, Fault> {
        Ok(self.due(job, sql)?.map_or(0, |due| due.failures))
    }

    /// Plans a job for the end of a rest, which begins anew with each message, or at once when enough messages wait. A job that is
    /// due stays due, and one that was planned for something else is not put off.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn plan_after(&self, rest: Rest, job: Job, sql: &impl Sql) -> Result<(), Fault> {
        let end = rest.since + rest.lasts;
        let before = self.due(job, sql)?;
        let messages = before.map_or(0, |due| due.messages) + 1;
        let at = match before {
            Some(due) if due.now <= rest.since || due.messages == 0 && due.now <= end => due.now,
            Some(_) if messages >= rest.messages => rest.since,
            _ => end,
        };
        let failures = before.map_or(0, |due| due.failures);
        self.set_due(job, Due { at, messages, failures }, sql)?;
        self.wake_by(end, sql);
        Ok(())
    }

    fn set_due(&self, job: Job, due: Due, sql: &impl Sql) -> Result<(), Fault> {
        let Due { at, messages, failures } = due;
        let before = self.due(job, sql)?;
        let stored = match before {
            Some(before)
                if before.stored <= at && before.messages == messages && before.failures == failures =>
            {
                before.stored
            }
            _ => {
                let [at, messages, failures] = [at, messages.into(), failures.into()].map(SqlValue::Integer);
                let statement =
                    "INSERT OR REPLACE INTO agenda (job, due_at, messages, failures) VALUES (?, ?, ?, ?)";
                sql.exec(statement, &[job.as_str().into(), at, messages, failures])?;
                due.at
            }
        };
        if let Some(jobs) = self.jobs.borrow_mut().as_mut() {
            jobs.insert(job, DueTimes { now: at, stored, messages, failures });
        }
        Ok(())
    }

    /// True if a job that has begun with that `watch` was not planned again meanwhile.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn is_unchanged(&self, job: Job, watch: Millis, sql: &impl Sql) -> Result<bool, Fault> {
        let due = self.due(job, sql)?;
        Ok(matches!(due, Some(DueTimes { now, messages: 0, .. }) if now == watch))
    }

    /// Removes a job that has begun with that `watch`, unless it was planned again meanwhile.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn finish_begun(&self, job: Job, watch: Millis, sql: &impl Sql) -> Result<(), Fault> {
        if self.is_unchanged(job, watch, sql)? { self.finish(job, sql) } else { Ok(()) }
    }

    /// Removes a job that is done.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn finish(&self, job: Job, sql: &impl Sql) -> Result<(), Fault> {
        if self.due(job, sql)?.is_some() {
            sql.exec("DELETE FROM agenda WHERE job = ?", &[job.as_str().into()])?;
        }
        if let Some(jobs) = self.jobs.borrow_mut().as_mut() {
            jobs.remove(&job);
        }
        Ok(())
    }

    /// True if a job is due.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn is_due(&self, job: Job, now: Millis, sql: &impl Sql) -> Result<bool, Fault> {
        Ok(self.due(job, sql)?.is_some_and(|due| due.now <= now))
    }

    /// True if a job is planned, due or not.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn is_planned(&self, job: Job, sql: &impl Sql) -> Result<bool, Fault> {
        Ok(self.due(job, sql)?.is_some())
    }

    fn due(&self, job: Job, sql: &impl Sql) -> Result<Option<DueTimes>, Fault> {
        self.read(sql, |jobs| jobs.get(&job).copied())
    }

    /// Looks at the planned jobs, which are read from storage once.
    fn read<T>(&self, sql: &impl Sql, look: impl FnOnce(&BTreeMap<Job, DueTimes>) -> T) -> Result<T, Fault> {
        if let Some(jobs) = self.jobs.borrow().as_ref() {
            return Ok(look(jobs));
        }
        let stored: Vec<JobRow> = rows(sql, "SELECT job, due_at, messages, failures FROM agenda", &[])?;
        let due = |row: JobRow| {
            let JobRow { job, due_at, messages, failures } = row;
            (job, DueTimes { now: due_at, stored: due_at, messages, failures })
        };
        let jobs = stored.into_iter().map(due).collect();
        let seen = look(&jobs);
        self.jobs.replace(Some(jobs));
        Ok(seen)
    }

    /// Due time of the job that is due first, of those that wait.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn next_due(&self, waits: impl Fn(Job) -> bool, sql: &impl Sql) -> Result<Option<Millis>, Fault> {
        let due = |jobs: &BTreeMap<Job, DueTimes>| {
            jobs.iter().filter(|(job, _)| waits(**job)).map(|(_, due)| due.now).min()
        };
        self.read(sql, due)
    }
}
