//! Data that a user brings: bytes and files of a day, and the numbers of values and memories. Each has a limit, whatever it costs no model.

use serde::{Deserialize, Serialize};

use super::UserCtx;
use crate::config::StorageLimits;
use crate::error::{Abort, Code, Error, Fault};
use crate::limit::quota::{day, until_tomorrow};
use crate::ports::{Clock, Platform, Sql};
use crate::storage::{row, rows};

/// Table of what was taken in, by day.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS intake (day INTEGER NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (day, kind)) WITHOUT ROWID;
";

/// Kind of data with a limit of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// Bytes that are imported or uploaded.
    Bytes,
    /// Files that tools export.
    Exports,
}

impl Intake {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Exports => "exports",
        }
    }

    fn limit(self, limits: &StorageLimits) -> u64 {
        match self {
            Self::Bytes => limits.daily_bytes,
            Self::Exports => limits.daily_exports.into(),
        }
    }
}

/// Intake of one kind on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyIntake {
    day: u64,
    kind: String,
    amount: u64,
}

#[derive(Deserialize)]
struct AmountRow {
    amount: u64,
}

impl<P: Platform> UserCtx<'_, P> {
    /// Counts data against the limit of its day, before it is stored.
    ///
    /// # Errors
    /// `upload_limit`, which names `field`; then nothing is counted. `internal`, when the storage refuses.
    pub fn take_in(&self, kind: Intake, amount: u64, field: &'static str) -> Result<(), Error> {
        let (sql, now) = (&self.ports.sql, self.ports.clock.now());
        let (today, name) = (day(now), kind.as_str());
        let query = "SELECT amount FROM intake WHERE day = ? AND kind = ?";
        let taken: Option<AmountRow> = row(sql, query, &[today.into(), name.into()])?;
        let all = taken.map_or(0, |row| row.amount).saturating_add(amount);
        let limit = kind.limit(&self.config.storage);
        if all > limit {
            return Err(refusal(kind, limit, field, until_tomorrow(now)));
        }
        Ok(store(sql, &DailyIntake { day: today, kind: name.to_owned(), amount: all })?)
    }

    /// Refuses more memories than a user may have.
    ///
    /// # Errors
    /// `too_much_stored`, which names `field`; `internal`, when the storage refuses.
    pub fn check_memories(&self, field: &'static str) -> Result<(), Error> {
        let limit = self.config.storage.memories;
        let count: Option<AmountRow> = row(&self.ports.sql, "SELECT count(*) AS amount FROM memory", &[])?;
        if count.is_some_and(|count| count.amount < limit.into()) {
            return Ok(());
        }
        let detail = format!("You may have {limit} memories. Delete documents or sessions first.");
        Err(too_much(detail, field))
    }
}

fn too_much(detail: String, field: &'static str) -> Error {
    Abort { code: Code::TooMuchStored, detail, field: Some(field), retry_after: None }.into()
}

fn refusal(kind: Intake, limit: u64, field: &'static str, wait: u64) -> Error {
    let detail = match kind {
        Intake::Bytes => format!("You may import and upload {} MiB a day.", limit >> 20),
        Intake::Exports => format!("You may have {limit} files made a day."),
    };
    Abort { code: Code::UploadLimit, detail, field: Some(field), retry_after: Some(wait) }.into()
}

/// All intake that is counted.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn all(sql: &impl Sql) -> Result<Vec<DailyIntake>, Fault> {
    rows(sql, "SELECT day, kind, amount FROM intake", &[])
}

/// Counts intake again in an object that lost it: erasing gives no limit back.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn restore(sql: &impl Sql, taken: &[DailyIntake]) -> Result<(), Fault> {
    taken.iter().try_for_each(|taken| store(sql, taken))
}

/// Stores the intake of a day, and deletes that of days before it.
fn store(sql: &impl Sql, taken: &DailyIntake) -> Result<(), Fault> {
    let DailyIntake { day, kind, amount } = taken;
    sql.exec("DELETE FROM intake WHERE day < ?", &[(*day).into()])?;
    let statement = "REPLACE INTO intake (day, kind, amount) VALUES (?, ?, ?)";
    Ok(sql.exec(statement, &[(*day).into(), kind.into(), (*amount).into()])?)
}
