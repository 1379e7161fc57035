//! Supabase's database, with a scripted answer for each function. Committed turns are typed, and a session is read as they left
//! it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use frontdesk::chat::employee::Employee;
use frontdesk::chat::limits::UserLimits;
use frontdesk::chat::message::{Message, Role};
use frontdesk::chat::price::Price;
use frontdesk::ports::{Caller, DatabaseError, Postgrest, RpcCall};
use frontdesk::session::record::{MessageRecord, TurnRecord};
use frontdesk::time::Millis;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::clock::ScriptedClock;
use super::fixtures::session_row;
use super::sqlite::SqliteStorage;

/// Milliseconds that a slow session's record takes.
pub const SLOW_COMMIT: Millis = 60_000;

/// Answers of `load_session` and `load_terms`.
#[derive(Clone, Serialize)]
pub struct SessionRow {
    pub foreign: bool,
    pub employee: Option<Employee>,
    pub price: Option<Price>,
    pub prices: BTreeMap<String, Price>,
    pub limits: Option<UserLimits>,
    pub messages: Vec<Message>,
}

/// One call of a function.
#[derive(Clone, Debug)]
pub struct Call {
    pub function: String,
    pub arguments: Value,
    /// `true` for a call with the service key.
    pub is_service: bool,
}

/// The failure of one call of a function.
struct OneFailure {
    function: String,
    /// Number of the call, from 0.
    call: usize,
    /// Set when it has failed.
    failed: Rc<Cell<bool>>,
}

/// The database. Clones are handles of the same one.
#[derive(Clone)]
pub struct ScriptedPostgrest(Rc<Inner>);

struct Inner {
    clock: ScriptedClock,
    storage: SqliteStorage,
    calls: RefCell<Vec<Call>>,
    is_down: Cell<bool>,
    is_instant: Cell<bool>,
    failing: RefCell<BTreeMap<String, DatabaseError>>,
    failing_after: RefCell<BTreeMap<String, (usize, DatabaseError)>>,
    failing_once: RefCell<Option<OneFailure>>,
    profile: RefCell<SessionRow>,
    loads: RefCell<VecDeque<SessionRow>>,
    terms: RefCell<VecDeque<SessionRow>>,
    messages: RefCell<Vec<(Uuid, MessageRecord)>>,
    committed: RefCell<Vec<TurnRecord>>,
    refused: RefCell<BTreeSet<Uuid>>,
    slow: RefCell<BTreeSet<Uuid>>,
    parked: RefCell<Vec<(Uuid, String)>>,
    /// Work that stalls, with the reason, and work that goes on.
    stalled: RefCell<Vec<(String, Option<String>)>>,
    /// Moment of the last request to erase the user, and the counts once it is carried out.
    erased: RefCell<Option<(Value, Option<Value>)>>,
    /// Moments at which sessions were deleted.
    deleted: RefCell<BTreeMap<Uuid, DateTime<Utc>>>,
    changes: RefCell<BTreeMap<Uuid, Value>>,
    session_files: RefCell<Vec<Uuid>>,
    /// Rows of each kind, and the rows that an answer has at most.
    exported: RefCell<(BTreeMap<String, Vec<Value>>, u64)>,
    memories: RefCell<Vec<Value>>,
    forgotten_messages: RefCell<Vec<Uuid>>,
    facts: RefCell<Value>,
    pending: RefCell<Vec<Value>>,
    embedded: RefCell<Vec<Value>>,
    unread: RefCell<Option<Value>>,
    unsummarised: RefCell<Option<Value>>,
    untitled: RefCell<Option<Value>>,
    saved: RefCell<Vec<Value>>,
    forgotten: RefCell<Vec<Value>>,
    forget_result: RefCell<Option<Value>>,
    documents: RefCell<Vec<Value>>,
    tables: RefCell<Value>,
    vault: RefCell<Value>,
    spent: RefCell<Value>,
    /// Spending of all users.
    deployment: RefCell<Value>,
}

impl ScriptedPostgrest {
    /// An empty database that answers by `clock`, for an object over `storage`.
    pub fn new(clock: ScriptedClock, storage: SqliteStorage) -> Self {
        Self(Rc::new(Inner {
            clock,
            storage,
            calls: RefCell::default(),
            is_down: Cell::default(),
            is_instant: Cell::default(),
            failing: RefCell::default(),
            failing_after: RefCell::default(),
            profile: RefCell::new(session_row()),
            loads: RefCell::default(),
            terms: RefCell::default(),
            messages: RefCell::default(),
            committed: RefCell::default(),
            refused: RefCell::default(),
            slow: RefCell::default(),
            parked: RefCell::default(),
            stalled: RefCell::default(),
            deleted: RefCell::default(),
            changes: RefCell::default(),
            session_files: RefCell::default(),
            exported: RefCell::default(),
            memories: RefCell::default(),
            forgotten_messages: RefCell::default(),
            facts: RefCell::new(json!([])),
            pending: RefCell::default(),
            embedded: RefCell::default(),
            unread: RefCell::default(),
            unsummarised: RefCell::default(),
            untitled: RefCell::default(),
            saved: RefCell::default(),
            forgotten: RefCell::default(),
            forget_result: RefCell::default(),
            failing_once: RefCell::default(),
            erased: RefCell::default(),
            documents: RefCell::default(),
            tables: RefCell::new(json!([])),
            vault: RefCell::new(json!({ "key": null, "entries": [] })),
            spent: RefCell::new(json!({})),
            deployment: RefCell::new(json!({ "tokens": 0, "usd": 0 })),
        }))
    }

    /// Sets the tokens that all users have spent.
    pub fn set_deployment_tokens(&self, tokens: u64) {
        self.0.deployment.replace(json!({ "tokens": tokens, "usd": 0.5 }));
    }

    /// Takes the database down, or brings it back.
    pub fn set_down(&self, is_down: bool) {
        self.0.is_down.set(is_down);
    }

    /// Answers without a pause from now on, or with one again.
    pub fn set_instant(&self, is_instant: bool) {
        self.0.is_instant.set(is_instant);
    }

    /// Fails the calls of a function from now on.
    pub fn fail(&self, function: &str, error: DatabaseError) {
        self.0.failing.borrow_mut().insert(function.to_owned(), error);
    }

    /// Fails the calls of a function once it was called so many times more.
    pub fn fail_after(&self, function: &str, calls: usize, error: DatabaseError) {
        let last = self.calls_of(function).len() + calls;
        self.0.failing_after.borrow_mut().insert(function.to_owned(), (last, error));
    }

    /// Fails the call number `call` of a function, from 0, and sets `failed` then.
    pub fn fail_once_after(&self, function: &str, call: usize, failed: &Rc<Cell<bool>>) {
        let (function, failed) = (function.to_owned(), Rc::clone(failed));
        self.0.failing_once.replace(Some(OneFailure { function, call, failed }));
    }

    /// Ends the failures of a function.
    pub fn mend(&self, function: &str) {
        self.0.failing.borrow_mut().remove(function);
    }

    /// Changes the employee, prices and limits of every session.
    pub fn profile(&self, change: impl FnOnce(&mut SessionRow)) {
        change(&mut self.0.profile.borrow_mut());
    }

    /// The answer to the next `load_session` that has none yet, in place of the session as it is stored.
    pub fn answer_load(&self, row: SessionRow) {
        self.0.terms.borrow_mut().push_back(row.clone());
        self.0.loads.borrow_mut().push_back(row);
    }

    /// Refuses the record of a turn.
    pub fn refuse(&self, turn: Uuid) {
        self.0.refused.borrow_mut().insert(turn);
    }

    /// Takes every record again.
    pub fn refuse_none(&self) {
        self.0.refused.borrow_mut().clear();
    }

    /// Takes [`SLOW_COMMIT`] for each record of a session.
    pub fn slow_down(&self, session: Uuid) {
        self.0.slow.borrow_mut().insert(session);
    }

    /// Memories of the user, newest first, as `memories` returns them.
    pub fn set_memories(&self, memories: Vec<Value>) {
        self.0.memories.replace(memories);
    }

    /// Messages that are forgotten with the next facts.
    pub fn forgets_with(&self, messages: Vec<Uuid>) {
        self.0.forgotten_messages.replace(messages);
    }

    /// Facts about the user, as `current_facts` returns them.
    pub fn set_facts(&self, facts: Value) {
        self.0.facts.replace(facts);
    }

    /// Memories without a vector.
    pub fn set_pending(&self, pending: Vec<Value>) {
        self.0.pending.replace(pending);
    }

    /// The answer to `unread_messages` until something of it is read.
    pub fn set_unread(&self, unread: Value) {
        self.0.unread.replace(Some(unread));
    }

    /// The next answer to `unsummarised_messages`.
    pub fn set_unsummarised(&self, unsummarised: Value) {
        self.0.unsummarised.replace(Some(unsummarised));
    }

    /// The next answer to `untitled_session`.
    pub fn set_untitled(&self, untitled: Value) {
        self.0.untitled.replace(Some(untitled));
    }

    /// The next answer to `forget_facts`.
    pub fn set_forgotten(&self, result: Value) {
        self.0.forget_result.replace(Some(result));
    }

    /// The user's documents that are tables.
    pub fn set_tables(&self, tables: Value) {
        self.0.tables.replace(tables);
    }

    /// Files of the next session that is deleted.
    pub fn set_session_files(&self, files: &[Uuid]) {
        self.0.session_files.replace(files.to_vec());
    }

    /// Rows of a kind, as `export_user` returns them. An answer with more rows than `most` is too large.
    pub fn set_exported(&self, kind: &str, rows: Vec<Value>, most: u64) {
        let mut exported = self.0.exported.borrow_mut();
        exported.0.insert(kind.to_owned(), rows);
        exported.1 = most;
    }

    /// Sets today's spending in the answers of `load_vault`.
    pub fn set_spent(&self, spent: Value) {
        self.0.spent.replace(spent);
    }

    /// All calls, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls.borrow().clone()
    }

    /// Arguments of the calls of a function, in order.
    pub fn calls_of(&self, function: &str) -> Vec<Value> {
        let calls = self.0.calls.borrow();
        calls.iter().filter(|call| call.function == function).map(|call| call.arguments.clone()).collect()
    }

    /// Names of the functions that were called, in order.
    pub fn functions(&self) -> Vec<String> {
        self.0.calls.borrow().iter().map(|call| call.function.clone()).collect()
    }

    /// Ends of the paths that were read, as `load_session` takes them.
    pub fn path_ends(&self) -> Vec<Value> {
        self.calls_of("load_session").into_iter().map(|arguments| arguments["p_leaf"].clone()).collect()
    }

    /// Records that were taken, in order.
    pub fn committed(&self) -> Vec<TurnRecord> {
        self.0.committed.borrow().clone()
    }

    /// Questions of the records that were taken, in order.
    pub fn committed_questions(&self) -> Vec<String> {
        let committed = self.0.committed.borrow();
        committed.iter().map(|record| record.messages[0].content.to_string()).collect()
    }

    /// Work that stalled, with the reason, and work that went on again.
    pub fn stalled(&self) -> Vec<(String, Option<String>)> {
        self.0.stalled.borrow().clone()
    }

    /// Turns that were parked, with the reason.
    pub fn parked(&self) -> Vec<(Uuid, String)> {
        self.0.parked.borrow().clone()
    }

    /// Vectors that were saved.
    pub fn embedded(&self) -> Vec<Value> {
        self.0.embedded.borrow().clone()
    }

    /// Memories that have no vector.
    pub fn pending(&self) -> Vec<Value> {
        self.0.pending.borrow().clone()
    }

    /// `true` while messages are left to extract facts from.
    pub fn has_unread(&self) -> bool {
        self.0.unread.borrow().is_some()
    }

    /// Facts and summaries that were saved, as they were sent.
    pub fn saved(&self) -> Vec<Value> {
        self.0.saved.borrow().clone()
    }

    /// Ids of the facts that were forgotten.
    pub fn forgotten(&self) -> Vec<Value> {
        self.0.forgotten.borrow().clone()
    }

    /// Documents that were saved, as they were sent.
    pub fn documents(&self) -> Vec<Value> {
        self.0.documents.borrow().clone()
    }

    /// Has that copy of a vault.
    pub fn set_vault(&self, vault: Value) {
        self.0.vault.replace(vault);
    }

    /// The vault's copy.
    pub fn vault(&self) -> Value {
        self.0.vault.borrow().clone()
    }

    fn note_stalled_work(&self, arguments: &Value) -> Value {
        let text = |name: &str| arguments[name].as_str().map(str::to_owned);
        self.0.stalled.borrow_mut().push((text("p_work").unwrap(), text("p_reason")));
        Value::Null
    }

    fn answer(&self, function: &str, arguments: &Value) -> Result<Value, DatabaseError> {
        let committed = || Ok(json!({ "committed": true }));
        match function {
            "load_session" => Ok(self.load_session(arguments)),
            "load_terms" => Ok(self.load_terms()),
            "deployment_spending" => Ok(self.0.deployment.borrow().clone()),
            "commit_turn" => self.commit_turn(arguments).and_then(|()| committed()),
            "park_turn" => {
                let reason = arguments["p_reason"].as_str().unwrap().to_owned();
                self.0.parked.borrow_mut().push((uuid(&arguments["p_turn"]), reason));
                Ok(Value::Null)
            }
            "note_stalled_work" => Ok(self.note_stalled_work(arguments)),
            "memories" => Ok(self.memories(arguments)),
            "current_facts" => Ok(self.0.facts.borrow().clone()),
            "pending_memories" => {
                let limit = usize::try_from(arguments["p_limit"].as_u64().unwrap()).unwrap();
                Ok(self.0.pending.borrow().iter().take(limit).cloned().collect())
            }
            "save_embeddings" => {
                let saved = arguments["p_embeddings"].as_array().unwrap();
                let is_saved = |memory: &Value| saved.iter().any(|one| one["id"] == memory["id"]);
                self.0.pending.borrow_mut().retain(|memory| !is_saved(memory));
                self.0.embedded.borrow_mut().extend_from_slice(saved);
                Ok(Value::Null)
            }
            "unread_messages" => Ok(self.0.unread.borrow().clone().unwrap_or(Value::Null)),
            "save_facts" => {
                let extraction = &arguments["p_extraction"];
                if extraction["read"].as_array().is_some_and(|read| !read.is_empty()) {
                    self.0.unread.take();
                }
                self.0.saved.borrow_mut().push(extraction.clone());
                committed()
            }
            "untitled_session" => Ok(self.0.untitled.take().unwrap_or(Value::Null)),
            "save_title" => {
                self.0.saved.borrow_mut().push(arguments.clone());
                committed()
            }
            "unsummarised_messages" => Ok(self.0.unsummarised.take().unwrap_or(Value::Null)),
            "save_summary" => {
                self.0.saved.borrow_mut().push(arguments["p_summary"].clone());
                committed()
            }
            "forget_facts" => {
                let facts = arguments["p_facts"].as_array().unwrap();
                self.0.forgotten.borrow_mut().extend_from_slice(facts);
                let scripted = self.0.forget_result.take();
                Ok(scripted.unwrap_or_else(
                    || json!({ "facts": facts.len(), "messages": *self.0.forgotten_messages.borrow() }),
                ))
            }
            "save_document" => {
                let document = &arguments["p_document"];
                if self.is_gone(&document["received_at"]) {
                    return Ok(json!({ "gone": true, "is_new": false }));
                }
                self.0.documents.borrow_mut().push(document.clone());
                Ok(json!({ "document": document["id"], "is_new": true }))
            }
            "import_messages" => {
                let messages = arguments["p_messages"].as_array().unwrap();
                if self.is_gone(&arguments["p_started_at"]) {
                    return Ok(json!({ "gone": true }));
                }
                let ids: Vec<_> = messages.iter().map(|message| message["id"].clone()).collect();
                Ok(json!({ "imported": ids.len(), "known": 0, "added": ids }))
            }
            "load_vault" => {
                let mut vault = self.0.vault.borrow().clone();
                vault["spent"] = self.0.spent.borrow().clone();
                Ok(vault)
            }
            "commit_vault" => {
                self.commit_vault(&arguments["p_vault"]);
                committed()
            }
            "export_user" => self.export_user(arguments),
            "list_sessions" => Ok(self.list_sessions(arguments)),
            "update_session" => Ok(self.update_session(arguments)),
            "user_usage" => Ok(self.user_usage(arguments)),
            "save_feedback" => {
                let messages = self.0.messages.borrow();
                let is_known = messages.iter().any(|(_, message)| {
                    message.role == Role::Assistant && message.id == uuid(&arguments["p_message"])
                });
                Ok(json!({ "saved": is_known }))
            }
            "delete_session" => Ok(self.delete_session(arguments)),
            "unmask_policies" => Ok(json!({})),
            "erase_user" => Ok(self.erase_user(arguments)),
            other => panic!("{other} is not scripted"),
        }
    }

    /// The limits of the profile, and no usage.
    fn user_usage(&self, arguments: &Value) -> Value {
        let SessionRow { employee, limits, .. } = self.0.profile.borrow().clone();
        let Employee { slug, messages_per_minute, budget, .. } = employee.unwrap();
        let limits_of_employee = UserLimits { messages_per_minute, budget };
        let mut employee = serde_json::to_value(limits_of_employee).unwrap();
        employee["employee"] = json!(slug);
        let period = |since: &str| {
            json!({
                "since": arguments[since], "requests": 0, "total_tokens": 0, "cost_usd": 0, "by": [],
            })
        };
        json!({
            "today": period("p_today"), "month": period("p_month"),
            "limits": limits.unwrap_or_default(), "employees": [employee],
        })
    }

    /// A page of the memories.
    fn memories(&self, arguments: &Value) -> Value {
        let memories = self.0.memories.borrow();
        let is_before = |memory: &&Value| memory["id"] == arguments["p_before_id"];
        let from = memories.iter().position(|memory| is_before(&memory)).map_or(0, |at| at + 1);
        let limit = usize::try_from(arguments["p_limit"].as_u64().unwrap()).unwrap();
        memories.iter().skip(from).take(limit).cloned().collect()
    }

    fn load_session(&self, arguments: &Value) -> Value {
        let scripted = self.0.loads.borrow_mut().pop_front();
        let row = scripted.unwrap_or_else(|| SessionRow {
            messages: self.path(uuid(&arguments["p_session"]), &arguments["p_leaf"]),
            ..self.0.profile.borrow().clone()
        });
        serde_json::to_value(row).unwrap()
    }

    fn load_terms(&self) -> Value {
        let scripted = self.0.terms.borrow_mut().pop_front();
        let SessionRow { employee, price, prices, limits, .. } =
            scripted.unwrap_or_else(|| self.0.profile.borrow().clone());
        json!({ "employee": employee, "price": price, "prices": prices, "limits": limits })
    }

    /// The path to a message of a session, as it is stored; to the newest one for `null`.
    fn path(&self, session: Uuid, leaf: &Value) -> Vec<Message> {
        let messages = self.0.messages.borrow();
        let own: Vec<_> =
            messages.iter().filter(|(owner, _)| *owner == session).map(|(_, one)| one).collect();
        let mut next = match leaf {
            Value::Null => own.iter().max_by_key(|message| message.created_at).map(|message| message.id),
            leaf => Some(uuid(leaf)),
        };
        let mut path = Vec::new();
        while let Some(found) = next.and_then(|id| own.iter().find(|message| message.id == id)) {
            path.push(message(found));
            next = found.parent_id;
        }
        path.reverse();
        path
    }

    fn commit_turn(&self, arguments: &Value) -> Result<(), DatabaseError> {
        let mut record: TurnRecord = serde_json::from_value(arguments["p_turn"].clone()).unwrap();
        if self.0.refused.borrow().contains(&record.turn_id) {
            return Err(DatabaseError::Refused("commit_turn: status 400, 23514".into()));
        }
        if self.0.deleted.borrow().get(&record.session_id).is_some_and(|at| *at >= record.started_at) {
            record.strip();
        }
        let mut messages = self.0.messages.borrow_mut();
        for message in &record.messages {
            messages.retain(|(_, known)| known.id != message.id);
            messages.push((record.session_id, message.clone()));
        }
        self.0.committed.borrow_mut().push(record);
        Ok(())
    }

    /// A row of a session, as `list_sessions` returns it.
    fn session(&self, id: Uuid) -> Option<Value> {
        let committed = self.0.committed.borrow();
        let turns: Vec<_> = committed
            .iter()
            .filter(|record| record.session_id == id && !record.messages.is_empty())
            .filter(|record| self.0.deleted.borrow().get(&id).is_none_or(|at| *at < record.started_at))
            .collect();
        let first = turns.first()?;
        let mut row = json!({
            "id": id,
            "title": first.title,
            "employee_slug": first.employee_slug,
            "archived": false,
            "pinned": false,
            "message_count": 2 * turns.len(),
            "last_message_at": first.started_at,
            "created_at": first.started_at,
        });
        for (name, value) in self.0.changes.borrow().get(&id).and_then(Value::as_object).into_iter().flatten()
        {
            row[name] = value.clone();
        }
        Some(row)
    }

    fn export_user(&self, arguments: &Value) -> Result<Value, DatabaseError> {
        let exported = self.0.exported.borrow();
        let limit = arguments["p_limit"].as_u64().unwrap();
        if limit > exported.1 && exported.1 > 0 {
            return Err(DatabaseError::TooLarge);
        }
        let rows = exported.0.get(arguments["p_kind"].as_str().unwrap()).cloned().unwrap_or_default();
        let from: usize = arguments["p_after_id"].as_str().map_or(0, |id| id.parse().unwrap());
        let to = rows.len().min(from + usize::try_from(limit).unwrap());
        let after = (to - from == usize::try_from(limit).unwrap())
            .then(|| json!({ "at": "2026-11-23T08:00:00+00:00", "id": to.to_string() }));
        Ok(json!({ "rows": rows[from..to], "after": after }))
    }

    fn list_sessions(&self, arguments: &Value) -> Value {
        let ids: BTreeSet<_> = self.0.committed.borrow().iter().map(|record| record.session_id).collect();
        let is_found = |row: &Value| {
            let title = row["title"].as_str().unwrap().to_lowercase();
            let has = |form: &Value| title.contains(&form.as_str().unwrap().to_lowercase());
            let words = arguments["p_words"].as_array();
            let in_title =
                words.is_none_or(|words| words.iter().all(|forms| forms.as_array().unwrap().iter().any(has)));
            in_title || arguments["p_found"].as_array().unwrap().contains(&row["id"])
        };
        ids.into_iter().filter_map(|id| self.session(id)).filter(is_found).collect()
    }

    fn update_session(&self, arguments: &Value) -> Value {
        let id = uuid(&arguments["p_session"]);
        let changes = arguments["p_changes"].as_object().unwrap().iter();
        let changes = changes.filter(|(_, value)| !value.is_null());
        let changes = changes.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.0.changes.borrow_mut().insert(id, Value::Object(changes));
        self.session(id).unwrap_or(Value::Null)
    }

    fn delete_session(&self, arguments: &Value) -> Value {
        let id = uuid(&arguments["p_session"]);
        if self.session(id).is_none() && arguments["p_is_known"] == false {
            return json!({ "deleted": false, "files": [] });
        }
        let at = serde_json::from_value(arguments["p_requested_at"].clone()).unwrap();
        self.0.deleted.borrow_mut().insert(id, at);
        self.0.messages.borrow_mut().retain(|(session, _)| *session != id);
        json!({ "deleted": true, "files": self.0.session_files.take() })
    }

    fn commit_vault(&self, sent: &Value) {
        let mut vault = self.0.vault.borrow_mut();
        vault["key"] = sent["key"].clone();
        let entries = vault["entries"].as_array_mut().unwrap();
        for entry in sent["entries"].as_array().unwrap() {
            if !entries.contains(entry) {
                entries.push(entry.clone());
            }
        }
    }

    /// True if the user was erased at that moment or later.
    fn is_gone(&self, at: &Value) -> bool {
        let time = |at: &Value| serde_json::from_value::<DateTime<Utc>>(at.clone()).unwrap();
        self.0.erased.borrow().as_ref().is_some_and(|(requested_at, _)| time(requested_at) >= time(at))
    }

    /// Has a user who was erased at that moment.
    pub fn set_erased(&self, at: &str) {
        self.0.erased.replace(Some((json!(at), Some(json!({})))));
    }

    /// Everything that is stored of the user, as text.
    pub fn stored(&self) -> String {
        let Inner { messages, committed, documents, vault, .. } = &*self.0;
        format!("{messages:?} {committed:?} {documents:?} {vault:?}")
    }

    /// Deletes the key with the first call of a request, and the rest with the second.
    fn erase_user(&self, arguments: &Value) -> Value {
        let requested_at = arguments["p_requested_at"].clone();
        let last = self.0.erased.borrow().clone();
        if last.as_ref().is_none_or(|(last, _)| *last != requested_at) {
            self.0.vault.replace(json!({ "key": null, "entries": [] }));
            self.0.erased.replace(Some((requested_at, None)));
            return json!({ "chat_pii_keys": 1, "unfinished": true });
        }
        let counts = last.and_then(|(_, counts)| counts).unwrap_or_else(|| {
            let turns = self.0.committed.take().len();
            self.0.messages.take();
            self.0.documents.take();
            json!({ "chat_pii_keys": 1, "chat_messages": 2 * turns })
        });
        self.0.erased.replace(Some((requested_at, Some(counts.clone()))));
        counts
    }

    /// Makes earlier writes durable, and lets other tasks run until the answer is there.
    async fn travel(&self) {
        self.0.storage.confirm();
        if !self.0.is_instant.get() {
            self.0.clock.wait(0).await;
        }
    }
}

impl Postgrest for ScriptedPostgrest {
    async fn call(&self, call: RpcCall<'_>) -> Result<String, DatabaseError> {
        let arguments: Value = serde_json::from_str(call.arguments).unwrap();
        let is_service = call.caller == Caller::Service;
        let function = call.function.to_owned();
        // Postgres reads when the call arrives, and is asked for more while its answer is on the way.
        self.0.calls.borrow_mut().push(Call { function, arguments: arguments.clone(), is_service });
        let session = arguments["p_turn"]["session_id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
        let is_slow = session.is_some_and(|session| self.0.slow.borrow().contains(&session));
        if is_slow {
            self.0.storage.confirm();
            self.0.clock.wait(SLOW_COMMIT).await;
        }
        let failure = self.0.failing.borrow().get(call.function).cloned().or_else(|| {
            let failing = self.0.failing_after.borrow();
            let (last, error) = failing.get(call.function)?;
            (self.calls_of(call.function).len() > *last).then(|| error.clone())
        });
        let failure = failure.or_else(|| {
            let failing = self.0.failing_once.borrow();
            let OneFailure { function, call: number, failed } = failing.as_ref()?;
            let is_it = function == call.function && self.calls_of(call.function).len() == number + 1;
            failed.set(failed.get() || is_it);
            is_it.then(|| DatabaseError::Unavailable("scripted".into()))
        });
        let failure =
            failure.or_else(|| self.0.is_down.get().then(|| DatabaseError::Unavailable("scripted".into())));
        let answer = match failure {
            Some(error) => Err(error),
            None => self.answer(call.function, &arguments),
        };
        self.travel().await;
        Ok(answer?.to_string())
    }

    async fn get(&self, path: &str, _: &str) -> Result<String, DatabaseError> {
        self.travel().await;
        if self.0.is_down.get() {
            return Err(DatabaseError::Unavailable("scripted".into()));
        }
        if let Some(id) = path.strip_prefix("rpc/list_sessions?p_session=") {
            let row = self.session(Uuid::try_parse(id).unwrap());
            return Ok(row.into_iter().collect::<Value>().to_string());
        }
        assert!(path.starts_with("chat_documents?"), "{path} is not scripted");
        Ok(self.0.tables.borrow().to_string())
    }
}

fn uuid(value: &Value) -> Uuid {
    Uuid::try_parse(value.as_str().unwrap()).unwrap()
}

/// A message as `load_session` returns it.
fn message(record: &MessageRecord) -> Message {
    Message {
        id: record.id,
        parent_id: record.parent_id,
        name: record.name().map(ToOwned::to_owned),
        role: record.role,
        content: record.content.clone(),
        content_tokens: record.content_tokens,
        tool_calls: (!record.tool_calls.is_empty()).then(|| record.tool_calls.clone()),
    }
}
