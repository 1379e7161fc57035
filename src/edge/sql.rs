//! SQLite of a Durable Object, and its alarm.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Error, JsString};
use worker::State;
use worker::wasm_bindgen::{JsCast, JsValue};

use super::platform::{set_alarm, sql_bytes, sql_exec, sql_rows, sql_wipe};
use crate::ports::{Sql, SqlError, SqlValue};
use crate::time::Millis;

/// The storage of one object.
pub(super) struct ObjectSql {
    storage: JsValue,
}

impl ObjectSql {
    pub(super) fn new(state: &State) -> Self {
        // Every object has a storage. Without one, each statement is refused.
        Self { storage: state.as_raw().storage().map(JsValue::from).unwrap_or_default() }
    }
}

impl Sql for ObjectSql {
    fn exec(&self, statement: &str, values: &[SqlValue<'_>]) -> Result<(), SqlError> {
        sql_exec(&self.storage, &interned(statement), &to_json(values)?).map_err(|error| refusal(&error))
    }

    fn rows(&self, query: &str, values: &[SqlValue<'_>]) -> Result<String, SqlError> {
        sql_rows(&self.storage, &interned(query), &to_json(values)?).map_err(|error| refusal(&error))
    }

    fn bytes(&self, query: &str, values: &[SqlValue<'_>]) -> Result<Vec<u8>, SqlError> {
        sql_bytes(&self.storage, &interned(query), &to_json(values)?).map_err(|error| refusal(&error))
    }

    fn wipe(&self) -> Result<(), SqlError> {
        sql_wipe(&self.storage).map_err(|error| refusal(&error))
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
    fn set_alarm(&self, at: Option<Millis>) {
        set_alarm(&self.storage, at.map(|at| at as f64));
    }
}

/// Statements that are kept: more than there are. They are all written in the source.
const MAX_STATEMENTS: usize = 500;

thread_local! {
    static STATEMENTS: RefCell<HashMap<String, JsString>> = RefCell::default();
}

/// A statement as one string of JavaScript, the same each time: it crosses once, and the platform finds its compiled form at once.
fn interned(statement: &str) -> JsString {
    STATEMENTS.with_borrow_mut(|known| {
        if let Some(known) = known.get(statement) {
            return known.clone();
        }
        let string = JsString::from(statement);
        if known.len() < MAX_STATEMENTS {
            known.insert(statement.to_owned(), string.clone());
        }
        string
    })
}

fn to_json(values: &[SqlValue<'_>]) -> Result<String, SqlError> {
    serde_json::to_string(values).map_err(|error| SqlError(format!("values: {:?}", error.classify())))
}

fn refusal(error: &JsValue) -> SqlError {
    SqlError(error.dyn_ref::<Error>().map_or_else(|| "no error".to_owned(), |error| error.message().into()))
}
