//! The User object's SQLite.

use serde::Deserialize;
use uuid::Uuid;
use worker::{SqlStorageValue, Storage};

use super::sqlite::{Sqlite, integer};
use crate::error::{Code, Fault};
use crate::limit::quota::{Entry, Spend};
use crate::ports::Strongbox;
use crate::time::Millis;
use crate::user::record::KeptVault;

/// `vault_key` has one row at most. `waits` is 1 for what Postgres has not. What is booked has no `reserved_until`.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS vault_key (id INTEGER PRIMARY KEY CHECK (id = 1), user_id TEXT NOT NULL, key TEXT NOT NULL, waits INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS vault_entry (token TEXT PRIMARY KEY, entry TEXT NOT NULL, waits INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS books (turn_id TEXT PRIMARY KEY, day INTEGER NOT NULL, employee TEXT NOT NULL, tokens INTEGER NOT NULL, micro_usd INTEGER NOT NULL, reserved_until INTEGER);
    CREATE INDEX IF NOT EXISTS books_day ON books (day);
    CREATE INDEX IF NOT EXISTS vault_entry_waits ON vault_entry (waits) WHERE waits = 1;
";

/// How many days' books are kept: a turn may begin before midnight and be booked long after it.
const DAYS_KEPT: u64 = 7;

/// The sealed vault and the books of one user.
pub(super) struct SqliteStrongbox(Sqlite);

#[derive(Deserialize)]
struct KeyRow {
    user_id: Uuid,
    key: String,
    waits: u32,
}

/// Integers cross from SQLite as doubles.
#[derive(Deserialize)]
struct SpentRow {
    employee: String,
    tokens: f64,
    micro_usd: f64,
}

#[derive(Deserialize)]
struct EntryRow {
    entry: String,
}

impl SqliteStrongbox {
    /// Opens the storage, making its tables on first use.
    pub(super) fn new(storage: Storage) -> Self {
        Self(Sqlite::new(storage, SCHEMA))
    }

    fn key(&self) -> Result<Option<KeyRow>, Fault> {
        Ok(self.0.rows("SELECT user_id, key, waits FROM vault_key", vec![])?.pop())
    }

    fn book(&self, entry: &Entry, reserved_until: SqlStorageValue, on_conflict: &str) -> Result<(), Fault> {
        let query = format!(
            "INSERT INTO books (turn_id, day, employee, tokens, micro_usd, reserved_until) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (turn_id) {on_conflict}"
        );
        let Entry { turn_id, employee, day, spend } = entry;
        let values = vec![
            turn_id.to_string().into(),
            integer(*day),
            employee.as_str().into(),
            integer(spend.tokens),
            integer(spend.micro_usd),
            reserved_until,
        ];
        self.0.exec(&query, values)
    }

    fn vault(key: &KeyRow, entries: &[EntryRow]) -> Result<KeptVault, Fault> {
        let entries = entries.iter().map(|row| read(&row.entry)).collect::<Result<_, _>>()?;
        Ok(KeptVault { key: Some(read(&key.key)?), entries })
    }
}

impl SpentRow {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sums of what was never negative"
    )]
    fn spend(&self) -> Spend {
        Spend { tokens: self.tokens as u64, micro_usd: self.micro_usd as u64 }
    }
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, Fault> {
    // The error's text would quote what could not be read.
    serde_json::from_str(json).map_err(|_| Fault::new(Code::Internal, "strongbox: a row cannot be read"))
}

impl Strongbox for SqliteStrongbox {
    fn kept(&self) -> Result<Option<(Uuid, KeptVault)>, Fault> {
        let Some(key) = self.key()? else { return Ok(None) };
        let entries = self.0.rows("SELECT entry FROM vault_entry", vec![])?;
        Ok(Some((key.user_id, Self::vault(&key, &entries)?)))
    }

    fn keep(&self, user: Uuid, vault: &KeptVault, waits: bool) -> Result<(), Fault> {
        let waits = i64::from(waits);
        if let Some(key) = &vault.key {
            let values = vec![user.to_string().into(), Sqlite::json(key)?, waits.into()];
            self.0.exec(
                "INSERT OR REPLACE INTO vault_key (id, user_id, key, waits) VALUES (1, ?, ?, ?)",
                values,
            )?;
        }
        for entry in &vault.entries {
            let values = vec![entry.placeholder.as_str().into(), Sqlite::json(entry)?, waits.into()];
            self.0.exec("INSERT INTO vault_entry (token, entry, waits) VALUES (?, ?, ?)", values)?;
        }
        Ok(())
    }

    fn waiting(&self, limit: u32) -> Result<Option<(Uuid, KeptVault)>, Fault> {
        let Some(key) = self.key()? else { return Ok(None) };
        let query = "SELECT entry FROM vault_entry WHERE waits = 1 LIMIT ?";
        let entries: Vec<EntryRow> = self.0.rows(query, vec![i64::from(limit).into()])?;
        let is_waiting = key.waits == 1 || !entries.is_empty();
        is_waiting.then(|| Ok((key.user_id, Self::vault(&key, &entries)?))).transpose()
    }

    fn delivered(&self, vault: &KeptVault) -> Result<(), Fault> {
        self.0.exec("UPDATE vault_key SET waits = 0 WHERE key = ?", vec![Sqlite::json(&vault.key)?])?;
        for entry in &vault.entries {
            let token = vec![entry.placeholder.as_str().into()];
            self.0.exec("UPDATE vault_entry SET waits = 0 WHERE token = ?", token)?;
        }
        Ok(())
    }

    fn spent(&self, entry: &Entry, now: Millis) -> Result<(Spend, Spend), Fault> {
        let query = "SELECT employee, sum(tokens) AS tokens, sum(micro_usd) AS micro_usd FROM books
                     WHERE day = ? AND turn_id <> ? AND (reserved_until IS NULL OR reserved_until > ?) GROUP BY employee";
        let rows: Vec<SpentRow> =
            self.0.rows(query, vec![integer(entry.day), entry.turn_id.to_string().into(), integer(now)])?;
        let (mut all, mut own) = (Spend::default(), Spend::default());
        for row in rows {
            all = all.plus(row.spend());
            if row.employee == entry.employee {
                own = row.spend();
            }
        }
        Ok((all, own))
    }

    fn reserve(&self, entry: &Entry, until: Millis) -> Result<(), Fault> {
        let again = "DO UPDATE SET tokens = excluded.tokens, micro_usd = excluded.micro_usd,
                     reserved_until = excluded.reserved_until WHERE reserved_until IS NOT NULL";
        self.book(entry, integer(until), again)
    }

    fn settle(&self, entry: &Entry) -> Result<(), Fault> {
        // A day long past is nobody's business any more.
        self.0.exec("DELETE FROM books WHERE day < ?", vec![integer(entry.day.saturating_sub(DAYS_KEPT))])?;
        let replace =
            "DO UPDATE SET tokens = excluded.tokens, micro_usd = excluded.micro_usd, reserved_until = NULL
                       WHERE reserved_until IS NOT NULL";
        self.book(entry, SqlStorageValue::Null, replace)
    }

    fn erase(&self) -> Result<(), Fault> {
        self.0.exec("DELETE FROM books", vec![])?;
        self.0.exec("DELETE FROM vault_entry", vec![])?;
        self.0.exec("DELETE FROM vault_key", vec![])
    }

    async fn wake_at(&self, when: Millis) {
        self.0.wake_at(when).await;
    }
}
