//! SQL of the sessions in the object's SQLite.
//!
//! Calls without an `await` between them become durable together, before anything that the object sends afterwards.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::approval::PendingApproval;
use super::cache::SessionCache;
use super::in_flight::InFlightTurn;
use super::log::{KEPT_FOR, TurnLog};
use super::outbox_row::{self, OutboxRow};
use super::record::TurnRecord;
use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::{from_json, row, rows, to_json};
use crate::stream::turn_event::{TurnEnding, TurnEvent, TurnHead};
use crate::time::Millis;

/// Tables of the sessions, created on first use. A session has at most one row in `in_flight_turn`, `pending_approval`,
/// `session_snapshot` and `session_deletion`, whose `files` are ids of files that may be in the bucket.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS in_flight_turn (session_id TEXT PRIMARY KEY, turn TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS turn_log (turn_id TEXT PRIMARY KEY, session_id TEXT NOT NULL, client_message_id TEXT, head TEXT NOT NULL, ending TEXT, ended_at INTEGER);
    CREATE INDEX IF NOT EXISTS turn_log_client_message ON turn_log (session_id, client_message_id) WHERE client_message_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS turn_log_ended ON turn_log (ended_at) WHERE ended_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS turn_log_events (position INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL, events TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS turn_log_events_turn ON turn_log_events (turn_id, position);
    CREATE TABLE IF NOT EXISTS pending_approval (session_id TEXT PRIMARY KEY, answer TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS session_snapshot (session_id TEXT PRIMARY KEY, snapshot TEXT NOT NULL, saved_at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS session_snapshot_saved ON session_snapshot (saved_at);
    CREATE TABLE IF NOT EXISTS session_deletion (session_id TEXT PRIMARY KEY, requested_at INTEGER NOT NULL, files TEXT NOT NULL);
";

/// Snapshots that are kept: the sessions that were used last can go on while Postgres is away.
const MAX_SNAPSHOTS: u32 = 500;

/// Creates the sessions' tables where they are missing.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn create_tables(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec(SCHEMA, &[])?;
    Ok(sql.exec(outbox_row::SCHEMA, &[])?)
}

#[derive(Deserialize)]
struct JsonRow {
    json: String,
}

#[derive(Deserialize)]
struct LogRow {
    head: String,
    ending: Option<String>,
}

#[derive(Deserialize)]
struct TurnIdRow {
    turn_id: Uuid,
}

#[derive(Deserialize)]
struct SessionRow {
    session_id: Uuid,
}

#[derive(Deserialize)]
struct TimeRow {
    at: Option<Millis>,
}

/// A record that Postgres does not have yet.
#[derive(Clone, Debug, PartialEq)]
pub struct UndeliveredTurn {
    /// Record to be delivered.
    pub record: TurnRecord,
    /// Deliveries that failed.
    pub attempts: u32,
}

/// Rows of one session.
#[derive(Debug)]
pub struct SessionStore<'a, S> {
    sql: &'a S,
    session: Uuid,
}

// Written by hand: a derive would ask the same of `S`.
impl<S> Clone for SessionStore<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for SessionStore<'_, S> {}

impl<'a, S: Sql> SessionStore<'a, S> {
    /// The rows of a session.
    pub const fn new(sql: &'a S, session: Uuid) -> Self {
        Self { sql, session }
    }

    /// The database that the rows are in.
    #[must_use]
    pub const fn sql(&self) -> &'a S {
        self.sql
    }

    /// Stores a turn that is about to be answered, begins its log, and withdraws an approval that was pending. From here on the
    /// message is durable.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then nothing may be answered.
    pub fn open_turn(&self, turn: &InFlightTurn, head: &TurnHead) -> Result<(), Fault> {
        let (session, id) = (self.session.to_string(), head.turn_id.to_string());
        let (turn, json) = (to_json(turn)?, to_json(head)?);
        let name = head.client_message_id.as_ref();
        let values = [SqlValue::Text(&id), (&session).into(), name.into(), (&json).into()];
        let statement =
            "INSERT INTO turn_log (turn_id, session_id, client_message_id, head) VALUES (?, ?, ?, ?)";
        self.sql.exec(statement, &values)?;
        self.sql.exec("DELETE FROM pending_approval WHERE session_id = ?", &[(&session).into()])?;
        // Last: a session with this row takes no other turn.
        let values = [(&session).into(), (&turn).into()];
        Ok(self.sql.exec("INSERT INTO in_flight_turn (session_id, turn) VALUES (?, ?)", &values)?)
    }

    /// Stores a turn of which the usage alone is kept. It has no log.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then nothing may be answered.
    pub fn open_usage_only(&self, turn: &InFlightTurn) -> Result<(), Fault> {
        let (session, turn) = (self.session.to_string(), to_json(turn)?);
        let values = [(&session).into(), (&turn).into()];
        Ok(self.sql.exec("INSERT INTO in_flight_turn (session_id, turn) VALUES (?, ?)", &values)?)
    }

    /// Stores new facts about the turn in flight.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn update_turn(&self, turn: &InFlightTurn) -> Result<(), Fault> {
        let (session, turn) = (self.session.to_string(), to_json(turn)?);
        let values = [(&turn).into(), (&session).into()];
        Ok(self.sql.exec("UPDATE in_flight_turn SET turn = ? WHERE session_id = ?", &values)?)
    }

    /// Appends events to the log of a turn.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn append_events(&self, turn: Uuid, events: &[TurnEvent]) -> Result<(), Fault> {
        let (turn, events) = (turn.to_string(), to_json(&events)?);
        let values = [(&turn).into(), (&events).into()];
        Ok(self.sql.exec("INSERT INTO turn_log_events (turn_id, events) VALUES (?, ?)", &values)?)
    }

    /// Ends the turn in flight and its log, and puts its record into the outbox.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then the turn stays in flight.
    pub fn close_turn(&self, record: &TurnRecord, ending: &TurnEnding, now: Millis) -> Result<(), Fault> {
        let (session, turn) = (self.session.to_string(), record.turn_id.to_string());
        let ending = to_json(ending)?;
        outbox_row::insert(self.sql, &session, record)?;
        let values = [SqlValue::Text(&ending), now.into(), (&turn).into()];
        self.sql.exec("UPDATE turn_log SET ending = ?, ended_at = ? WHERE turn_id = ?", &values)?;
        let values = [SqlValue::Text(&session)];
        Ok(self.sql.exec("DELETE FROM in_flight_turn WHERE session_id = ?", &values)?)
    }

    /// The turn in flight, if there is one.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn turn_in_flight(&self) -> Result<Option<InFlightTurn>, Fault> {
        self.json("SELECT turn AS json FROM in_flight_turn WHERE session_id = ?", "in_flight_turn")
    }

    /// Deletes a turn in flight that cannot be read, and ends its log.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn discard_turn(&self, now: Millis) -> Result<(), Fault> {
        let session = self.session.to_string();
        let statement = "UPDATE turn_log SET ended_at = ? WHERE session_id = ? AND ended_at IS NULL";
        self.sql.exec(statement, &[now.into(), (&session).into()])?;
        Ok(self.sql.exec("DELETE FROM in_flight_turn WHERE session_id = ?", &[(&session).into()])?)
    }

    /// The turn of a message with that client-given id, as long as its log is kept.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn turn_of(&self, client_message_id: &str) -> Result<Option<Uuid>, Fault> {
        let session = self.session.to_string();
        let query = "SELECT turn_id FROM turn_log WHERE session_id = ? AND client_message_id = ?";
        let found: Option<TurnIdRow> = row(self.sql, query, &[(&session).into(), client_message_id.into()])?;
        Ok(found.map(|row| row.turn_id))
    }

    /// The log of a turn of this session that is in flight or ended less than [`KEPT_FOR`] ago.
    ///
    /// # Errors
    /// `internal`, when the storage refuses or a row cannot be read.
    pub fn log(&self, turn: Uuid) -> Result<Option<TurnLog>, Fault> {
        let (session, turn) = (self.session.to_string(), turn.to_string());
        let query = "SELECT head, ending FROM turn_log WHERE turn_id = ? AND session_id = ?";
        let Some(log) = row::<LogRow>(self.sql, query, &[(&turn).into(), (&session).into()])? else {
            return Ok(None);
        };
        let query = "SELECT events AS json FROM turn_log_events WHERE turn_id = ? ORDER BY position";
        let batches: Vec<JsonRow> = rows(self.sql, query, &[(&turn).into()])?;
        let mut events = Vec::new();
        for batch in &batches {
            events.extend(from_json::<Vec<TurnEvent>>(&batch.json, "turn_log_events")?);
        }
        let ending = log.ending.as_deref().map(|ending| from_json(ending, "turn_log.ending")).transpose()?;
        let head = from_json(&log.head, "turn_log.head")?;
        Ok(Some(TurnLog { head, events, ending, has_begun: true }))
    }

    /// Stores an answer that waits for its user, until another turn begins.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn save_approval(&self, pending: &PendingApproval) -> Result<(), Fault> {
        let (session, answer) = (self.session.to_string(), to_json(pending)?);
        let statement = "INSERT OR REPLACE INTO pending_approval (session_id, answer) VALUES (?, ?)";
        Ok(self.sql.exec(statement, &[(&session).into(), (&answer).into()])?)
    }

    /// The answer that waits for its user, if there is one.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn approval(&self) -> Result<Option<PendingApproval>, Fault> {
        self.json("SELECT answer AS json FROM pending_approval WHERE session_id = ?", "pending_approval")
    }

    /// Stores a copy of the cache for times when Postgres is out of reach.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn save_snapshot(&self, cache: &SessionCache, now: Millis) -> Result<(), Fault> {
        let (session, snapshot) = (self.session.to_string(), to_json(cache)?);
        let statement =
            "INSERT OR REPLACE INTO session_snapshot (session_id, snapshot, saved_at) VALUES (?, ?, ?)";
        Ok(self.sql.exec(statement, &[(&session).into(), (&snapshot).into(), now.into()])?)
    }

    /// The copy of the cache. One that cannot be read is as good as none.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn snapshot(&self) -> Result<Option<SessionCache>, Fault> {
        let session = self.session.to_string();
        let query = "SELECT snapshot AS json FROM session_snapshot WHERE session_id = ?";
        let found: Option<JsonRow> = row(self.sql, query, &[(&session).into()])?;
        Ok(found.and_then(|row| from_json(&row.json, "session_snapshot").ok()))
    }

    /// Records that Postgres does not have, oldest first, at most `limit`.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn undelivered(&self, limit: u32) -> Result<Vec<UndeliveredTurn>, Fault> {
        let query =
            "SELECT turn_id, record, attempts FROM outbox WHERE session_id = ? ORDER BY position LIMIT ?";
        self.outbox_rows(query, limit.into())
    }

    /// The record that is delivered next: the oldest that is not parked, if it is due.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn next_delivery(&self, now: Millis) -> Result<Option<UndeliveredTurn>, Fault> {
        let query = "SELECT turn_id, record, attempts FROM (
                         SELECT turn_id, record, attempts, retry_at FROM outbox
                         WHERE session_id = ? AND parked_at IS NULL ORDER BY position LIMIT 1
                     ) WHERE retry_at <= ?";
        Ok(self.outbox_rows(query, now.into())?.pop())
    }

    /// Parked records that are older than that of a turn, oldest first.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn parked_before(&self, turn: Uuid) -> Result<Vec<UndeliveredTurn>, Fault> {
        let query =
            "SELECT turn_id, record, attempts FROM outbox WHERE session_id = ? AND parked_at IS NOT NULL
                     AND position < (SELECT position FROM outbox WHERE turn_id = ?) ORDER BY position";
        let turn = turn.to_string();
        self.outbox_rows(query, (&turn).into())
    }

    fn outbox_rows(&self, query: &str, bound: SqlValue<'_>) -> Result<Vec<UndeliveredTurn>, Fault> {
        let session = self.session.to_string();
        let found: Vec<OutboxRow> = rows(self.sql, query, &[(&session).into(), bound])?;
        let read =
            |row: OutboxRow| Ok(UndeliveredTurn { record: row.record(self.sql)?, attempts: row.attempts });
        found.into_iter().map(read).collect()
    }

    fn json<T: DeserializeOwned>(&self, query: &str, column: &str) -> Result<Option<T>, Fault> {
        let session = self.session.to_string();
        let found: Option<JsonRow> = row(self.sql, query, &[(&session).into()])?;
        found.map(|row| from_json(&row.json, column)).transpose()
    }
}

/// Deletes a record that Postgres has.
///
/// # Errors
/// `internal`, when the storage refuses: then it is delivered again.
pub fn mark_delivered(sql: &impl Sql, turn: Uuid) -> Result<(), Fault> {
    outbox_row::delete(sql, turn)
}

/// Counts a failed delivery, and puts the next one off.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn postpone(sql: &impl Sql, turn: Uuid, retry_at: Millis) -> Result<(), Fault> {
    let turn = turn.to_string();
    let statement = "UPDATE outbox SET attempts = attempts + 1, retry_at = ? WHERE turn_id = ?";
    Ok(sql.exec(statement, &[retry_at.into(), (&turn).into()])?)
}

/// Records of all sessions that Postgres does not have, oldest first.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn undelivered(sql: &impl Sql) -> Result<Vec<TurnRecord>, Fault> {
    let found: Vec<OutboxRow> = rows(sql, "SELECT turn_id, record FROM outbox ORDER BY position", &[])?;
    found.iter().map(|row| row.record(sql)).collect()
}

/// True if Postgres lacks a turn, or may lack it.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn has_undelivered(sql: &impl Sql) -> Result<bool, Fault> {
    let found: Option<TurnIdRow> = row(sql, "SELECT turn_id FROM outbox LIMIT 1", &[])?;
    Ok(found.is_some())
}

/// Parks a record that Postgres refuses, so that the session's later ones go first.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn park(sql: &impl Sql, turn: Uuid, now: Millis) -> Result<(), Fault> {
    let turn = turn.to_string();
    let statement = "UPDATE outbox SET parked_at = ? WHERE turn_id = ?";
    Ok(sql.exec(statement, &[now.into(), (&turn).into()])?)
}

/// Puts records back that were parked up to a moment.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn unpark(sql: &impl Sql, parked_until: Millis) -> Result<(), Fault> {
    let statement = "UPDATE outbox SET parked_at = NULL, retry_at = 0 WHERE parked_at <= ?";
    Ok(sql.exec(statement, &[parked_until.into()])?)
}

/// Sessions with a record to deliver, in the order of their oldest one, at most `limit`.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn sessions_to_deliver(sql: &impl Sql, now: Millis, limit: u32) -> Result<Vec<Uuid>, Fault> {
    let query = "SELECT session_id FROM outbox AS first
                 WHERE parked_at IS NULL AND retry_at <= ? AND NOT EXISTS (
                     SELECT 1 FROM outbox AS earlier WHERE earlier.session_id = first.session_id
                         AND earlier.position < first.position AND earlier.parked_at IS NULL)
                 ORDER BY position LIMIT ?";
    let found: Vec<SessionRow> = rows(sql, query, &[now.into(), limit.into()])?;
    Ok(found.into_iter().map(|row| row.session_id).collect())
}

/// Sessions with a turn in flight.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn sessions_in_flight(sql: &impl Sql) -> Result<Vec<Uuid>, Fault> {
    let found: Vec<SessionRow> = rows(sql, "SELECT session_id FROM in_flight_turn", &[])?;
    Ok(found.into_iter().map(|row| row.session_id).collect())
}

/// Earliest moment at which the rows of any session need work: a record to retry, a parked one, or a log to delete.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn next_due(sql: &impl Sql, parked_for: Millis) -> Result<Option<Millis>, Fault> {
    let query = "SELECT min(at) AS at FROM (
                     SELECT min(retry_at) AS at FROM outbox AS first WHERE parked_at IS NULL AND NOT EXISTS (
                         SELECT 1 FROM outbox AS earlier WHERE earlier.session_id = first.session_id
                             AND earlier.position < first.position AND earlier.parked_at IS NULL)
                     UNION ALL SELECT min(parked_at) + ? FROM outbox
                     UNION ALL SELECT min(ended_at) + ? FROM turn_log WHERE ended_at IS NOT NULL)";
    let found: Option<TimeRow> = row(sql, query, &[parked_for.into(), KEPT_FOR.into()])?;
    Ok(found.and_then(|row| row.at))
}

/// Deletes the logs of turns that ended [`KEPT_FOR`] ago, and snapshots beyond `MAX_SNAPSHOTS`.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn delete_old(sql: &impl Sql, now: Millis) -> Result<(), Fault> {
    let before = now.saturating_sub(KEPT_FOR);
    let old = "(SELECT turn_id FROM turn_log WHERE ended_at <= ?)";
    sql.exec(&format!("DELETE FROM turn_log_events WHERE turn_id IN {old}"), &[before.into()])?;
    sql.exec("DELETE FROM turn_log WHERE ended_at <= ?", &[before.into()])?;
    let statement = "DELETE FROM session_snapshot WHERE saved_at < (
                         SELECT saved_at FROM session_snapshot ORDER BY saved_at DESC LIMIT 1 OFFSET ?)";
    Ok(sql.exec(statement, &[MAX_SNAPSHOTS.into()])?)
}

/// Deletes everything of every session but turns in flight and their logs, which end by themselves.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn erase(sql: &impl Sql) -> Result<(), Fault> {
    let ended = "SELECT turn_id FROM turn_log WHERE ended_at IS NOT NULL";
    sql.exec(&format!("DELETE FROM turn_log_events WHERE turn_id IN ({ended})"), &[])?;
    for statement in [
        "DELETE FROM turn_log WHERE ended_at IS NOT NULL",
        "DELETE FROM outbox",
        "DELETE FROM outbox_part",
        "DELETE FROM session_snapshot",
        "DELETE FROM pending_approval",
        "DELETE FROM session_deletion",
    ] {
        sql.exec(statement, &[])?;
    }
    Ok(())
}
