//! The storage of an object: real SQLite, whose writes the oracle reads. It survives its object.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use frontdesk::config::Config;
use frontdesk::ports::{Sql, SqlError, SqlValue};
use frontdesk::session::approval::PendingApproval;
use frontdesk::session::in_flight::InFlightTurn;
use frontdesk::session::record::TurnRecord;
use frontdesk::time::Millis;
use pii::seal::{SealedEntry, WrappedKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::alarm::Alarm;
use super::sqlite::SqliteStorage;
use super::values::raw_in;
use super::world::{Instance, Storage, World};

thread_local! {
    /// Databases of runs that are over, without rows: their tables and prepared statements serve the next run.
    static POOL: RefCell<Vec<SqliteStorage>> = RefCell::default();
}

/// The storage of one user's object.
pub struct Disk {
    world: Rc<World>,
    config: Rc<Config>,
    user: Uuid,
    storage: SqliteStorage,
    pub alarm: Alarm,
}

/// One instance's access to its storage.
pub struct SimSql {
    pub disk: Rc<Disk>,
    pub instance: Rc<Instance>,
    /// Whether the object has started: until then its writes are recovery.
    pub is_started: Rc<Cell<bool>>,
}

/// A statement that writes, as far as the oracle needs it.
#[derive(Debug, PartialEq, Eq)]
struct Write {
    verb: Verb,
    table: String,
    columns: Vec<String>,
    /// Whether it names rows, or takes all.
    is_limited: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Insert,
    Update,
    Delete,
}

#[derive(Deserialize)]
struct NumberRow {
    number: Option<u64>,
}

#[derive(Deserialize)]
struct TextRow {
    text: String,
}

/// A row of the ledger.
#[derive(Deserialize)]
pub struct LedgerEntryRow {
    pub id: Uuid,
    pub tokens: u64,
    pub is_reserved: u64,
}

impl Disk {
    pub fn new(world: &Rc<World>, config: &Rc<Config>, user: Uuid) -> Rc<Self> {
        let storage = POOL.with_borrow_mut(Vec::pop).unwrap_or_default();
        let (world, config) = (Rc::clone(world), Rc::clone(config));
        Rc::new(Self { world, config, user, storage, alarm: Alarm::default() })
    }

    /// Notes that the alarm rings.
    pub fn rang(&self) {
        self.storage.ring();
    }

    pub fn rows<T: DeserializeOwned>(&self, query: &str, values: &[SqlValue<'_>]) -> Vec<T> {
        let rows = self.storage.rows(query, values).expect("the simulator's queries are right");
        serde_json::from_str(&rows).expect("rows are JSON")
    }

    pub fn number(&self, query: &str, values: &[SqlValue<'_>]) -> u64 {
        self.rows::<NumberRow>(query, values).pop().and_then(|row| row.number).unwrap_or(0)
    }

    fn count(&self, table: &str) -> u64 {
        self.number(&format!("SELECT count(*) AS number FROM {table}"), &[])
    }

    /// Tables with work that is not done.
    pub fn unfinished(&self) -> Option<&'static str> {
        ["in_flight_turn", "outbox", "agenda", "paid_call"].into_iter().find(|table| self.count(table) > 0)
    }

    /// True while background work stalls.
    pub fn is_stalled(&self) -> bool {
        self.number("SELECT count(*) AS number FROM failed_work WHERE is_stalled = 1", &[]) > 0
    }

    pub fn log_count(&self) -> u64 {
        self.count("turn_log") + self.count("turn_log_events")
    }

    /// Turns with a log.
    pub fn logs(&self, session: Uuid) -> Vec<Uuid> {
        let session = session.to_string();
        let query = "SELECT turn_id AS text FROM turn_log WHERE session_id = ? ORDER BY rowid";
        let rows: Vec<TextRow> = self.rows(query, &[(&session).into()]);
        rows.iter().map(|row| Uuid::try_parse(&row.text).expect("an id")).collect()
    }

    pub fn entries(&self) -> Vec<SealedEntry> {
        let rows: Vec<TextRow> = self.rows("SELECT entry AS text FROM vault_entry", &[]);
        rows.iter().map(|row| read(&row.text)).collect()
    }

    pub fn key(&self) -> Option<WrappedKey> {
        let rows: Vec<TextRow> = self.rows("SELECT key AS text FROM vault_key", &[]);
        rows.first().map(|row| read(&row.text))
    }

    pub fn ledger(&self) -> Vec<LedgerEntryRow> {
        self.rows("SELECT id, tokens, is_reserved FROM ledger", &[])
    }

    /// Ids of the memories in the index.
    pub fn memory_ids(&self) -> Vec<Uuid> {
        let ids: Vec<TextRow> = self.rows("SELECT id AS text FROM memory", &[]);
        ids.iter().filter_map(|row| Uuid::try_parse(&row.text).ok()).collect()
    }

    /// Reads a write that becomes durable.
    fn observe(&self, write: &Write, values: &[SqlValue<'_>], is_recovery: bool) {
        for value in values {
            if let SqlValue::Text(text) = value {
                self.check_masked(&write.table, text);
            }
        }
        let text = |column: &str| {
            let at = write.columns.iter().position(|one| one == column);
            match at.and_then(|at| values.get(at)) {
                Some(SqlValue::Text(text)) => *text,
                _ => "",
            }
        };
        let number = |column: &str| {
            let at = write.columns.iter().position(|one| one == column);
            match at.and_then(|at| values.get(at)) {
                Some(SqlValue::Integer(number)) => *number,
                _ => 0,
            }
        };
        match (write.table.as_str(), write.verb) {
            ("in_flight_turn", Verb::Insert) => self.world.opened(&read::<InFlightTurn>(text("turn"))),
            ("outbox", Verb::Insert) => self.world.closed(&read::<TurnRecord>(text("record")), is_recovery),
            ("outbox", Verb::Delete) if !write.is_limited => self.world.outbox_deleted(self.user),
            ("outbox", Verb::Delete | Verb::Update) => {
                let turn = values.iter().find_map(|value| match value {
                    SqlValue::Text(turn) => Uuid::try_parse(turn).ok(),
                    _ => None,
                });
                let at = values.iter().find_map(|value| match value {
                    SqlValue::Integer(at) => Some(*at),
                    _ => None,
                });
                turn.iter().for_each(|turn| self.world.outbox_changed(*turn, at.unwrap_or(0)));
            }
            ("pending_approval", Verb::Insert) => {
                self.world.waiting(&read::<PendingApproval>(text("answer")));
            }
            ("vault_key", Verb::Insert) => {
                let key: WrappedKey = read(text("key"));
                self.world.key_stored(self.user, &key, &self.config.pii_master_keys);
            }
            ("vault_entry", Verb::Insert) => {
                self.world.value_stored(self.user, &read::<SealedEntry>(text("entry")));
            }
            ("vault_key", Verb::Delete) => self.world.key_deleted(self.user),
            ("ledger", Verb::Insert) => {
                let id = Uuid::try_parse(text("id")).unwrap_or_default();
                let is_reserved = number("is_reserved") == 1;
                if is_reserved {
                    self.check_budget(number("day"));
                }
                self.world.booked(id, is_reserved);
            }
            _ => {}
        }
    }

    /// Nothing raw is stored. The log of a turn has what the model made up as it wrote it, and nothing of the user's.
    fn check_masked(&self, table: &str, text: &str) {
        if table == "turn_log_events" {
            let is_masked = raw_in(text).is_none();
            self.world.check(is_masked, || format!("masks everywhere: a log has {text}"));
        } else {
            self.world.check_masked(table, text);
        }
    }

    /// Reserved and settled tokens are within the user's budget to the token.
    fn check_budget(&self, day: u64) {
        let Some(limit) = self.world.oracle.daily_tokens.get() else { return };
        let spent = self.number("SELECT sum(tokens) AS number FROM ledger WHERE day = ?", &[day.into()]);
        self.world.check(spent <= limit, || format!("{spent} tokens are reserved of {limit}"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.storage.lose();
        let tables: Vec<TextRow> = self.rows(
            // Without the tables in which the full-text index keeps itself.
            "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'memory_words%'
             AND (name NOT LIKE 'sqlite_%' OR name = 'sqlite_sequence')",
            &[],
        );
        let index = "INSERT INTO memory_words (memory_words) VALUES ('delete-all')";
        let emptied = self.storage.exec(index, &[]).is_ok()
            && tables
                .iter()
                .all(|table| self.storage.exec(&format!("DELETE FROM {}", table.text), &[]).is_ok());
        self.storage.set_alarm(None);
        self.storage.confirm();
        if emptied {
            POOL.with_borrow_mut(|pool| pool.push(self.storage.clone()));
        }
    }
}

impl Storage for Disk {
    fn confirm(&self) {
        if self.storage.is_pending() {
            self.storage.confirm();
            self.alarm.set(self.storage.alarm());
        }
    }

    fn lose(&self) {
        self.storage.lose();
    }
}

impl SimSql {
    fn begin(&self) -> bool {
        self.instance.begin_write(&self.disk.world)
    }

    /// Nothing that the object does may be refused by its storage.
    fn checked<T>(&self, statement: &str, result: Result<T, SqlError>) -> Result<T, SqlError> {
        result.inspect_err(|SqlError(cause)| {
            self.disk.world.violated(format!("the storage refuses {statement}: {cause}"));
        })
    }
}

impl Sql for SimSql {
    fn exec(&self, statement: &str, values: &[SqlValue<'_>]) -> Result<(), SqlError> {
        let is_durable = self.begin();
        let result = self.disk.storage.exec(statement, values);
        if is_durable && result.is_ok() {
            with_write(statement, |write| self.disk.observe(write, values, !self.is_started.get()));
        }
        self.checked(statement, result)
    }

    fn rows(&self, query: &str, values: &[SqlValue<'_>]) -> Result<String, SqlError> {
        self.checked(query, self.disk.storage.rows(query, values))
    }

    fn bytes(&self, query: &str, values: &[SqlValue<'_>]) -> Result<Vec<u8>, SqlError> {
        self.checked(query, self.disk.storage.bytes(query, values))
    }

    fn wipe(&self) -> Result<(), SqlError> {
        self.begin();
        self.checked("wipe", self.disk.storage.wipe())
    }

    fn set_alarm(&self, at: Option<Millis>) {
        self.begin();
        self.disk.storage.set_alarm(at);
    }
}

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

thread_local! {
    static WRITES: RefCell<HashMap<String, Option<Rc<Write>>>> = RefCell::default();
}

/// Parses a statement, once.
fn with_write(statement: &str, look: impl FnOnce(&Write)) {
    let known = WRITES.with_borrow(|known| known.get(statement).cloned());
    let write = known.unwrap_or_else(|| {
        let write = parse(statement).map(Rc::new);
        WRITES.with_borrow_mut(|known| known.insert(statement.to_owned(), write.clone()));
        write
    });
    if let Some(write) = write {
        look(&write);
    }
}

fn parse(statement: &str) -> Option<Write> {
    let mut words = statement.split_whitespace();
    let (verb, table) = match words.next()? {
        "INSERT" => {
            let into = words.by_ref().find(|word| *word == "INTO");
            into.and_then(|_| words.next()).map(|table| (Verb::Insert, table))
        }
        "UPDATE" => words.next().map(|table| (Verb::Update, table)),
        "DELETE" => words.nth(1).map(|table| (Verb::Delete, table)),
        _ => None,
    }?;
    let is_limited = statement.contains("WHERE");
    let columns = if verb == Verb::Insert { bound_columns(statement) } else { Vec::new() };
    Some(Write { verb, table: table.to_owned(), columns, is_limited })
}

/// Columns of an insertion that get a bound value, in the order of the values.
fn bound_columns(statement: &str) -> Vec<String> {
    let mut lists = statement.split('(').skip(1).map(|list| list.split(')').next().unwrap_or_default());
    let columns = lists.next().unwrap_or_default().split(',').map(str::trim);
    let values = lists.next().unwrap_or_default().split(',').map(str::trim);
    columns.zip(values).filter(|(_, value)| *value == "?").map(|(column, _)| column.to_owned()).collect()
}
