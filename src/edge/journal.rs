//! The Session object's SQLite.

use serde::Deserialize;
use uuid::Uuid;
use worker::{ScheduledTime, SqlStorage, SqlStorageValue, Storage, js_sys, wasm_bindgen::JsValue};

use super::log;
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
pub(super) struct SqliteJournal {
    sql: SqlStorage,
    storage: Storage,
}

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
        let journal = Self { sql: storage.sql(), storage };
        journal.try_exec(SCHEMA, vec![]);
        journal
    }

    fn exec(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<(), Fault> {
        let refused = |error: worker::Error| Fault::new(Code::Internal, format!("journal: {error}"));
        self.sql.exec(query, values).map(drop).map_err(refused)
    }

    /// For what may fail without harm: the log says so.
    fn try_exec(&self, query: &str, values: Vec<SqlStorageValue>) {
        if let Err(fault) = self.exec(query, values) {
            log::fault(&fault);
        }
    }

    fn rows<T: serde::de::DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Vec<T> {
        let rows = self.sql.exec(query, values).and_then(|cursor| cursor.to_array());
        rows.unwrap_or_else(|error| {
            log::fault(&Fault::new(Code::Internal, format!("journal: {error}")));
            Vec::new()
        })
    }

    /// No alarm rings until the next [`Journal::wake_at`].
    pub(super) async fn let_sleep(&self) {
        // A forgotten alarm wakes the object once for nothing.
        let _ = self.storage.delete_alarm().await;
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<SqlStorageValue, Fault> {
    let json = serde_json::to_string(value).map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
    Ok(json.into())
}

impl Journal for SqliteJournal {
    fn open(&self, turn: &OpenTurn) -> Result<(), Fault> {
        self.exec("INSERT INTO open_turn (id, turn) VALUES (1, ?)", vec![to_json(turn)?])
    }

    fn extend(&self, text: &str) -> Result<(), Fault> {
        self.exec("UPDATE open_turn SET text = text || ?", vec![text.into()])
    }

    fn left_open(&self) -> Option<(OpenTurn, String)> {
        let row: OpenRow = self.rows("SELECT turn, text FROM open_turn", vec![]).pop()?;
        let turn = serde_json::from_str(&row.turn);
        turn.map_err(|error| log::fault(&Fault::new(Code::Internal, format!("open turn: {error}"))))
            .ok()
            .map(|t| (t, row.text))
    }

    fn close(&self, record: &TurnRecord) -> Result<(), Fault> {
        let values = vec![record.turn_id.to_string().into(), to_json(record)?];
        self.exec("INSERT INTO outbox (turn_id, record) VALUES (?, ?)", values)?;
        self.exec("DELETE FROM open_turn", vec![])
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
        self.try_exec("DELETE FROM outbox WHERE turn_id = ?", vec![turn.to_string().into()]);
    }

    fn postpone(&self, turn: Uuid) {
        self.try_exec(
            "UPDATE outbox SET attempts = attempts + 1 WHERE turn_id = ?",
            vec![turn.to_string().into()],
        );
    }

    fn remember(&self, memory: &Memory) {
        match to_json(memory) {
            Ok(json) => self.try_exec("INSERT OR REPLACE INTO memory (id, memory) VALUES (1, ?)", vec![json]),
            Err(fault) => log::fault(&fault),
        }
    }

    fn recollect(&self) -> Option<Memory> {
        let row: MemoryRow = self.rows("SELECT memory FROM memory", vec![]).pop()?;
        serde_json::from_str(&row.memory).ok()
    }

    async fn wake_at(&self, when: Millis) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
        let date = js_sys::Date::new(&JsValue::from_f64(when as f64));
        if let Err(error) = self.storage.set_alarm(ScheduledTime::new(date)).await {
            log::fault(&Fault::new(Code::Internal, format!("alarm: {error}")));
        }
    }
}
