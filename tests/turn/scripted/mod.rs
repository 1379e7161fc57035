//! Scripted ports: what the model, the database and the storage do is written down beforehand, and everything
//! that the core does to them is kept for the test to look at.

#![allow(unreachable_pub)] // a module of a test is a root and a private module at once
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)] // what is not as scripted fails the test

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::task::Poll;

use frontdesk::api::chat::Ask;
use frontdesk::auth::User;
use frontdesk::config::Config;
use frontdesk::context::receipt::Receipt;
use frontdesk::context::source::Source;
use frontdesk::document::keep::{NewDocument, SavedDocument, TableName};
use frontdesk::employee::Employee;
use frontdesk::error::{Code, Error, Fault};
use frontdesk::memory::embed::{Embedded, Pending};
use frontdesk::memory::facts::{Learned, Unread};
use frontdesk::memory::import::{Imported, ImportedMessage};
use frontdesk::memory::recall::{RecallQuestion, Recalled};
use frontdesk::memory::summary::{NewSummary, Unsummarised};
use frontdesk::model::candidate::Provider;
use frontdesk::model::embedding::Embedding;
use frontdesk::ports::{
    Answer, Clock, Database, Files, Journal, Model, ModelError, Outside, OutsideBody, OutsideError, Patience,
    Ports, Post, Posted, Undelivered, UnsummarisedQuestion, World,
};
use frontdesk::session::load::{LoadSession, LoadedSession, Message, Role};
use frontdesk::session::log::{KEPT_FOR, LogEnding, LogHead, Told, TurnLog};
use frontdesk::session::memory::Memory;
use frontdesk::session::record::{OpenTurn, TurnRecord};
use frontdesk::session::state::SessionState;
use frontdesk::session::tree::{Leaf, Place};
use frontdesk::stream::event::Event;
use frontdesk::time::Millis;
use frontdesk::tools::approval::Suspended;
use frontdesk::turn::{self, Answered};
use frontdesk::user::record::{KeptVault, Restored};
use futures::executor::block_on;
use pii::identity::Identity;
use pii::seal::Secret;
pub use user::ScriptedUser;
use uuid::Uuid;

mod user;

pub const USER: Uuid = Uuid::from_u128(0xaaaa);
pub const SESSION: Uuid = Uuid::from_u128(0x5e55);
pub const START: Millis = 1_795_420_800_000;

/// One step of the model's answer.
#[derive(Clone)]
pub enum Step {
    /// Bytes that come after so many milliseconds.
    Bytes(Millis, String),
    Fail(ModelError),
}

/// What one request to the model comes to; a script that runs out is the end of the body.
pub type Reply = Result<Vec<Step>, ModelError>;

#[derive(Default)]
pub struct ScriptedModel {
    pub replies: RefCell<VecDeque<Reply>>,
    pub requests: RefCell<Vec<serde_json::Value>>,
    pub asked: RefCell<Vec<Provider>>,
    pub embeds_nothing: Cell<bool>,
    /// A text that is refused, with all that comes along with it.
    pub embeds_not: RefCell<Option<String>>,
    pub gathers: Rc<RefCell<Vec<Millis>>>,
    now: Rc<Cell<Millis>>,
}

pub struct ScriptedAnswer {
    steps: VecDeque<Step>,
    gathers: Rc<RefCell<Vec<Millis>>>,
    now: Rc<Cell<Millis>>,
}

impl Model for ScriptedModel {
    type Answer = ScriptedAnswer;

    async fn embed(&self, body: &str) -> Result<String, ModelError> {
        if self.embeds_nothing.get() {
            return Err(ModelError::Timeout);
        }
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let texts = body["input"].as_array().unwrap().clone();
        if texts.iter().any(|text| text.as_str() == self.embeds_not.borrow().as_deref()) {
            return Err(ModelError::Status { status: 400, retry_after: None });
        }
        let data = texts.iter().enumerate().map(|(index, text)| {
            serde_json::json!({ "index": index, "embedding": [text.as_str().unwrap().len()] })
        });
        Ok(serde_json::json!({ "data": data.collect::<Vec<_>>() }).to_string())
    }

    async fn ask(&self, provider: Provider, body: &str, _: Patience) -> Result<ScriptedAnswer, ModelError> {
        self.asked.borrow_mut().push(provider);
        self.requests.borrow_mut().push(serde_json::from_str(body).unwrap());
        let reply = self.replies.borrow_mut().pop_front().expect("one request more than scripted");
        let (gathers, now) = (Rc::clone(&self.gathers), Rc::clone(&self.now));
        reply.map(|steps| ScriptedAnswer { steps: steps.into(), gathers, now })
    }
}

impl Answer for ScriptedAnswer {
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, ModelError> {
        self.gathers.borrow_mut().push(gather);
        yield_now().await;
        match self.steps.pop_front() {
            None => Ok(None),
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Bytes(after, bytes)) => {
                self.now.set(self.now.get() + after.max(gather));
                Ok(Some(bytes.into_bytes()))
            }
        }
    }
}

/// Lets others run, as waiting for bytes does.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[derive(Default)]
pub struct ScriptedDatabase {
    pub loads: RefCell<VecDeque<Result<LoadedSession, Fault>>>,
    pub load_count: Cell<u32>,
    pub down: Cell<bool>,
    pub committed: RefCell<Vec<TurnRecord>>,
    pub refused: Cell<Option<Uuid>>,
    pub parked: RefCell<Vec<(Uuid, String)>>,
    pub asked_for: RefCell<Vec<Leaf>>,
    pub recalled: RefCell<Recalled>,
    pub asked_memory: RefCell<Vec<(String, Option<Embedding>)>>,
    pub pending: RefCell<Vec<Pending>>,
    pub embedded: RefCell<Vec<Embedded>>,
    pub imported: RefCell<Vec<ImportedMessage>>,
    /// What `unread_messages` answers until something of it is read, and `unsummarised_messages` once.
    pub unread: RefCell<Option<serde_json::Value>>,
    pub unsummarised: RefCell<Option<serde_json::Value>>,
    /// What was learned, as it is sent.
    pub saved: RefCell<Vec<serde_json::Value>>,
    pub documents: RefCell<Vec<NewDocument>>,
    pub forgotten: RefCell<Vec<Uuid>>,
    pub tables: RefCell<Vec<TableName>>,
    pub vault: RefCell<KeptVault>,
}

pub fn database_is_down() -> Fault {
    Fault::new(Code::DatabaseUnavailable, "scripted")
}

impl Database for ScriptedDatabase {
    async fn load_session(&self, ask: &LoadSession<'_>) -> Result<LoadedSession, Fault> {
        self.asked_for.borrow_mut().push(ask.leaf);
        self.load_count.set(self.load_count.get() + 1);
        let scripted = self.loads.borrow_mut().pop_front();
        // What is read is on its way while others go on.
        yield_now().await;
        scripted.unwrap_or_else(|| if self.down.get() { Err(database_is_down()) } else { Ok(loaded(vec![])) })
    }

    async fn commit_turn(&self, turn: &TurnRecord) -> Result<(), Fault> {
        if self.down.get() {
            return Err(database_is_down());
        }
        if self.refused.get() == Some(turn.turn_id) {
            return Err(Fault::new(Code::DatabaseRefused, "status 400, 23514"));
        }
        self.committed.borrow_mut().push(turn.clone());
        Ok(())
    }

    async fn park_turn(&self, turn: &TurnRecord, reason: &str) -> Result<(), Fault> {
        self.parked.borrow_mut().push((turn.turn_id, reason.to_owned()));
        Ok(())
    }

    async fn recall(&self, _: &User, question: &RecallQuestion<'_>) -> Result<Recalled, Fault> {
        self.asked_memory.borrow_mut().push((question.query.to_owned(), question.embedding.clone()));
        if self.down.get() { Err(database_is_down()) } else { Ok(self.recalled.borrow().clone()) }
    }

    async fn pending_memories(&self, _: Uuid, limit: u32) -> Result<Vec<Pending>, Fault> {
        Ok(self.pending.borrow().iter().take(limit as usize).cloned().collect())
    }

    async fn save_embeddings(&self, _: Uuid, embedded: &[Embedded]) -> Result<(), Fault> {
        if self.down.get() {
            return Err(database_is_down());
        }
        self.pending.borrow_mut().retain(|memory| embedded.iter().all(|one| one.id != memory.id));
        self.embedded.borrow_mut().extend_from_slice(embedded);
        Ok(())
    }

    async fn unread_messages(&self, _: Uuid, _: &str, _: u32) -> Result<Option<Unread>, Fault> {
        if self.down.get() {
            return Err(database_is_down());
        }
        Ok(self.unread.borrow().clone().map(|unread| serde_json::from_value(unread).unwrap()))
    }

    async fn save_facts(&self, _: Uuid, learned: &Learned) -> Result<(), Fault> {
        if !learned.read.is_empty() {
            self.unread.take();
        }
        self.saved.borrow_mut().push(serde_json::to_value(learned).unwrap());
        Ok(())
    }

    async fn tables(&self, _: &User) -> Result<Vec<TableName>, Fault> {
        Ok(self.tables.borrow().clone())
    }

    async fn forget_facts(&self, _: Uuid, facts: &[Uuid]) -> Result<u64, Fault> {
        self.forgotten.borrow_mut().extend_from_slice(facts);
        Ok(facts.len() as u64)
    }

    async fn unsummarised_messages(
        &self,
        _: &UnsummarisedQuestion<'_>,
    ) -> Result<Option<Unsummarised>, Fault> {
        Ok(self.unsummarised.take().map(|messages| serde_json::from_value(messages).unwrap()))
    }

    async fn save_summary(&self, _: Uuid, summary: &NewSummary) -> Result<(), Fault> {
        self.saved.borrow_mut().push(serde_json::to_value(summary).unwrap());
        Ok(())
    }

    async fn import_messages(
        &self,
        _: Uuid,
        _: &str,
        messages: &[ImportedMessage],
    ) -> Result<Imported, Fault> {
        self.imported.borrow_mut().extend_from_slice(messages);
        Ok(Imported { imported: messages.len() as u64, ..Imported::default() })
    }

    async fn save_document(&self, _: Uuid, document: &NewDocument) -> Result<SavedDocument, Fault> {
        self.documents.borrow_mut().push(document.clone());
        let row = serde_json::value::to_raw_value(&document.id).unwrap();
        Ok(SavedDocument { document: Some(row), is_new: true, gone: false })
    }

    async fn load_vault(&self, _: &User) -> Result<Restored, Fault> {
        if self.down.get() {
            Err(database_is_down())
        } else {
            Ok(Restored { vault: self.vault.borrow().clone(), spent: BTreeMap::new() })
        }
    }

    async fn commit_vault(&self, _: Uuid, vault: &KeptVault) -> Result<(), Fault> {
        if self.down.get() {
            return Err(database_is_down());
        }
        let mut kept = self.vault.borrow_mut();
        kept.key.clone_from(&vault.key);
        for entry in &vault.entries {
            if !kept.entries.contains(entry) {
                kept.entries.push(entry.clone());
            }
        }
        Ok(())
    }
}

/// Storage that survives its object: tests hand the same one to the next.
#[derive(Default)]
pub struct MemoryJournal {
    pub open: RefCell<Option<OpenTurn>>,
    pub logs: RefCell<Vec<(TurnLog, Option<Millis>)>>,
    pub outbox: RefCell<Vec<Undelivered>>,
    pub parked: RefCell<BTreeMap<Uuid, Millis>>,
    pub memory: RefCell<Option<Memory>>,
    pub alarm: Cell<Option<Millis>>,
    pub refuses: Cell<bool>,
    /// As JSON, as storage has it.
    pub suspended: RefCell<Option<String>>,
}

impl MemoryJournal {
    fn storage(&self) -> Result<(), Fault> {
        if self.refuses.get() { Err(Fault::new(Code::Internal, "scripted")) } else { Ok(()) }
    }
}

impl Journal for MemoryJournal {
    fn open(&self, turn: &OpenTurn, head: &LogHead) -> Result<(), Fault> {
        self.storage()?;
        assert!(self.open.replace(Some(turn.clone())).is_none(), "two turns open at once");
        self.suspended.take();
        self.logs.borrow_mut().push((TurnLog { has_begun: true, ..TurnLog::new(head.clone()) }, None));
        Ok(())
    }
    fn amend(&self, turn: &OpenTurn) -> Result<(), Fault> {
        self.storage()?;
        self.open.replace(Some(turn.clone()));
        Ok(())
    }
    fn extend(&self, turn: Uuid, told: &[Told]) -> Result<(), Fault> {
        self.storage()?;
        let mut logs = self.logs.borrow_mut();
        let (log, _) = logs.iter_mut().find(|(log, _)| log.head.turn_id == turn).expect("no log");
        log.told.extend_from_slice(told);
        Ok(())
    }
    fn suspend(&self, answer: &Suspended) -> Result<(), Fault> {
        self.storage()?;
        self.suspended.replace(Some(serde_json::to_string(answer).unwrap()));
        Ok(())
    }
    fn suspended(&self) -> Option<Suspended> {
        self.suspended.borrow().as_ref().map(|json| serde_json::from_str(json).unwrap())
    }
    fn left_open(&self) -> Option<OpenTurn> {
        self.open.borrow().clone()
    }
    fn log(&self, turn: Uuid) -> Option<TurnLog> {
        self.logs.borrow().iter().map(|(log, _)| log).find(|log| log.head.turn_id == turn).cloned()
    }
    fn turn_of(&self, client_message_id: &str) -> Option<Uuid> {
        let logs = self.logs.borrow();
        let mut named = logs.iter().map(|(log, _)| &log.head);
        named
            .find(|head| head.client_message_id.as_deref() == Some(client_message_id))
            .map(|head| head.turn_id)
    }
    fn close(&self, record: &TurnRecord, ending: &LogEnding, now: Millis) -> Result<(), Fault> {
        self.storage()?;
        self.outbox.borrow_mut().push(Undelivered { record: record.clone(), attempts: 0, is_settled: false });
        let mut logs = self.logs.borrow_mut();
        logs.retain(|(_, ended)| ended.is_none_or(|ended| ended + KEPT_FOR > now));
        for (log, ended) in logs.iter_mut().filter(|(log, _)| log.head.turn_id == record.turn_id) {
            (log.ending, *ended) = (Some(ending.clone()), Some(now));
        }
        self.open.take();
        Ok(())
    }
    fn outbox(&self, limit: u32) -> Vec<Undelivered> {
        self.outbox.borrow().iter().take(limit as usize).cloned().collect()
    }
    fn due(&self, limit: u32) -> Vec<Undelivered> {
        let (outbox, parked) = (self.outbox.borrow(), self.parked.borrow());
        let is_due = |entry: &&Undelivered| !parked.contains_key(&entry.record.turn_id);
        outbox.iter().filter(is_due).take(limit as usize).cloned().collect()
    }
    fn delivered(&self, turn: Uuid) -> Result<(), Fault> {
        self.storage()?;
        self.outbox.borrow_mut().retain(|entry| entry.record.turn_id != turn);
        self.parked.borrow_mut().remove(&turn);
        Ok(())
    }
    fn park(&self, turn: Uuid, now: Millis) -> Result<(), Fault> {
        self.storage()?;
        self.parked.borrow_mut().insert(turn, now);
        Ok(())
    }
    fn unpark(&self, before: Millis) {
        self.parked.borrow_mut().retain(|_, at| *at > before);
    }
    fn settled(&self, turn: Uuid) -> Result<(), Fault> {
        self.storage()?;
        for entry in self.outbox.borrow_mut().iter_mut().filter(|entry| entry.record.turn_id == turn) {
            entry.is_settled = true;
        }
        Ok(())
    }
    fn postpone(&self, turn: Uuid) {
        for entry in self.outbox.borrow_mut().iter_mut().filter(|entry| entry.record.turn_id == turn) {
            entry.attempts += 1;
        }
    }
    fn remember(&self, memory: &Memory) {
        self.memory.replace(Some(memory.clone()));
    }
    fn recollect(&self) -> Option<Memory> {
        self.memory.borrow().clone()
    }
    async fn wake_at(&self, when: Millis) {
        self.alarm.set(Some(when));
    }
}

#[derive(Default)]
pub struct ScriptedClock {
    pub now: Rc<Cell<Millis>>,
    pub slept: RefCell<Vec<Millis>>,
    random: Cell<u8>,
}

impl Clock for ScriptedClock {
    fn now(&self) -> Millis {
        self.now.get()
    }
    async fn sleep(&self, span: Millis) {
        self.slept.borrow_mut().push(span);
        // Whoever is watched meanwhile is done, or never will be.
        for _ in 0..20 {
            yield_now().await;
        }
        self.now.set(self.now.get() + span);
    }
    /// Different each time, and small at its first byte, so that pauses are full.
    fn random(&self) -> [u8; 16] {
        let n = self.random.replace(self.random.get().wrapping_add(1));
        let mut bytes = [n; 16];
        bytes[0] = 0;
        bytes
    }
    fn secret(&self) -> Option<Secret> {
        let mut secret = Secret::default();
        secret[..16].copy_from_slice(&self.random());
        Some(secret)
    }
}

/// Files in memory.
#[derive(Default)]
pub struct MemoryFiles(pub RefCell<BTreeMap<(Uuid, Uuid), Vec<u8>>>);

impl Files for MemoryFiles {
    async fn put(&self, user: Uuid, file: Uuid, bytes: Vec<u8>) -> Result<(), Fault> {
        self.0.borrow_mut().insert((user, file), bytes);
        Ok(())
    }

    async fn get(&self, user: Uuid, file: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.borrow().get(&(user, file)).cloned())
    }
}

/// Nobody answers. Remote servers have tests of their own, beside their client.
#[derive(Default)]
pub struct NobodyOutside {
    pub asked: Cell<u32>,
}

pub struct NoBody;

impl Outside for NobodyOutside {
    type Body = NoBody;

    async fn post(&self, _: &Post<'_>) -> Result<Posted<NoBody>, OutsideError> {
        self.asked.set(self.asked.get() + 1);
        Err(OutsideError::Broken)
    }
}

impl OutsideBody for NoBody {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, OutsideError> {
        Ok(None)
    }
}

/// What is scripted.
pub struct Scripted;

impl World for Scripted {
    type Database = ScriptedDatabase;
    type User = ScriptedUser;
    type Model = ScriptedModel;
    type Journal = MemoryJournal;
    type Clock = ScriptedClock;
    type Files = MemoryFiles;
    type Outside = NobodyOutside;
}

/// One Session object over scripted ports.
pub struct Desk {
    pub state: SessionState,
    pub ports: Ports<Scripted>,
    pub config: Config,
}

impl Default for Desk {
    fn default() -> Self {
        let now = Rc::new(Cell::new(START));
        let clock = ScriptedClock { now: Rc::clone(&now), slept: RefCell::default(), random: Cell::new(1) };
        let model = ScriptedModel { now, ..ScriptedModel::default() };
        let (database, object, journal) =
            (ScriptedDatabase::default(), ScriptedUser::default(), MemoryJournal::default());
        let (files, outside) = (MemoryFiles::default(), NobodyOutside::default());
        let ports = Ports { database, user: object, model, journal, clock, files, outside };
        Self { state: SessionState::default(), ports, config: config() }
    }
}

/// What a client saw of a turn.
#[derive(Debug, Default)]
pub struct Seen {
    pub text: String,
    pub frames: usize,
    pub error: Option<String>,
    pub finished: bool,
    pub stopped: bool,
    pub receipt: Option<Receipt>,
    pub sources: Vec<Source>,
    /// What happened with calls, step by step.
    pub calls: Vec<String>,
    /// Which model answered, as the end says.
    pub model: Option<String>,
}

impl Desk {
    /// The model will answer its next request so.
    pub fn model_says(&self, reply: Reply) -> &Self {
        self.ports.model.replies.borrow_mut().push_back(reply);
        self
    }

    /// A whole turn up to its last event, without delivery.
    pub fn turn(&self, message: &str) -> Result<(Seen, Answered), Error> {
        self.turn_with(ask(message))
    }

    pub fn turn_with(&self, ask: Ask) -> Result<(Seen, Answered), Error> {
        block_on(async {
            let prepared = turn::prepare(&self.state, user(), ask, &self.config, &self.ports).await?;
            let mut seen = Seen::default();
            let answered =
                turn::answer(prepared, &self.state, &self.config, &self.ports, |event| seen.see(event)).await;
            Ok((seen, answered))
        })
    }

    pub fn deliver(&self) -> Result<(), Fault> {
        let Ports { database, user, journal, clock, .. } = &self.ports;
        block_on(frontdesk::session::outbox::deliver(database, user, journal, clock))
    }

    /// The contents of the messages that the model last got, without the persona.
    pub fn last_prompt(&self) -> Vec<String> {
        let requests = self.ports.model.requests.borrow();
        let messages = requests.last().unwrap()["messages"].as_array().unwrap().clone();
        messages.iter().skip(1).map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }
}

impl Seen {
    pub fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(_) => {}
            Event::Receipt(receipt) => self.receipt = Some((*receipt).clone()),
            Event::Source(source) => self.sources.push((*source).clone()),
            Event::Text(text) => {
                self.frames += 1;
                self.text.push_str(text);
            }
            Event::Call(_, call) => self.calls.push(format!("{call:?}")),
            Event::Step => self.calls.push("Step".into()),
            Event::HandOver(who) => self.calls.push(format!("HandOver {}", who.employee)),
            Event::Finish(_, summary) => {
                self.finished = true;
                self.model.clone_from(&summary.model);
            }
            Event::Stopped(_) => self.stopped = true,
            Event::Error(error) | Event::Interrupted(error) => self.error = Some((*error).to_owned()),
        }
    }
}

pub fn user() -> User {
    let identity =
        Identity { email: Some("ada@example.com".into()), phone: None, name: Some("Ada Lovelace".into()) };
    User { id: USER, token: "token".into(), identity }
}

pub fn ask(message: &str) -> Ask {
    Ask {
        session_id: SESSION,
        message: message.into(),
        place: Place::Newest,
        employee: None,
        stream: true,
        client_message_id: Some("mine-1".into()),
        remember: true,
    }
}

pub fn config() -> Config {
    let vars = [
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "service"),
        ("OPENAI_API_KEY", "sk-1"),
        ("PII_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
    ];
    Config::read(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())).unwrap()
}

pub fn employee() -> Employee {
    Employee {
        slug: "prime-boss".into(),
        system_prompt: "You run the desk.".into(),
        temperature: Some(0.5),
        max_output_tokens: Some(800),
        ..Employee::default()
    }
}

pub fn loaded(messages: Vec<Message>) -> LoadedSession {
    LoadedSession {
        foreign: false,
        employee: Some(employee()),
        price: None,
        prices: BTreeMap::new(),
        limits: None,
        messages,
    }
}

pub fn message(n: u128, role: Role, content: &str) -> Message {
    let parent_id = (n > 1).then(|| Uuid::from_u128(n - 1));
    Message {
        id: Uuid::from_u128(n),
        parent_id,
        name: None,
        role,
        content: content.into(),
        content_tokens: 2,
        tool_calls: None,
    }
}

/// A chunk of a chat completion with that text.
pub fn chunk(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({"choices": [{"delta": {"content": text}}]}))
}

/// The end of a chat completion: reason, usage, `[DONE]`.
pub fn end() -> String {
    concat!(
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":4}}\n\n",
        "data: [DONE]\n\n"
    )
    .into()
}

/// An answer that says something and calls tools: names and arguments.
#[allow(clippy::unnecessary_wraps)] // a reply is what scripts are made of
pub fn calling(text: &str, calls: &[(&str, &str)]) -> Reply {
    calling_ending("tool_calls", text, calls)
}

/// The same, with a reason for its end.
#[allow(clippy::unnecessary_wraps)]
pub fn calling_ending(reason: &str, text: &str, calls: &[(&str, &str)]) -> Reply {
    let deltas: String = calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            let call = serde_json::json!({
                "index": index, "id": "call_1", "type": "function",
                "function": { "name": name, "arguments": arguments },
            });
            let call = serde_json::json!({"choices": [{"delta": {"tool_calls": [call]}}]});
            format!("data: {call}\n\n")
        })
        .collect();
    Ok(vec![Step::Bytes(100, chunk(text) + &deltas + &end().replace("\"stop\"", &format!("{reason:?}")))])
}

/// What a model wrote, as a log has it.
pub fn said(text: &str) -> Told {
    Told::Text(text.into())
}

/// A whole answer in one piece.
#[allow(clippy::unnecessary_wraps)] // a reply is what scripts are made of
pub fn whole(text: &str) -> Reply {
    Ok(vec![Step::Bytes(100, chunk(text) + &end())])
}
