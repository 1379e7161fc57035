//! Tokens and dollars that a user spends: reserved before a model is asked, settled once with the actual usage.
//!
//! Between the check and the reservation there is no `await`, so no two turns spend the same rest of a budget. A reservation lives
//! as long as its work does: an object that starts settles its predecessor's interrupted turns and releases the other reservations.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use super::UserCtx;
use crate::chat::limits::{Budget, UserLimits};
use crate::error::{Code, Error, Fault, abort_for};
use crate::limit::quota::{Cost, Exceeded, LedgerEntry, Scoped, check, day, until_tomorrow};
use crate::limit::status::BudgetStatus;
use crate::ports::{Clock, Platform, Sql, SqlValue};
use crate::storage::{row, rows};
use crate::time::Millis;

/// Days of the ledger that are kept: a turn may begin before midnight and be settled long after it.
const LEDGER_DAYS: u64 = 7;

/// Work that is about to be paid for, and the limits that hold for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReservationRequest {
    /// The most that it may take.
    pub entry: LedgerEntry,
    /// Limits of the user over all sessions.
    pub user: UserLimits,
    /// Limits of the user with this employee.
    pub employee: Budget,
}

/// Refusal of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitError {
    /// The day's budget does not suffice.
    Exceeded {
        /// Owner of the budget.
        budget: Exceeded,
        /// Seconds until the next day.
        wait: u64,
    },
    /// A budget is in dollars, and the model has no price.
    Unpriced,
    /// The storage refused; the cause is for the log.
    Storage(Fault),
}

impl From<Fault> for LimitError {
    fn from(fault: Fault) -> Self {
        Self::Storage(fault)
    }
}

impl LimitError {
    /// The fault of work that has begun already.
    #[must_use]
    pub fn into_fault(self, cause: &'static str) -> Fault {
        match self {
            Self::Exceeded { .. } => Fault::new(Code::BudgetExceeded, cause),
            Self::Unpriced => unpriced(),
            Self::Storage(fault) => fault,
        }
    }
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Exceeded { budget, wait } => {
                let whose = match budget {
                    Exceeded::User => "your budget for today",
                    Exceeded::Employee => "your budget for today with this employee",
                    Exceeded::Deployment => "the budget of this service for today",
                };
                let detail = format!("This message may take more than is left of {whose}.");
                abort_for(Code::BudgetExceeded, wait, detail)
            }
            LimitError::Unpriced => unpriced().into(),
            LimitError::Storage(fault) => fault.into(),
        }
    }
}

/// The fault for a model whose cost cannot be kept within a budget.
#[must_use]
pub fn unpriced() -> Fault {
    Fault::new(Code::UnpricedModel, "a budget is in dollars, and the model has no price")
}

#[derive(Deserialize)]
struct EntryRow {
    id: Uuid,
    day: u64,
    employee: String,
    tokens: u64,
    micro_usd: u64,
}

impl From<EntryRow> for LedgerEntry {
    fn from(EntryRow { id, day, employee, tokens, micro_usd }: EntryRow) -> Self {
        Self { id, employee, day, cost: Cost { tokens, micro_usd } }
    }
}

#[derive(Deserialize)]
struct SpentRow {
    employee: String,
    tokens: u64,
    micro_usd: u64,
}

impl<P: Platform> UserCtx<'_, P> {
    /// Reserves the most that work may use, in place of an earlier reservation of the same id.
    ///
    /// # Errors
    /// [`LimitError`]: then nothing is reserved.
    pub fn reserve(&self, request: &ReservationRequest) -> Result<BudgetStatus, LimitError> {
        let ReservationRequest { entry, user, employee } = request;
        let spent = spent(&self.ports.sql, entry)?;
        let wait = || until_tomorrow(self.ports.clock.now());
        let budgets = Scoped { user: &user.budget, employee };
        check(entry.cost, spent, budgets).map_err(|budget| LimitError::Exceeded { budget, wait: wait() })?;
        let replace =
            "DO UPDATE SET employee = excluded.employee, tokens = excluded.tokens, micro_usd = excluded.micro_usd
             WHERE is_reserved = 1";
        write(&self.ports.sql, entry, true, replace)?;
        let spent = Scoped { user: spent.user.plus(entry.cost), employee: spent.employee.plus(entry.cost) };
        Ok(BudgetStatus::of(budgets, spent, self.ports.clock.now()))
    }
}

/// Checks that a reservation is still within the budgets, beside what was booked since. Without a reservation nothing is checked.
///
/// # Errors
/// [`LimitError`].
pub fn recheck<P: Platform>(
    ctx: &UserCtx<'_, P>,
    id: Uuid,
    budgets: Scoped<&Budget>,
) -> Result<(), LimitError> {
    let query = "SELECT id, day, employee, tokens, micro_usd FROM ledger WHERE id = ? AND is_reserved = 1";
    let id = id.to_string();
    let reserved: Option<EntryRow> = row(&ctx.ports.sql, query, &[(&id).into()])?;
    let Some(entry) = reserved.map(LedgerEntry::from) else { return Ok(()) };
    let wait = until_tomorrow(ctx.ports.clock.now());
    check(entry.cost, spent(&ctx.ports.sql, &entry)?, budgets)
        .map_err(|budget| LimitError::Exceeded { budget, wait })
}

/// Costs of an entry's day besides the entry itself: settled and reserved.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn spent(sql: &impl Sql, entry: &LedgerEntry) -> Result<Scoped<Cost>, Fault> {
    let by_employee = spent_without(sql, entry.day, entry.id)?;
    let user = by_employee.values().copied().sum();
    let employee = by_employee.get(&entry.employee).copied().unwrap_or_default();
    Ok(Scoped { user, employee })
}

/// Costs of a day by employee: settled and reserved.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn spent_by_employee(sql: &impl Sql, day: u64) -> Result<BTreeMap<String, Cost>, Fault> {
    // No entry has the nil UUID.
    spent_without(sql, day, Uuid::nil())
}

/// Costs of a day by employee, without one entry.
fn spent_without(sql: &impl Sql, day: u64, entry: Uuid) -> Result<BTreeMap<String, Cost>, Fault> {
    let query = "SELECT employee, sum(tokens) AS tokens, sum(micro_usd) AS micro_usd FROM ledger
                 WHERE day = ? AND id <> ? GROUP BY employee";
    let entry = entry.to_string();
    let spent: Vec<SpentRow> = rows(sql, query, &[day.into(), (&entry).into()])?;
    let cost = |row: SpentRow| (row.employee, Cost { tokens: row.tokens, micro_usd: row.micro_usd });
    Ok(spent.into_iter().map(cost).collect())
}

/// Deletes days older than `LEDGER_DAYS`.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn delete_old(sql: &impl Sql, now: Millis) -> Result<(), Fault> {
    Ok(sql.exec("DELETE FROM ledger WHERE day < ?", &[day(now).saturating_sub(LEDGER_DAYS).into()])?)
}

/// Writes the actual usage of work, once.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn settle(sql: &impl Sql, entry: &LedgerEntry) -> Result<(), Fault> {
    let replace = "DO UPDATE SET employee = excluded.employee, tokens = excluded.tokens, micro_usd = excluded.micro_usd,
                                 is_reserved = 0
                   WHERE is_reserved = 1";
    write(sql, entry, false, replace)
}

/// Releases a reservation for work that never began.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn release(sql: &impl Sql, id: Uuid) -> Result<(), Fault> {
    let id = id.to_string();
    Ok(sql.exec("DELETE FROM ledger WHERE id = ? AND is_reserved = 1", &[(&id).into()])?)
}

/// Releases every reservation. To be called once, in an object that starts, after interrupted turns were settled: no work that
/// could settle the others is left.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn release_all(sql: &impl Sql) -> Result<(), Fault> {
    Ok(sql.exec("DELETE FROM ledger WHERE is_reserved = 1", &[])?)
}

/// Settles every reservation at the most that it may have taken: its work was canceled, and its usage is not known.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn settle_all(sql: &impl Sql) -> Result<(), Fault> {
    Ok(sql.exec("UPDATE ledger SET is_reserved = 0 WHERE is_reserved = 1", &[])?)
}

/// All entries, each as if it were settled.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn entries(sql: &impl Sql) -> Result<Vec<LedgerEntry>, Fault> {
    let stored: Vec<EntryRow> = rows(sql, "SELECT id, day, employee, tokens, micro_usd FROM ledger", &[])?;
    Ok(stored.into_iter().map(LedgerEntry::from).collect())
}

/// Writes settled entries into a ledger that lost them.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn restore(sql: &impl Sql, entries: &[LedgerEntry]) -> Result<(), Fault> {
    let statement =
        "REPLACE INTO ledger (id, day, employee, tokens, micro_usd, is_reserved) VALUES (?, ?, ?, ?, ?, 0)";
    for LedgerEntry { id, employee, day, cost } in entries {
        let id = id.to_string();
        let Cost { tokens, micro_usd } = *cost;
        let values = [(&id).into(), (*day).into(), employee.into(), tokens.into(), micro_usd.into()];
        sql.exec(statement, &values)?;
    }
    Ok(())
}

fn write(sql: &impl Sql, entry: &LedgerEntry, is_reserved: bool, on_conflict: &str) -> Result<(), Fault> {
    let statement = format!(
        "INSERT INTO ledger (id, day, employee, tokens, micro_usd, is_reserved) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) {on_conflict}"
    );
    let LedgerEntry { id, employee, day, cost } = entry;
    let id = id.to_string();
    let values = [
        SqlValue::Text(&id),
        (*day).into(),
        employee.into(),
        cost.tokens.into(),
        cost.micro_usd.into(),
        u64::from(is_reserved).into(),
    ];
    Ok(sql.exec(&statement, &values)?)
}
