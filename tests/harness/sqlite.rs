//! The SQLite of one object, natively: an in-memory database that survives its object.
//!
//! One open transaction holds everything that is not durable yet. [`SqliteStorage::confirm`] makes it durable;
//! [`SqliteStorage::lose`] rolls it back, as the death of an object does.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::rc::Rc;

use frontdesk::ports::{Sql, SqlError, SqlValue};
use frontdesk::time::Millis;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row, Statement, ToSql, params_from_iter};

/// Prepared statements that are kept: more than the object has.
const CACHED_STATEMENTS: usize = 200;

/// Longest text of one value, in bytes (<https://developers.cloudflare.com/durable-objects/platform/limits/>).
const MAX_VALUE_BYTES: usize = 2_000_000;

/// Values that one statement may bind (<https://developers.cloudflare.com/durable-objects/platform/limits/>).
const MAX_VALUES: usize = 100;

/// A look at each statement before it runs; an error refuses it.
pub type Hook = Box<dyn Fn(&str, &[SqlValue<'_>]) -> Result<(), SqlError>>;

/// Storage of one object: the database and the alarm. Clones are handles of the same storage.
#[derive(Clone)]
pub struct SqliteStorage(Rc<Inner>);

struct Inner {
    database: Connection,
    hook: RefCell<Option<Hook>>,
    /// Set by a statement or an alarm since the last confirmation.
    is_pending: Cell<bool>,
    alarm: Cell<Option<Millis>>,
    durable_alarm: Cell<Option<Millis>>,
    /// Number of calls of `set_alarm`.
    alarms_set: Cell<u32>,
}

impl Default for SqliteStorage {
    fn default() -> Self {
        let database = Connection::open_in_memory().expect("SQLite opens a database in memory");
        database.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // Plans that depend on no bound value: otherwise SQLite prepares many statements again each time that they run.
        let is_stable = database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
        is_stable.expect("SQLite knows stable plans");
        database.execute_batch("BEGIN").expect("the first transaction begins");
        Self(Rc::new(Inner {
            database,
            hook: RefCell::default(),
            is_pending: Cell::default(),
            alarm: Cell::default(),
            durable_alarm: Cell::default(),
            alarms_set: Cell::default(),
        }))
    }
}

impl SqliteStorage {
    /// Makes everything so far durable: to be called before anything that the object sends leaves it.
    pub fn confirm(&self) {
        if self.0.is_pending.replace(false) {
            self.restart("COMMIT");
            self.0.durable_alarm.set(self.0.alarm.get());
        }
    }

    /// Loses everything since the last confirmation, the alarm included.
    pub fn lose(&self) {
        if self.0.is_pending.replace(false) {
            self.restart("ROLLBACK");
            self.0.alarm.set(self.0.durable_alarm.get());
        }
    }

    /// `true` while anything is not durable yet.
    pub fn is_pending(&self) -> bool {
        self.0.is_pending.get()
    }

    /// Moment of the alarm, durable or not; `None` when none is set.
    pub fn alarm(&self) -> Option<Millis> {
        self.0.alarm.get()
    }

    /// Number of times that the alarm was set or removed.
    pub fn alarms_set(&self) -> u32 {
        self.0.alarms_set.get()
    }

    /// Notes that the alarm rang: the platform has none set from then on.
    pub fn ring(&self) {
        self.0.alarm.set(None);
        self.0.durable_alarm.set(None);
    }

    /// Calls `hook` before each statement from now on, in place of an earlier hook.
    pub fn on_statement(&self, hook: impl Fn(&str, &[SqlValue<'_>]) -> Result<(), SqlError> + 'static) {
        self.0.hook.replace(Some(Box::new(hook)));
    }

    /// Removes the hook.
    pub fn without_hook(&self) {
        self.0.hook.take();
    }

    /// Reads rows past the hook.
    pub fn read(&self, query: &str) -> serde_json::Value {
        let mut statement = self.0.database.prepare_cached(query).expect("the test's query is valid");
        let rows = json(&mut statement, []).expect("the test's query runs");
        serde_json::from_str(&rows).expect("rows are JSON")
    }

    fn restart(&self, end: &str) {
        let run = |statement: &str| {
            let mut statement = self.0.database.prepare_cached(statement)?;
            statement.execute([])
        };
        run(end).and_then(|_| run("BEGIN")).expect("a transaction ends and the next begins");
    }

    fn look(&self, statement: &str, values: &[SqlValue<'_>]) -> Result<(), SqlError> {
        if values.len() > MAX_VALUES {
            return Err(SqlError("too many SQL variables".into()));
        }
        let is_long =
            |value: &SqlValue<'_>| matches!(value, SqlValue::Text(text) if text.len() > MAX_VALUE_BYTES);
        if values.iter().any(is_long) {
            return Err(SqlError("string or blob too big".into()));
        }
        match &*self.0.hook.borrow() {
            Some(hook) => hook(statement, values),
            None => Ok(()),
        }
    }

    /// Runs statements without values, all or none.
    fn batch(&self, statements: &str) -> rusqlite::Result<()> {
        let database = &self.0.database;
        database.execute_batch("SAVEPOINT batch")?;
        let ran = database.execute_batch(statements);
        database.execute_batch(if ran.is_ok() {
            "RELEASE batch"
        } else {
            "ROLLBACK TO batch; RELEASE batch"
        })?;
        ran
    }
}

impl Sql for SqliteStorage {
    fn exec(&self, statement: &str, values: &[SqlValue<'_>]) -> Result<(), SqlError> {
        self.look(statement, values)?;
        self.0.is_pending.set(true);
        let is_batch = values.is_empty() && statement.trim_end().trim_end_matches(';').contains(';');
        if is_batch {
            return self.batch(statement).map_err(refused);
        }
        let ran = self.0.database.prepare_cached(statement).and_then(|mut statement| {
            // A statement with `RETURNING` has rows, of which nothing is read.
            if statement.column_count() > 0 {
                statement.query(bound(values))?.next().map(|_| ())
            } else {
                statement.execute(bound(values)).map(|_| ())
            }
        });
        ran.map_err(refused)
    }

    fn rows(&self, query: &str, values: &[SqlValue<'_>]) -> Result<String, SqlError> {
        self.look(query, values)?;
        let read = self.0.database.prepare_cached(query).and_then(|mut statement| {
            if !statement.readonly() {
                self.0.is_pending.set(true);
            }
            json(&mut statement, bound(values))
        });
        read.map_err(refused)
    }

    fn bytes(&self, query: &str, values: &[SqlValue<'_>]) -> Result<Vec<u8>, SqlError> {
        self.look(query, values)?;
        let read = self.0.database.prepare_cached(query).and_then(|mut statement| {
            let mut rows = statement.query(bound(values))?;
            let mut bytes = Vec::new();
            while let Some(row) = rows.next()? {
                bytes.extend_from_slice(row.get_ref(0)?.as_blob()?);
            }
            Ok(bytes)
        });
        read.map_err(refused)
    }

    fn wipe(&self) -> Result<(), SqlError> {
        self.look("wipe", &[])?;
        self.0.is_pending.set(true);
        // A virtual table drops its own tables.
        let query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'memory_words_%'";
        let database = &self.0.database;
        let names = database.prepare(query).and_then(|mut statement| {
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        });
        for name in names.map_err(refused)? {
            database.execute_batch(&format!("DROP TABLE {name}")).map_err(refused)?;
        }
        self.0.alarm.set(None);
        Ok(())
    }

    fn set_alarm(&self, at: Option<Millis>) {
        self.0.is_pending.set(true);
        self.0.alarms_set.set(self.0.alarms_set.get() + 1);
        self.0.alarm.set(at);
    }
}

/// SQLite's own words, which hold no bound value.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
fn refused(error: rusqlite::Error) -> SqlError {
    SqlError(error.to_string())
}

/// A value as rusqlite binds it.
struct Bound<'a>(&'a SqlValue<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            SqlValue::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            SqlValue::Integer(number) => {
                let number = i64::try_from(*number).expect("SQLite's integers have 63 bits and a sign");
                ToSqlOutput::Borrowed(ValueRef::Integer(number))
            }
            SqlValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

fn bound<'a>(values: &'a [SqlValue<'a>]) -> impl Params {
    params_from_iter(values.iter().map(Bound))
}

/// Rows as a JSON array of objects, keyed by column.
fn json(statement: &mut Statement<'_>, values: impl Params) -> rusqlite::Result<String> {
    let columns = statement.column_count();
    let mut rows = statement.query(values)?;
    let mut json = vec![b'['];
    while let Some(row) = rows.next()? {
        json.extend(if json.len() == 1 { "{" } else { ",{" }.as_bytes());
        for column in 0..columns {
            json.extend(if column == 0 { "" } else { "," }.as_bytes());
            push_text(&mut json, row.as_ref().column_name(column)?);
            json.push(b':');
            push_value(&mut json, row, column)?;
        }
        json.push(b'}');
    }
    json.push(b']');
    Ok(String::from_utf8(json).expect("JSON is UTF-8"))
}

fn push_value(json: &mut Vec<u8>, row: &Row<'_>, column: usize) -> rusqlite::Result<()> {
    let written = match row.get_ref(column)? {
        ValueRef::Null => write!(json, "null"),
        ValueRef::Integer(number) => write!(json, "{number}"),
        ValueRef::Real(number) => write!(json, "{number}"),
        ValueRef::Text(text) => {
            let text =
                std::str::from_utf8(text).map_err(|error| rusqlite::Error::Utf8Error(column, error))?;
            push_text(json, text);
            Ok(())
        }
        // Tests look for texts in them.
        ValueRef::Blob(bytes) => {
            push_text(json, &String::from_utf8_lossy(bytes));
            Ok(())
        }
    };
    written.expect("memory takes everything");
    Ok(())
}

fn push_text(json: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(json, text).expect("text is JSON");
}
