//! Postgres behind PostgREST: it may be away, refuse, answer late or never, and get a call twice. Its functions do what those of
//! `supabase/migrations/` do.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use frontdesk::account::vault::SealedVault;
use frontdesk::chat::limits::{Budget, UserLimits};
use frontdesk::chat::message::{Message, Role};
use frontdesk::chat::tool_call::CallOutcome;
use frontdesk::ports::{Caller, DatabaseError, Postgrest, RpcCall};
use frontdesk::session::record::{MessageRecord, TurnRecord};
use frontdesk::time::Millis;
use futures::channel::oneshot;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::employees;
use super::faults::Fault;
use super::learning::{Memory, Summary};
use super::mock_model::FORGET;
use super::network::{Route, call};
use super::oracle::number_of;
use super::world::{Instance, World};

pub struct Postgres {
    pub world: Rc<World>,
    away_until: Cell<Millis>,
    pub sessions: RefCell<BTreeMap<Uuid, SessionRow>>,
    /// Rows of `chat_usage_log`, by id.
    pub usage: RefCell<BTreeMap<Uuid, UsageRow>>,
    vaults: RefCell<BTreeMap<Uuid, SealedVault>>,
    erased: RefCell<BTreeMap<Uuid, Erased>>,
    /// Parked turns, with their users.
    pub parked: RefCell<BTreeMap<Uuid, Uuid>>,
    /// Status of each tool run.
    pub tool_runs: RefCell<BTreeMap<Uuid, ToolRunRow>>,
    poison: RefCell<BTreeMap<Uuid, Millis>>,
    pub memory: Memory,
    pub limits: UserLimits,
}

/// A session with its messages in the order of their times: a record that was parked comes late and stands where it was said.
pub struct SessionRow {
    pub owner: Uuid,
    pub employee: String,
    pub messages: BTreeMap<(DateTime<Utc>, Uuid), Message>,
    pub summary: Option<Summary>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    pub user: Uuid,
    pub employee: String,
    pub tokens: u64,
    pub created_at: Millis,
    pub is_turn: bool,
}

pub struct ToolRunRow {
    pub user: Uuid,
    pub arguments: Value,
    pub status: String,
}

/// Postgres as one instance reaches it.
pub struct SimPostgrest {
    pub world: Rc<World>,
    pub instance: Rc<Instance>,
    pub postgres: Rc<Postgres>,
    /// Moment at which the instance started.
    pub started_at: Millis,
}

/// A call as it travels.
struct Sent {
    function: String,
    arguments: String,
    /// The user whose access token goes along.
    user: Option<Uuid>,
}

type Answer = Result<String, DatabaseError>;

#[derive(Deserialize)]
struct OfTurn {
    p_turn: TurnRecord,
}

#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    tool_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: Uuid,
    arguments: Value,
    status: String,
}

#[derive(Deserialize)]
struct OfUser {
    p_user: Uuid,
}

#[derive(Deserialize)]
struct Erasure {
    p_user: Uuid,
    p_requested_at: DateTime<Utc>,
}

/// The last erasure of a user.
struct Erased {
    requested_at: DateTime<Utc>,
    at: Millis,
    is_finished: bool,
}

#[derive(Deserialize)]
struct ParkTurn {
    p_turn: Uuid,
    p_user: Uuid,
    p_started_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct CommitVault {
    p_user: Uuid,
    p_vault: SealedVault,
}

#[derive(Deserialize)]
struct LoadSession {
    p_session: Uuid,
    p_limit: usize,
    p_leaf: Option<Uuid>,
}

#[derive(Deserialize)]
struct LoadTerms {
    p_session: Uuid,
    p_employee: Option<String>,
    p_default_employee: String,
}

#[derive(Serialize)]
struct LoadedSession<'a> {
    foreign: bool,
    messages: Vec<&'a Message>,
    summary: Option<Summary>,
}

impl Postgres {
    pub fn new(world: &Rc<World>) -> Rc<Self> {
        // In some runs there is little to spend.
        let daily_tokens = world.rng.one_in(3).then(|| 2000 + world.rng.below(60_000));
        let messages_per_minute = world.rng.one_in(3).then_some(20);
        world.oracle.daily_tokens.set(daily_tokens);
        Rc::new(Self {
            world: Rc::clone(world),
            away_until: Cell::new(0),
            sessions: RefCell::default(),
            usage: RefCell::default(),
            vaults: RefCell::default(),
            erased: RefCell::default(),
            parked: RefCell::default(),
            tool_runs: RefCell::default(),
            poison: RefCell::default(),
            memory: Memory::default(),
            limits: UserLimits { messages_per_minute, budget: Budget { daily_tokens, daily_usd: None } },
        })
    }

    fn is_away(&self) -> bool {
        if self.world.occurs(Fault::Outage) {
            self.away_until.set(self.world.now() + self.world.rng.below(120_000));
        }
        self.world.now() < self.away_until.get() || self.world.occurs(Fault::DatabaseError)
    }

    fn perform(&self, sent: &Sent) -> Answer {
        let Sent { function, arguments, user } = sent;
        Ok(match function.as_str() {
            "load_session" => self.load_session(&read(arguments)),
            "load_terms" => self.load_terms(&read(arguments)),
            "commit_turn" => return self.commit_turn(arguments),
            "park_turn" => self.park_turn(&read(arguments)),
            "note_stalled_work" => String::new(),
            "load_vault" => self.load_vault(user.unwrap_or_default()),
            "commit_vault" => self.commit_vault(read(arguments)),
            "erase_user" => self.erase_user(&read(arguments)),
            "memories" => self.memories(user.unwrap_or_default(), arguments),
            "current_facts" => self.current_facts(read::<OfUser>(arguments).p_user),
            "pending_memories" => self.pending_memories(arguments),
            "save_embeddings" => self.save_embeddings(arguments),
            "unread_messages" => self.unread_messages(arguments),
            "save_facts" => self.save_facts(arguments),
            "forget_facts" => self.forget_facts(arguments),
            // Names change nothing that the invariants are about.
            "untitled_session" => "null".into(),
            "unsummarised_messages" => self.unsummarised_messages(arguments),
            "save_summary" => self.save_summary(arguments),
            function => {
                self.world.violated(format!("{function} is called, which the simulator does not know"));
                String::new()
            }
        })
    }

    /// True if a user was erased at that moment or later, or is being erased.
    pub fn is_gone(&self, user: Uuid, at: Millis) -> bool {
        self.erased.borrow().get(&user).is_some_and(|erased| erased.at >= at || !erased.is_finished)
    }

    fn load_session(&self, arguments: &LoadSession) -> String {
        let LoadSession { p_session, p_limit, p_leaf } = arguments;
        let sessions = self.sessions.borrow();
        let session = sessions.get(p_session);
        let mut messages = Vec::new();
        if let Some(session) = session {
            let mut next = match p_leaf {
                None => session.messages.values().next_back().map(|message| message.id),
                leaf => *leaf,
            };
            let of_id = |id: Uuid| session.messages.values().rev().find(|message| message.id == id);
            while let Some(message) = next.and_then(of_id) {
                messages.push(message);
                next = message.parent_id.filter(|_| messages.len() < *p_limit);
            }
        }
        messages.reverse();
        to_json(&LoadedSession {
            foreign: false,
            messages,
            summary: session.and_then(|session| session.summary.clone()),
        })
    }

    fn load_terms(&self, arguments: &LoadTerms) -> String {
        let LoadTerms { p_session, p_employee, p_default_employee } = arguments;
        let sessions = self.sessions.borrow();
        let employee = p_employee.as_ref().or(sessions.get(p_session).map(|session| &session.employee));
        let employee = employees::profile(employee.unwrap_or(p_default_employee));
        to_json(&json!({
            "employee": employee, "price": employees::price(), "prices": {}, "limits": self.limits,
        }))
    }

    /// True if that turn is refused now.
    fn is_poison(&self, record: &TurnRecord) -> bool {
        let mut poison = self.poison.borrow_mut();
        let now = self.world.now();
        if self.world.occurs(Fault::Poison) {
            poison.insert(record.turn_id, now + 30_000 + self.world.rng.below(600_000));
            self.world.oracle.parked.borrow_mut().insert(record.session_id);
        }
        !self.world.faults.is_over() && poison.get(&record.turn_id).is_some_and(|until| now < *until)
    }

    /// Idempotent by the turn's id.
    fn commit_turn(&self, arguments: &str) -> Answer {
        let OfTurn { p_turn: record } = read(arguments);
        if self.is_poison(&record) {
            return Err(DatabaseError::Refused("commit_turn".into()));
        }
        self.parked.borrow_mut().remove(&record.turn_id);
        if self.usage.borrow().contains_key(&record.turn_id) {
            return Ok(r#"{"committed":false}"#.into());
        }
        let started_at = millis(record.started_at);
        if self.is_gone(record.user_id, started_at) {
            self.world.note(|| format!("turn {} is gone", record.turn_id));
            self.world.oracle.turn(record.turn_id, |turn| turn.is_gone = true);
            return Ok(r#"{"committed":false,"gone":true}"#.into());
        }
        self.world.note(|| format!("turn {} is committed", record.turn_id));
        self.world.committed(&record);
        self.usage.borrow_mut().insert(
            record.turn_id,
            UsageRow {
                user: record.user_id,
                employee: record.employee_slug.clone(),
                tokens: record.usage.total_tokens.into(),
                created_at: millis(record.usage.created_at),
                is_turn: true,
            },
        );
        let mut sessions = self.sessions.borrow_mut();
        let session = sessions.entry(record.session_id).or_insert_with(|| SessionRow {
            owner: record.user_id,
            employee: String::new(),
            messages: BTreeMap::new(),
            summary: None,
        });
        session.employee = record.handed_to.clone().unwrap_or_else(|| record.employee_slug.clone());
        if record.continues {
            self.update_answer(session, &record);
        } else {
            self.add_messages(session, &record);
        }
        self.add_tool_runs(session, &record, arguments);
        drop(sessions);
        self.add_facts(record.user_id, &record.facts);
        if record.tool_runs.iter().any(|run| run.succeeded(FORGET)) {
            let answers = record.messages.iter().filter(|message| message.role == Role::Assistant);
            self.forget_messages(&answers.filter_map(|answer| answer.parent_id).collect::<Vec<_>>());
        }
        Ok(r#"{"committed":true}"#.into())
    }

    fn add_messages(&self, session: &mut SessionRow, record: &TurnRecord) {
        let is_known = |new: &MessageRecord| session.messages.values().any(|message| message.id == new.id);
        let is_new = !record.messages.iter().any(is_known);
        self.world.check(is_new, || format!("a message of turn {} is there already", record.turn_id));
        for message in &record.messages {
            // A parent that is not in the session is dropped.
            let has_parent = |id: &Uuid| session.messages.values().any(|known| known.id == *id);
            let stored = Message {
                id: message.id,
                role: message.role,
                parent_id: message.parent_id.filter(has_parent),
                name: message.name().map(ToOwned::to_owned),
                content: message.content.clone(),
                content_tokens: message.content_tokens,
                tool_calls: (!message.tool_calls.is_empty()).then(|| message.tool_calls.clone()),
            };
            session.messages.insert((message.created_at, message.id), stored);
            if record.remember {
                self.memory.remember(record, message);
            }
        }
    }

    fn update_answer(&self, session: &mut SessionRow, record: &TurnRecord) {
        let Some(answer) = record.messages.last() else { return };
        let known = session.messages.values_mut().find(|message| message.id == answer.id);
        let Some(known) = known.filter(|known| known.role == Role::Assistant) else { return };
        known.content.clone_from(&answer.content);
        known.content_tokens = answer.content_tokens;
        known.tool_calls = (!answer.tool_calls.is_empty()).then(|| answer.tool_calls.clone());
        self.memory.forget(answer.id);
        if record.remember {
            self.memory.remember(record, answer);
        }
    }

    fn add_tool_runs(&self, session: &mut SessionRow, record: &TurnRecord, arguments: &str) {
        #[derive(Deserialize)]
        struct OfRuns {
            p_turn: Runs,
        }
        let OfRuns { p_turn: Runs { tool_runs } } = read(arguments);
        let mut known = self.tool_runs.borrow_mut();
        let outcome = |run: &Run| match run.status.as_str() {
            "expired" => Some((run.id, CallOutcome::Expired)),
            "denied" => Some((run.id, CallOutcome::Denied { reason: None })),
            _ => None,
        };
        let withdrawn: BTreeMap<_, _> = tool_runs.iter().filter_map(outcome).collect();
        for run in tool_runs {
            let Run { id, arguments, status } = run;
            self.world.note(|| format!("call {id} is {status} in turn {}", record.turn_id));
            let row = known.entry(id).or_insert_with(|| ToolRunRow {
                user: record.user_id,
                arguments,
                status: "pending".into(),
            });
            if row.status == "pending" {
                row.status = status;
            }
        }
        let calls = session.messages.values_mut().filter(|_| !withdrawn.is_empty());
        for call in calls.flat_map(|message| message.tool_calls.iter_mut().flatten()) {
            let outcome = withdrawn.get(&call.id).filter(|_| call.is_waiting());
            outcome.into_iter().for_each(|outcome| call.outcome = outcome.clone());
        }
    }

    fn park_turn(&self, arguments: &ParkTurn) -> String {
        let ParkTurn { p_turn, p_user, p_started_at } = *arguments;
        if !self.is_gone(p_user, millis(p_started_at)) && !self.usage.borrow().contains_key(&p_turn) {
            self.parked.borrow_mut().insert(p_turn, p_user);
        }
        String::new()
    }

    fn load_vault(&self, user: Uuid) -> String {
        let mut spent = BTreeMap::new();
        const DAY: Millis = 24 * 60 * 60 * 1000;
        let today = self.world.now() / DAY;
        for row in
            self.usage.borrow().values().filter(|row| row.user == user && row.created_at / DAY == today)
        {
            *spent.entry(row.employee.clone()).or_insert(0) += row.tokens;
        }
        let spent: BTreeMap<_, _> = spent
            .into_iter()
            .map(|(employee, tokens)| (employee, json!({ "tokens": tokens, "usd": null })))
            .collect();
        let SealedVault { key, entries } = self.vault(user);
        to_json(&json!({ "key": key, "entries": entries, "spent": spent }))
    }

    fn commit_vault(&self, arguments: CommitVault) -> String {
        let CommitVault { p_user, p_vault } = arguments;
        let Some(key) = &p_vault.key else { return r#"{"committed":false,"gone":true}"#.into() };
        if self.is_gone(p_user, millis(key.founded_at)) {
            return r#"{"committed":false,"gone":true}"#.into();
        }
        let mut vaults = self.vaults.borrow_mut();
        let known = vaults.entry(p_user).or_default();
        let id = |vault: &SealedVault| vault.key.as_ref().map(|key| key.key_id);
        if known.key.is_some() && id(known) != id(&p_vault) {
            self.world.violated(format!("user {p_user} has two keys in Postgres"));
            return r#"{"committed":false,"gone":true}"#.into();
        }
        known.key.clone_from(&p_vault.key);
        for entry in &p_vault.entries {
            match known.entries.iter().find(|other| other.placeholder == entry.placeholder) {
                Some(other) => {
                    self.world.check(other == entry, || format!("{} is two values", entry.placeholder));
                }
                None => known.entries.push(entry.clone()),
            }
        }
        r#"{"committed":true}"#.into()
    }

    fn erase_user(&self, erasure: &Erasure) -> String {
        let Erasure { p_user: user, p_requested_at: requested_at } = *erasure;
        let now = self.world.now();
        let last = self.erased.borrow().get(&user).map(|erased| (erased.requested_at, erased.is_finished));
        match last {
            Some((last, true)) if last >= requested_at => return r#"{"chat_messages":0}"#.into(),
            Some((last, false)) if last >= requested_at => {}
            _ => {
                self.world.check(self.world.oracle.is_erasing(user), || format!("{user} is erased unasked"));
                self.world.note(|| format!("Postgres erases {user}"));
                self.erased.borrow_mut().insert(user, Erased { requested_at, at: now, is_finished: false });
                self.vaults.borrow_mut().remove(&user);
                self.world.oracle.copy_erased(user);
                return r#"{"chat_pii_keys":1,"unfinished":true}"#.into();
            }
        }
        if let Some(erased) = self.erased.borrow_mut().get_mut(&user) {
            erased.is_finished = true;
        }
        self.sessions.borrow_mut().retain(|_, session| session.owner != user);
        self.usage.borrow_mut().retain(|_, row| row.user != user);
        self.parked.borrow_mut().retain(|_, owner| *owner != user);
        self.tool_runs.borrow_mut().retain(|_, run| run.user != user);
        self.memory.erase(user);
        for turn in self.world.oracle.turns.borrow_mut().values_mut().filter(|turn| turn.user == user) {
            turn.is_gone |= turn.is_committed;
        }
        r#"{"chat_messages":0}"#.into()
    }

    /// Gives a user the vault of an earlier object.
    pub fn restore(&self, user: Uuid, vault: SealedVault) {
        self.vaults.borrow_mut().insert(user, vault);
    }

    pub fn vault(&self, user: Uuid) -> SealedVault {
        self.vaults.borrow().get(&user).cloned().unwrap_or_default()
    }
}

impl SimPostgrest {
    /// Checks what leaves the object.
    fn check(&self, call: &RpcCall<'_>) {
        self.world.check_masked(call.function, call.arguments);
        match call.function {
            "commit_turn" => {
                let OfTurn { p_turn: record } = read(call.arguments);
                self.world.attempted(&record, self.started_at);
            }
            "forget_facts" => {
                let arguments: Value = read(call.arguments);
                let facts = arguments["p_facts"].as_array().into_iter().flatten();
                let number = facts.filter_map(|fact| number_of(fact.as_str()?)).next();
                let issued = number.and_then(|number| self.world.oracle.calls.borrow().get(&number).cloned());
                match issued {
                    None => self.world.violated("facts are forgotten and no model asked for it"),
                    Some(issued) => {
                        self.world.calling("forget", &issued.arguments, false);
                        let facts = &issued.arguments["facts"];
                        self.world.check(arguments["p_facts"] == *facts, || {
                            format!("{} are forgotten and not {facts}", arguments["p_facts"])
                        });
                        self.world.ran(&issued);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Postgrest for SimPostgrest {
    async fn call(&self, call_of: RpcCall<'_>) -> Answer {
        if !self.instance.can_send() {
            return std::future::pending().await;
        }
        self.check(&call_of);
        let RpcCall { function, arguments, caller, timeout } = call_of;
        let user = match caller {
            Caller::Service => None,
            Caller::User(token) => Uuid::try_parse(token).ok().or_else(|| {
                self.world.violated(format!("{function} is called without the user's token"));
                None
            }),
        };
        let sent = Sent { function: function.to_owned(), arguments: arguments.to_owned(), user };
        let (postgres, from) = (Rc::clone(&self.postgres), self.instance.name.clone());
        let deliver = move |reply: oneshot::Sender<Answer>| {
            postgres.world.note(|| format!("postgres gets {} of {from}", sent.function));
            let answer = if postgres.is_away() { Err(unavailable("away")) } else { postgres.perform(&sent) };
            let _ = reply.send(answer);
        };
        let route = Route { name: "postgres", timeout, repeats: true };
        let answer = call(&self.world, Some(&self.instance), route, deliver).await;
        answer.unwrap_or_else(|| Err(unavailable("no answer")))
    }

    async fn get(&self, path: &str, _: &str) -> Answer {
        self.world.violated(format!("{path} is read, which nobody asked for"));
        Err(unavailable("get"))
    }
}

fn unavailable(cause: &str) -> DatabaseError {
    DatabaseError::Unavailable(cause.into())
}

pub fn read<'a, T: Deserialize<'a>>(json: &'a str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

pub fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it is JSON")
}

pub fn millis(at: DateTime<Utc>) -> Millis {
    Millis::try_from(at.timestamp_millis()).unwrap_or(0)
}
