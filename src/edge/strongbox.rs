//! The User object's SQLite.

use serde::Deserialize;
use uuid::Uuid;
use worker::Storage;

use super::sqlite::Sqlite;
use crate::error::{Code, Fault};
use crate::ports::Strongbox;
use crate::time::Millis;
use crate::user::record::KeptVault;

/// `vault_key` has one row at most. `waits` is 1 for what Postgres has not.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS vault_key (id INTEGER PRIMARY KEY CHECK (id = 1), user_id TEXT NOT NULL, key TEXT NOT NULL, waits INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS vault_entry (token TEXT PRIMARY KEY, entry TEXT NOT NULL, waits INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS vault_entry_waits ON vault_entry (waits) WHERE waits = 1;
";

/// The sealed vault of one user.
pub(super) struct SqliteStrongbox(Sqlite);

#[derive(Deserialize)]
struct KeyRow {
    user_id: Uuid,
    key: String,
    waits: u32,
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

    fn vault(key: &KeyRow, entries: &[EntryRow]) -> Result<KeptVault, Fault> {
        let entries = entries.iter().map(|row| read(&row.entry)).collect::<Result<_, _>>()?;
        Ok(KeptVault { key: Some(read(&key.key)?), entries })
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
            let values = vec![entry.token.as_str().into(), Sqlite::json(entry)?, waits.into()];
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

    fn delivered(&self, vault: &KeptVault) {
        if let Ok(key) = Sqlite::json(&vault.key) {
            self.0.try_exec("UPDATE vault_key SET waits = 0 WHERE key = ?", vec![key]);
        }
        for entry in &vault.entries {
            let token = vec![entry.token.as_str().into()];
            self.0.try_exec("UPDATE vault_entry SET waits = 0 WHERE token = ?", token);
        }
    }

    fn erase(&self) -> Result<(), Fault> {
        self.0.exec("DELETE FROM vault_entry", vec![])?;
        self.0.exec("DELETE FROM vault_key", vec![])
    }

    async fn wake_at(&self, when: Millis) {
        self.0.wake_at(when).await;
    }
}
