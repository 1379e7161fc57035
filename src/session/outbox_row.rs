//! Records in the outbox as rows: a record that is longer than a row may be goes on in `outbox_part`.

use serde::Deserialize;
use uuid::Uuid;

use super::record::TurnRecord;
use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::{from_json, rows, to_json};

/// Tables of the outbox, created on first use.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL, record TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER NOT NULL DEFAULT 0, parked_at INTEGER);
    CREATE INDEX IF NOT EXISTS outbox_session ON outbox (session_id, position);
    CREATE TABLE IF NOT EXISTS outbox_part (turn_id TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (turn_id, part));
";

/// Most bytes of a record in one row. A row may have 2 MB (<https://developers.cloudflare.com/durable-objects/platform/limits/>).
const ROW_BYTES: usize = 1_000_000;

/// A row of the outbox.
#[derive(Deserialize)]
pub(super) struct OutboxRow {
    turn_id: Uuid,
    record: String,
    #[serde(default)]
    pub(super) attempts: u32,
}

#[derive(Deserialize)]
struct PartRow {
    text: String,
}

impl OutboxRow {
    /// Reads the record with its parts.
    pub(super) fn record(&self, sql: &impl Sql) -> Result<TurnRecord, Fault> {
        // The last character before the limit has up to four bytes.
        if self.record.len() + 4 <= ROW_BYTES {
            return from_json(&self.record, "outbox");
        }
        let turn = self.turn_id.to_string();
        let query = "SELECT text FROM outbox_part WHERE turn_id = ? ORDER BY part";
        let parts: Vec<PartRow> = rows(sql, query, &[(&turn).into()])?;
        let whole: String = std::iter::once(self.record.as_str())
            .chain(parts.iter().map(|part| part.text.as_str()))
            .collect();
        from_json(&whole, "outbox")
    }
}

/// Stores a record. The row itself comes last: a record is whole or absent.
pub(super) fn insert(sql: &impl Sql, session: &str, record: &TurnRecord) -> Result<(), Fault> {
    let (turn, json) = (record.turn_id.to_string(), to_json(record)?);
    let (first, mut rest) = json.split_at(json.floor_char_boundary(ROW_BYTES));
    let mut part = 0_u32;
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.floor_char_boundary(ROW_BYTES));
        let values = [SqlValue::Text(&turn), part.into(), text.into()];
        sql.exec("INSERT OR REPLACE INTO outbox_part (turn_id, part, text) VALUES (?, ?, ?)", &values)?;
        (part, rest) = (part + 1, after);
    }
    let values = [SqlValue::Text(&turn), session.into(), first.into()];
    Ok(sql.exec("INSERT INTO outbox (turn_id, session_id, record) VALUES (?, ?, ?)", &values)?)
}

/// Replaces a record by a shorter one of the same turn, which keeps its place.
pub(super) fn replace(sql: &impl Sql, record: &TurnRecord) -> Result<(), Fault> {
    let (turn, json) = (record.turn_id.to_string(), to_json(record)?);
    sql.exec("UPDATE outbox SET record = ? WHERE turn_id = ?", &[(&json).into(), (&turn).into()])?;
    Ok(sql.exec("DELETE FROM outbox_part WHERE turn_id = ?", &[(&turn).into()])?)
}

/// Deletes a record with its parts.
pub(super) fn delete(sql: &impl Sql, turn: Uuid) -> Result<(), Fault> {
    let turn = turn.to_string();
    sql.exec("DELETE FROM outbox WHERE turn_id = ?", &[(&turn).into()])?;
    Ok(sql.exec("DELETE FROM outbox_part WHERE turn_id = ?", &[(&turn).into()])?)
}
