//! The storage of a Durable Object: SQLite and an alarm.

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{ScheduledTime, SqlStorage, SqlStorageValue, Storage, js_sys, wasm_bindgen::JsValue};

use super::log;
use crate::error::{Code, Fault};
use crate::time::Millis;

/// One object's storage.
pub(super) struct Sqlite {
    sql: SqlStorage,
    storage: Storage,
}

impl Sqlite {
    /// Opens the storage, making its tables on first use.
    pub(super) fn new(storage: Storage, schema: &str) -> Self {
        let sqlite = Self { sql: storage.sql(), storage };
        sqlite.try_exec(schema, vec![]);
        sqlite
    }

    pub(super) fn exec(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<(), Fault> {
        self.sql.exec(query, values).map(drop).map_err(|error| refused(&error))
    }

    /// For what may fail without harm: the log says so.
    pub(super) fn try_exec(&self, query: &str, values: Vec<SqlStorageValue>) {
        if let Err(fault) = self.exec(query, values) {
            log::fault(&fault);
        }
    }

    pub(super) fn rows<T: DeserializeOwned>(
        &self,
        query: &str,
        values: Vec<SqlStorageValue>,
    ) -> Result<Vec<T>, Fault> {
        self.sql.exec(query, values).and_then(|cursor| cursor.to_array()).map_err(|error| refused(&error))
    }

    /// A value as a row holds it.
    pub(super) fn json(value: &impl Serialize) -> Result<SqlStorageValue, Fault> {
        let json =
            serde_json::to_string(value).map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
        Ok(json.into())
    }

    /// Has the object woken at that time, restart or not.
    pub(super) async fn wake_at(&self, when: Millis) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
        let date = js_sys::Date::new(&JsValue::from_f64(when as f64));
        if let Err(error) = self.storage.set_alarm(ScheduledTime::new(date)).await {
            log::fault(&Fault::new(Code::Internal, format!("alarm: {error}")));
        }
    }

    /// No alarm rings until the next [`Sqlite::wake_at`].
    pub(super) async fn let_sleep(&self) {
        // A forgotten alarm wakes the object once for nothing.
        let _ = self.storage.delete_alarm().await;
    }
}

fn refused(error: &worker::Error) -> Fault {
    Fault::new(Code::Internal, format!("storage: {error}"))
}

/// A whole number as SQLite has it: those that are stored fit a double, as which they cross.
pub(super) fn integer(value: u64) -> SqlStorageValue {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}
