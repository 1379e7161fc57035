//! The Session object's SQLite.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use worker::{SqlStorageValue, Storage};

use super::log;
use super::sqlite::{Sqlite, integer};
use crate::error::{Code, Fault};
use crate::ports::{Journal, Undelivered};
use crate::session::log::{KEPT_FOR, LogEnding, LogHead, Told, TurnLog};
use crate::session::memory::Memory;
use crate::session::outbox::PARKED_FOR;
use crate::session::record::{OpenTurn, TurnRecord};
use crate::time::Millis;
use crate::tools::approval::Suspended;

/// One table per thing that must survive; `open_turn`, `suspended` and `memory` have one row at most.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS open_turn (id INTEGER PRIMARY KEY CHECK (id = 1), turn TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS turn_log (turn_id TEXT PRIMARY KEY, client_message_id TEXT, head TEXT NOT NULL, ending TEXT, ended_at INTEGER);
    CREATE TABLE IF NOT EXISTS log_batch (position INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL, batches TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL UNIQUE, record TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS settled (turn_id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS parked (turn_id TEXT PRIMARY KEY, parked_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS suspended (id INTEGER PRIMARY KEY CHECK (id = 1), answer TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY CHECK (id = 1), memory TEXT NOT NULL);
";

/// The journal of one session.
pub(super) struct SqliteJournal(Sqlite);

#[derive(Deserialize)]
struct OpenRow {
    turn: String,
}

#[derive(Deserialize)]
struct SuspendedRow {
    answer: String,
}

#[derive(Deserialize)]
struct LogRow {
    head: String,
    ending: Option<String>,
}

#[derive(Deserialize)]
struct BatchRow {
    batches: String,
}

#[derive(Deserialize)]
struct TurnRow {
    turn_id: Uuid,
}

#[derive(Deserialize)]
struct TimeRow {
    at: Option<f64>,
}

#[derive(Deserialize)]
struct OutboxRow {
    record: String,
    attempts: u32,
    is_settled: u32,
}

#[derive(Deserialize)]
struct MemoryRow {
    memory: String,
}

impl SqliteJournal {
    /// Opens the storage, making its tables on first use.
    pub(super) fn new(storage: Storage) -> Self {
        Self(Sqlite::new(storage, SCHEMA))
    }

    /// Rows, or none when the storage refuses: the log says so.
    fn rows<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Vec<T> {
        self.0.rows(query, values).unwrap_or_else(|fault| {
            log::fault(&fault);
            Vec::new()
        })
    }

    fn undelivered(&self, condition: &str, limit: u32) -> Vec<Undelivered> {
        let query = format!(
            "SELECT record, attempts, turn_id IN (SELECT turn_id FROM settled) AS is_settled
             FROM outbox WHERE {condition} ORDER BY position LIMIT ?"
        );
        let rows: Vec<OutboxRow> = self.rows(&query, vec![i64::from(limit).into()]);
        let read = |row: OutboxRow| {
            Some(Undelivered {
                record: read(&row.record, "outbox")?,
                attempts: row.attempts,
                is_settled: row.is_settled == 1,
            })
        };
        rows.into_iter().filter_map(read).collect()
    }

    /// Forgets the logs of turns that ended before that.
    pub(super) fn forget_logs(&self, before: Millis) {
        let old = "(SELECT turn_id FROM turn_log WHERE ended_at < ?)";
        self.0.try_exec(&format!("DELETE FROM log_batch WHERE turn_id IN {old}"), vec![integer(before)]);
        self.0.try_exec("DELETE FROM turn_log WHERE ended_at < ?", vec![integer(before)]);
    }

    /// When there is something to do of itself, if there is: the oldest log is to be forgotten, or a parked turn to be tried again.
    pub(super) fn next_chore(&self) -> Option<Millis> {
        let log = self.moment("SELECT min(ended_at) AS at FROM turn_log").map(|at| at + KEPT_FOR);
        let parked = self.moment("SELECT min(parked_at) AS at FROM parked").map(|at| at + PARKED_FOR);
        log.into_iter().chain(parked).min()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since 1970")]
    fn moment(&self, query: &str) -> Option<Millis> {
        let row: TimeRow = self.rows(query, vec![]).pop()?;
        row.at.map(|at| at as Millis)
    }

    /// No alarm rings until the next [`Journal::wake_at`].
    pub(super) async fn let_sleep(&self) {
        self.0.let_sleep().await;
    }

    /// Forgets everything of a user who was erased.
    pub(super) fn erase(&self) -> Result<(), Fault> {
        let ended = "SELECT turn_id FROM turn_log WHERE ended_at IS NOT NULL";
        self.0.exec(&format!("DELETE FROM log_batch WHERE turn_id IN ({ended})"), vec![])?;
        for query in [
            "DELETE FROM turn_log WHERE ended_at IS NOT NULL",
            "DELETE FROM outbox",
            "DELETE FROM parked",
            "DELETE FROM memory",
            "DELETE FROM suspended",
        ] {
            self.0.exec(query, vec![])?;
        }
        Ok(())
    }
}

/// What a row holds; the log says so when it cannot be read, without what stands there.
fn read<T: DeserializeOwned>(json: &str, what: &str) -> Option<T> {
    let read = serde_json::from_str(json);
    read.map_err(|error| log::fault(&Fault::new(Code::Internal, format!("{what}: {:?}", error.classify()))))
        .ok()
}

impl Journal for SqliteJournal {
    fn open(&self, turn: &OpenTurn, head: &LogHead) -> Result<(), Fault> {
        let named = head.client_message_id.as_deref().map_or(SqlStorageValue::Null, Into::into);
        let values = vec![head.turn_id.to_string().into(), named, Sqlite::json(head)?];
        self.0.exec("INSERT INTO turn_log (turn_id, client_message_id, head) VALUES (?, ?, ?)", values)?;
        self.0.exec("DELETE FROM suspended", vec![])?;
        self.0.exec("INSERT INTO open_turn (id, turn) VALUES (1, ?)", vec![Sqlite::json(turn)?])
    }

    fn amend(&self, turn: &OpenTurn) -> Result<(), Fault> {
        self.0.exec("UPDATE open_turn SET turn = ?", vec![Sqlite::json(turn)?])
    }

    fn extend(&self, turn: Uuid, told: &[Told]) -> Result<(), Fault> {
        let values = vec![turn.to_string().into(), Sqlite::json(&told)?];
        self.0.exec("INSERT INTO log_batch (turn_id, batches) VALUES (?, ?)", values)
    }

    fn left_open(&self) -> Option<OpenTurn> {
        let row: OpenRow = self.rows("SELECT turn FROM open_turn", vec![]).pop()?;
        read(&row.turn, "open turn")
    }

    fn log(&self, turn: Uuid) -> Option<TurnLog> {
        let turn = || vec![turn.to_string().into()];
        let row: LogRow = self.rows("SELECT head, ending FROM turn_log WHERE turn_id = ?", turn()).pop()?;
        let query = "SELECT batches FROM log_batch WHERE turn_id = ? ORDER BY position";
        let batches: Vec<BatchRow> = self.rows(query, turn());
        let told = batches.iter().filter_map(|row| read::<Vec<Told>>(&row.batches, "batches")).flatten();
        Some(TurnLog {
            head: read(&row.head, "log")?,
            told: told.collect(),
            ending: row.ending.as_deref().and_then(|ending| read(ending, "ending")),
            has_begun: true,
        })
    }

    fn turn_of(&self, client_message_id: &str) -> Option<Uuid> {
        let query = "SELECT turn_id FROM turn_log WHERE client_message_id = ?";
        let row: TurnRow = self.rows(query, vec![client_message_id.into()]).pop()?;
        Some(row.turn_id)
    }

    fn close(&self, record: &TurnRecord, ending: &LogEnding, now: Millis) -> Result<(), Fault> {
        let turn = || SqlStorageValue::from(record.turn_id.to_string());
        let values = vec![turn(), Sqlite::json(record)?];
        self.0.exec("INSERT INTO outbox (turn_id, record) VALUES (?, ?)", values)?;
        let values = vec![Sqlite::json(ending)?, integer(now), turn()];
        self.0.exec("UPDATE turn_log SET ending = ?, ended_at = ? WHERE turn_id = ?", values)?;
        self.forget_logs(now.saturating_sub(KEPT_FOR));
        self.0.exec("DELETE FROM open_turn", vec![])
    }

    fn suspend(&self, answer: &Suspended) -> Result<(), Fault> {
        let query = "INSERT OR REPLACE INTO suspended (id, answer) VALUES (1, ?)";
        self.0.exec(query, vec![Sqlite::json(answer)?])
    }

    fn suspended(&self) -> Option<Suspended> {
        let row: SuspendedRow = self.rows("SELECT answer FROM suspended", vec![]).pop()?;
        read(&row.answer, "suspended")
    }

    fn outbox(&self, limit: u32) -> Vec<Undelivered> {
        self.undelivered("TRUE", limit)
    }

    fn due(&self, limit: u32) -> Vec<Undelivered> {
        self.undelivered("turn_id NOT IN (SELECT turn_id FROM parked)", limit)
    }

    fn delivered(&self, turn: Uuid) -> Result<(), Fault> {
        for table in ["outbox", "settled", "parked"] {
            let query = format!("DELETE FROM {table} WHERE turn_id = ?");
            self.0.exec(&query, vec![turn.to_string().into()])?;
        }
        Ok(())
    }

    fn settled(&self, turn: Uuid) -> Result<(), Fault> {
        self.0.exec("INSERT OR IGNORE INTO settled (turn_id) VALUES (?)", vec![turn.to_string().into()])
    }

    fn postpone(&self, turn: Uuid) {
        self.0.try_exec(
            "UPDATE outbox SET attempts = attempts + 1 WHERE turn_id = ?",
            vec![turn.to_string().into()],
        );
    }

    fn park(&self, turn: Uuid, now: Millis) -> Result<(), Fault> {
        let values = vec![turn.to_string().into(), integer(now)];
        self.0.exec("INSERT OR REPLACE INTO parked (turn_id, parked_at) VALUES (?, ?)", values)
    }

    fn unpark(&self, before: Millis) {
        self.0.try_exec("DELETE FROM parked WHERE parked_at <= ?", vec![integer(before)]);
    }

    fn remember(&self, memory: &Memory) {
        match Sqlite::json(memory) {
            Ok(json) => {
                self.0.try_exec("INSERT OR REPLACE INTO memory (id, memory) VALUES (1, ?)", vec![json]);
            }
            Err(fault) => log::fault(&fault),
        }
    }

    fn recollect(&self) -> Option<Memory> {
        let row: MemoryRow = self.rows("SELECT memory FROM memory", vec![]).pop()?;
        serde_json::from_str(&row.memory).ok()
    }

    async fn wake_at(&self, when: Millis) {
        self.0.wake_at(when).await;
    }
}
