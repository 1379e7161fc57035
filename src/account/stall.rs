//! Background work that its model refuses: tries and pauses, kept in the object. After a few refusals it stalls, which operators are told.

use serde::Deserialize;

use crate::backoff::background_pause;
use crate::error::{Code, Fault};
use crate::ports::{Sql, SqlValue};
use crate::storage::{row, rows};
use crate::time::Millis;

/// Table of the work that has failed: `asked` names the model that was asked, `failures` counts tries in a row.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS failed_work (work TEXT PRIMARY KEY, asked TEXT NOT NULL, failures INTEGER NOT NULL, retry_at INTEGER NOT NULL, is_stalled INTEGER NOT NULL);
";

/// Tries that are refused before work stalls.
const MAX_TRIES: u32 = 3;

/// The first pause of stalled work, in milliseconds. Each further refusal makes it four times as long.
const FIRST_STALL: Millis = 60 * 60 * 1000;

/// The longest pause of stalled work, in milliseconds.
const LONGEST_STALL: Millis = 24 * 60 * 60 * 1000;

/// Kinds of background work that ask a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Vectors of memories.
    Vectors,
    /// Extraction of facts.
    Facts,
    /// Summaries and titles of sessions.
    Summaries,
}

impl Work {
    /// Name in tables and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vectors => "vectors",
            Self::Facts => "facts",
            Self::Summaries => "summaries",
        }
    }
}

/// Work that has failed, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct FailedWork {
    asked: String,
    failures: u32,
    /// Time of the next try, in milliseconds since 1970.
    pub retry_at: Millis,
    is_stalled: u8,
}

impl FailedWork {
    /// The failures of a kind of work with a model. Those with another model do not count.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn of(work: Work, asked: &str, sql: &impl Sql) -> Result<Option<Self>, Fault> {
        let query = "SELECT asked, failures, retry_at, is_stalled FROM failed_work WHERE work = ?";
        let failed: Option<Self> = row(sql, query, &[work.as_str().into()])?;
        Ok(failed.map(|failed| {
            if failed.asked == asked { failed } else { Self { failures: 0, retry_at: 0, ..failed } }
        }))
    }

    /// True if operators were told that it stalls.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        self.is_stalled != 0
    }

    /// The state after one more failure. Only refusals let work stall: an outage ends by itself.
    #[must_use]
    pub fn and_again(self, asked: &str, code: Code, now: Millis, random: [u8; 16]) -> Self {
        let failures = self.failures.saturating_add(1);
        let is_refused = matches!(code, Code::ModelRejected | Code::ModelTruncated);
        let stalls = failures.checked_sub(MAX_TRIES).filter(|_| is_refused);
        let pause = match stalls {
            Some(further) => FIRST_STALL.saturating_mul(1 << (2 * further.min(8))).min(LONGEST_STALL),
            None => background_pause(code, failures, random),
        };
        let is_stalled = u8::from(stalls.is_some() || self.is_stalled());
        Self { asked: asked.to_owned(), failures, retry_at: now + pause, is_stalled }
    }

    /// Stores the state.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn store(&self, work: Work, sql: &impl Sql) -> Result<(), Fault> {
        let statement = "INSERT OR REPLACE INTO failed_work (work, asked, failures, retry_at, is_stalled) VALUES (?, ?, ?, ?, ?)";
        let numbers =
            [u64::from(self.failures), self.retry_at, self.is_stalled.into()].map(SqlValue::Integer);
        let [failures, retry_at, is_stalled] = numbers;
        sql.exec(
            statement,
            &[work.as_str().into(), self.asked.as_str().into(), failures, retry_at, is_stalled],
        )?;
        Ok(())
    }
}

/// Forgets the failures of work that succeeded.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn clear(work: Work, sql: &impl Sql) -> Result<(), Fault> {
    Ok(sql.exec("DELETE FROM failed_work WHERE work = ?", &[work.as_str().into()])?)
}

#[derive(Deserialize)]
struct RetryRow {
    retry_at: Millis,
}

/// Time of the first try of work that has failed, but for facts, which have a due time of their own.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn next_try(sql: &impl Sql) -> Result<Option<Millis>, Fault> {
    let query = "SELECT retry_at FROM failed_work WHERE work <> 'facts' ORDER BY retry_at LIMIT 1";
    let all: Vec<RetryRow> = rows(sql, query, &[])?;
    Ok(all.first().map(|row| row.retry_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(codes: &[Code]) -> Vec<(Millis, bool)> {
        let mut failed = FailedWork::default();
        let mut next = |code: &Code| {
            failed = std::mem::take(&mut failed).and_again("model", *code, 0, [0; 16]);
            (failed.retry_at, failed.is_stalled())
        };
        codes.iter().map(&mut next).collect()
    }

    #[test]
    fn work_that_is_refused_stalls_and_is_tried_ever_more_rarely() {
        let hour = FIRST_STALL;
        assert_eq!(
            pauses(&[Code::ModelRejected; 7]),
            [
                (2000, false),
                (8000, false),
                (hour, true),
                (4 * hour, true),
                (16 * hour, true),
                (LONGEST_STALL, true),
                (LONGEST_STALL, true),
            ]
        );
    }

    #[test]
    fn an_outage_is_no_stall() {
        assert!(
            pauses(&[Code::ModelUnavailable; 9])
                .iter()
                .all(|(pause, is_stalled)| *pause < FIRST_STALL && !is_stalled)
        );
    }
}
