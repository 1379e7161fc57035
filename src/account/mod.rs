//! The state of one user that every turn needs: the vault of personal values, the ledger of spending, rate limits, and the
//! object's agenda. All of it lies in the user's object, so that no call of another object is needed.

pub mod agenda;
pub mod ceiling;
pub mod ctx;
pub mod erasure;
pub mod intake;
pub mod ledger;
pub mod lost_attempts;
mod masking;
pub mod paid_call;
pub mod plain_values;
pub mod rate;
pub mod recognizer;
pub mod stall;
pub mod terms;
pub mod vault;
mod vault_room;
pub mod vault_state;

use serde::Deserialize;
use uuid::Uuid;

pub use self::ctx::{Account, UserCtx};
use crate::error::Fault;
use crate::ports::Sql;
use crate::storage::row;

/// Tables of the account, created on first use. `owner` and `vault_key` have at most one row; `undelivered` is 1 until Postgres has the row. A
/// ledger row is a reservation until it is settled. `messages` counts those that wait for the job, `failures` its failed tries in a row.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), user_id TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS vault_key (id INTEGER PRIMARY KEY CHECK (id = 1), key TEXT NOT NULL, undelivered INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS vault_entry (placeholder TEXT PRIMARY KEY, entry TEXT NOT NULL, undelivered INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS vault_entry_undelivered ON vault_entry (undelivered) WHERE undelivered = 1;
    CREATE TABLE IF NOT EXISTS ledger (id TEXT PRIMARY KEY, day INTEGER NOT NULL, employee TEXT NOT NULL, tokens INTEGER NOT NULL, micro_usd INTEGER NOT NULL, is_reserved INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS ledger_day ON ledger (day);
    CREATE TABLE IF NOT EXISTS paid_call (id TEXT PRIMARY KEY, call TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS unsaved_output (id TEXT PRIMARY KEY, call TEXT NOT NULL, arguments TEXT NOT NULL, timeouts INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS agenda (job TEXT PRIMARY KEY, due_at INTEGER NOT NULL, messages INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0);
";

/// Creates the account's tables where they are missing.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn create_tables(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec(SCHEMA, &[])?;
    sql.exec(stall::SCHEMA, &[])?;
    sql.exec(intake::SCHEMA, &[])?;
    Ok(sql.exec(erasure::SCHEMA, &[])?)
}

#[derive(Deserialize)]
struct OwnerRow {
    user_id: Uuid,
}

/// The user that this object belongs to; `None` in an object that never stored anything. Erasing keeps the row: a turn in
/// delivery is still sent, and refused.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn owner(sql: &impl Sql) -> Result<Option<Uuid>, Fault> {
    let owner: Option<OwnerRow> = row(sql, "SELECT user_id FROM owner", &[])?;
    Ok(owner.map(|row| row.user_id))
}

/// Stores the user that this object belongs to.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn set_owner(sql: &impl Sql, user: Uuid) -> Result<(), Fault> {
    let user = user.to_string();
    Ok(sql.exec("INSERT OR IGNORE INTO owner (id, user_id) VALUES (1, ?)", &[(&user).into()])?)
}
