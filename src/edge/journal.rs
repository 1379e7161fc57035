//! The Session object's SQLite.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use worker::{SqlStorageValue, Storage};

use super::log;
use super::sqlite::Sqlite;
use crate::error::{Code, Fault};
use crate::ports::{Journal, Undelivered};
use crate::session::memory::Memory;
use crate::session::record::{OpenTurn, TurnRecord};
use crate::time::Millis;

/// One table per thing that must survive; `open_turn` and `memory` have one row at most.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS open_turn (id INTEGER PRIMARY KEY CHECK (id = 1), turn TEXT NOT NULL, text TEXT NOT NULL DEFAULT '');
    CREATE TABLE IF NOT EXISTS outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL UNIQUE, record TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY CHECK (id = 1), memory TEXT NOT NULL);
";

/// The journal of one session.
pub(super) struct SqliteJournal(Sqlite);

#[derive(Deserialize)]
struct OpenRow {
    turn: String,
    text: String,
}

#[derive(Deserialize)]
struct OutboxRow {
    record: String,
    attempts: u32,
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

    /// No alarm rings until the next [`Journal::wake_at`].
    pub(super) async fn let_sleep(&self) {
        self.0.let_sleep().await;
    }

    /// Forgets everything of a user who was erased.
    pub(super) fn erase(&self) -> Result<(), Fault> {
        for table in ["DELETE FROM outbox", "DELETE FROM memory"] {
            self.0.exec(table, vec![])?;
        }
        Ok(())
    }
}

impl Journal for SqliteJournal {
    fn open(&self, turn: &OpenTurn) -> Result<(), Fault> {
        self.0.exec("INSERT INTO open_turn (id, turn) VALUES (1, ?)", vec![Sqlite::json(turn)?])
    }

    fn extend(&self, text: &str) -> Result<(), Fault> {
        self.0.exec("UPDATE open_turn SET text = text || ?", vec![text.into()])
    }

    fn left_open(&self) -> Option<(OpenTurn, String)> {
        let row: OpenRow = self.rows("SELECT turn, text FROM open_turn", vec![]).pop()?;
        let turn = serde_json::from_str(&row.turn);
        turn.map_err(|error| log::fault(&Fault::new(Code::Internal, format!("open turn: {error}"))))
            .ok()
            .map(|t| (t, row.text))
    }

    fn close(&self, record: &TurnRecord) -> Result<(), Fault> {
        let values = vec![record.turn_id.to_string().into(), Sqlite::json(record)?];
        self.0.exec("INSERT INTO outbox (turn_id, record) VALUES (?, ?)", values)?;
        self.0.exec("DELETE FROM open_turn", vec![])
    }

    fn outbox(&self, limit: u32) -> Vec<Undelivered> {
        let query = "SELECT record, attempts FROM outbox ORDER BY position LIMIT ?";
        let rows: Vec<OutboxRow> = self.rows(query, vec![i64::from(limit).into()]);
        let read = |row: OutboxRow| {
            let record = serde_json::from_str(&row.record);
            let record =
                record.map_err(|error| log::fault(&Fault::new(Code::Internal, format!("outbox: {error}"))));
            Some(Undelivered { record: record.ok()?, attempts: row.attempts })
        };
        rows.into_iter().filter_map(read).collect()
    }

    fn delivered(&self, turn: Uuid) {
        self.0.try_exec("DELETE FROM outbox WHERE turn_id = ?", vec![turn.to_string().into()]);
    }

    fn postpone(&self, turn: Uuid) {
        self.0.try_exec(
            "UPDATE outbox SET attempts = attempts + 1 WHERE turn_id = ?",
            vec![turn.to_string().into()],
        );
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
