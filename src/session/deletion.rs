//! Deletion of a session, as the object's SQLite has it: recorded first, and complete when its row is gone.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

use super::outbox_row;
use super::store::SessionStore;
use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::{from_json, row, rows, to_json};
use crate::time::Millis;

/// A deletion that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Moment of the request. Every attempt names it, so that Postgres carries it out once.
    pub requested_at: Millis,
    /// Files of turns that Postgres may lack.
    pub files: BTreeSet<Uuid>,
    /// True if Postgres may lack a turn of the session.
    pub has_undelivered: bool,
}

#[derive(Deserialize)]
struct DeletionRow {
    requested_at: Millis,
    files: String,
}

#[derive(Deserialize)]
struct SessionRow {
    session_id: Uuid,
}

/// Records the request to delete a session. While a deletion is under way, the moment of the first request stays.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn request(sql: &impl Sql, session: Uuid, now: Millis) -> Result<(), Fault> {
    let session = session.to_string();
    let statement =
        "INSERT OR IGNORE INTO session_deletion (session_id, requested_at, files) VALUES (?, ?, '[]')";
    Ok(sql.exec(statement, &[(&session).into(), now.into()])?)
}

/// Moment of the request to delete a session; `None` when it is not being deleted.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn requested_at(sql: &impl Sql, session: Uuid) -> Result<Option<Millis>, Fault> {
    Ok(stored(sql, session)?.map(|deletion| deletion.requested_at))
}

/// Sessions that are being deleted.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn sessions(sql: &impl Sql) -> Result<Vec<Uuid>, Fault> {
    let found: Vec<SessionRow> = rows(sql, "SELECT session_id FROM session_deletion", &[])?;
    Ok(found.into_iter().map(|row| row.session_id).collect())
}

/// Prepares the deletion of a session of which no turn is in flight: the files of its undelivered turns are noted, since their
/// records may be delivered, and with that be gone, before the bucket has deleted them. `None` when nothing is to be done.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn prepare(sql: &impl Sql, session: Uuid) -> Result<Option<Deletion>, Fault> {
    let Some(DeletionRow { requested_at, files }) = stored(sql, session)? else { return Ok(None) };
    let undelivered = SessionStore::new(sql, session).undelivered(u32::MAX)?;
    let mut files: BTreeSet<Uuid> = from_json(&files, "session_deletion.files")?;
    files.extend(undelivered.iter().flat_map(|turn| &turn.record.files).map(|file| file.id));
    let (id, json) = (session.to_string(), to_json(&files)?);
    let statement = "UPDATE session_deletion SET files = ? WHERE session_id = ?";
    sql.exec(statement, &[(&json).into(), (&id).into()])?;
    Ok(Some(Deletion { requested_at, files, has_undelivered: !undelivered.is_empty() }))
}

/// Deletes the rows of a session, and ends its deletion. Of undelivered turns, cost and facts stay in the outbox.
///
/// # Errors
/// `internal`, when the storage refuses: the deletion is to be tried again.
pub fn complete(sql: &impl Sql, session: Uuid) -> Result<(), Fault> {
    for mut turn in SessionStore::new(sql, session).undelivered(u32::MAX)? {
        turn.record.strip();
        outbox_row::replace(sql, &turn.record)?;
    }
    let session = session.to_string();
    let logs = "(SELECT turn_id FROM turn_log WHERE session_id = ?)";
    for statement in [
        &format!("DELETE FROM turn_log_events WHERE turn_id IN {logs}"),
        "DELETE FROM turn_log WHERE session_id = ?",
        "DELETE FROM pending_approval WHERE session_id = ?",
        "DELETE FROM session_snapshot WHERE session_id = ?",
        "DELETE FROM session_deletion WHERE session_id = ?",
    ] {
        sql.exec(statement, &[(&session).into()])?;
    }
    Ok(())
}

fn stored(sql: &impl Sql, session: Uuid) -> Result<Option<DeletionRow>, Fault> {
    let session = session.to_string();
    let query = "SELECT requested_at, files FROM session_deletion WHERE session_id = ?";
    row(sql, query, &[SqlValue::Text(&session)])
}
