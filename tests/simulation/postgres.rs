//! Postgres behind PostgREST: it may be away, refuse, answer late or never, and get a call twice.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use frontdesk::auth::User;
use frontdesk::document::keep::{NewDocument, SavedDocument, TableName};
use frontdesk::employee::Employee;
use frontdesk::error::{Code, Fault};
use frontdesk::limit::quota::Budget;
use frontdesk::memory::embed::{Embedded, Pending};
use frontdesk::memory::facts::{Learned, Unread};
use frontdesk::memory::import::{Imported, ImportedMessage};
use frontdesk::memory::recall::{RecallQuestion, Recalled, Recollection};
use frontdesk::memory::summary::{NewSummary, Unsummarised};
use frontdesk::model::price::Price;
use frontdesk::ports::{Database, UnsummarisedQuestion};
use frontdesk::session::load::{LoadSession, LoadedSession, Message, Role, UserLimits};
use frontdesk::session::record::{MessageRecord, TurnRecord};
use frontdesk::session::tree::Leaf;
use frontdesk::time::Millis;
use frontdesk::user::record::{KeptVault, Restored};
use futures::channel::oneshot;
use uuid::Uuid;

use super::faults::Fault as Fails;
use super::network::{TO_POSTGRES, call};
use super::world::{Life, World};

pub struct Postgres {
    world: Rc<World>,
    away_until: Cell<Millis>,
    /// Messages with when they were said, as time orders them: what was parked comes late and stands where it was said.
    sessions: RefCell<BTreeMap<Uuid, BTreeMap<(DateTime<Utc>, Uuid), Message>>>,
    owners: RefCell<BTreeMap<Uuid, Uuid>>,
    /// One row of usage for each turn: its tokens.
    usage: RefCell<BTreeMap<Uuid, (Uuid, u64)>>,
    vaults: RefCell<BTreeMap<Uuid, KeptVault>>,
    pub parked: RefCell<BTreeSet<Uuid>>,
    poison: RefCell<BTreeMap<Uuid, Millis>>,
    pub limits: UserLimits,
}

/// Postgres as one object reaches it.
pub struct SimDatabase {
    pub world: Rc<World>,
    pub life: Rc<Life>,
    pub postgres: Rc<Postgres>,
}

impl Postgres {
    pub fn new(world: &Rc<World>) -> Rc<Self> {
        // In some runs there is little to spend.
        let daily_tokens = world.chance.one_in(3).then(|| 2000 + world.chance.below(60_000));
        let messages_per_minute = world.chance.one_in(3).then_some(20);
        world.ledger.has_limits.set(daily_tokens.is_some() || messages_per_minute.is_some());
        Rc::new(Self {
            world: Rc::clone(world),
            away_until: Cell::new(0),
            sessions: RefCell::default(),
            owners: RefCell::default(),
            usage: RefCell::default(),
            vaults: RefCell::default(),
            parked: RefCell::default(),
            poison: RefCell::default(),
            limits: UserLimits { messages_per_minute, budget: Budget { daily_tokens, daily_usd: None } },
        })
    }

    fn is_away(&self) -> bool {
        if self.world.strikes(Fails::Outage) {
            self.away_until.set(self.world.now() + self.world.chance.below(120_000));
        }
        self.world.now() < self.away_until.get() || self.world.strikes(Fails::DatabaseError)
    }

    fn load_session(&self, session: Uuid, limit: u32, leaf: Leaf) -> LoadedSession {
        let sessions = self.sessions.borrow();
        let nothing = BTreeMap::new();
        let messages = sessions.get(&session).unwrap_or(&nothing);
        let mut next = match leaf {
            Leaf::Newest => messages.values().next_back().map(|message| message.id),
            Leaf::Beginning => None,
            Leaf::At(id) => Some(id),
        };
        let mut path = Vec::new();
        while let Some(message) = next.and_then(|id| messages.values().find(|message| message.id == id)) {
            path.push(message.clone());
            next = message.parent_id.filter(|_| path.len() < limit as usize);
        }
        path.reverse();
        LoadedSession {
            foreign: false,
            employee: Some(employee()),
            price: Some(Price { input: 0.15, cached_input: 0.075, output: 0.6 }),
            prices: BTreeMap::new(),
            limits: Some(self.limits),
            messages: path,
        }
    }

    /// Some of what was said to or by a user, in whichever session.
    fn recall(&self, user: Uuid) -> Recalled {
        let (sessions, owners) = (self.sessions.borrow(), self.owners.borrow());
        let own = sessions.iter().filter(|(session, _)| owners.get(session) == Some(&user));
        let all: Vec<_> =
            own.flat_map(|(_, messages)| messages.values()).filter(|one| !one.content.is_empty()).collect();
        let count = if all.is_empty() { 0 } else { self.world.chance.index(6) };
        let some = (0..count).map(|_| all[self.world.chance.index(all.len())]);
        let memories = some.map(|message| Recollection {
            message_id: Some(message.id),
            session_id: None,
            document_id: None,
            media_type: None,
            document: None,
            role: Some(message.role),
            content: message.content.clone(),
            content_tokens: message.content_tokens,
            occurred_at: DateTime::UNIX_EPOCH,
        });
        Recalled { memories: memories.collect(), ..Recalled::default() }
    }

    /// Whether that turn is refused now.
    fn is_poison(&self, record: &TurnRecord) -> bool {
        let mut poison = self.poison.borrow_mut();
        let now = self.world.now();
        if self.world.strikes(Fails::Poison) {
            poison.insert(record.turn_id, now + 30_000 + self.world.chance.below(600_000));
            self.world.ledger.parked.borrow_mut().insert(record.session_id);
        }
        !self.world.faults.is_calm() && poison.get(&record.turn_id).is_some_and(|until| now < *until)
    }

    /// Idempotent by the turn's id, as the function in the database is.
    fn commit_turn(&self, record: &TurnRecord) -> Result<(), Fault> {
        if self.is_poison(record) {
            return Err(Fault::new(Code::DatabaseRefused, "commit_turn"));
        }
        let json = serde_json::to_string(record).expect("a record is JSON");
        self.world.check_masked("Postgres", &json);
        self.parked.borrow_mut().remove(&record.turn_id);
        if self.usage.borrow().contains_key(&record.turn_id) {
            return Ok(());
        }
        let mut sessions = self.sessions.borrow_mut();
        let messages = sessions.entry(record.session_id).or_default();
        let answers = messages.values().filter(|message| message.role == Role::Assistant).count();
        self.world.committed(record, answers);
        let is_known = |new: &MessageRecord| messages.values().any(|message| message.id == new.id);
        let is_new = !record.messages.iter().any(is_known);
        self.world.check(is_new, || format!("a message of turn {} is there already", record.turn_id));
        messages.extend(record.messages.iter().map(|message| {
            let said = Message {
                id: message.id,
                role: message.role,
                parent_id: message.parent_id,
                name: message.name().map(ToOwned::to_owned),
                content: message.content.clone(),
                content_tokens: message.content_tokens,
                tool_calls: None,
            };
            ((message.created_at, message.id), said)
        }));
        self.owners.borrow_mut().insert(record.session_id, record.user_id);
        let tokens = record.usage.total_tokens.into();
        self.usage.borrow_mut().insert(record.turn_id, (record.user_id, tokens));
        Ok(())
    }

    fn commit_vault(&self, user: Uuid, vault: &KeptVault) {
        let mut vaults = self.vaults.borrow_mut();
        let kept = vaults.entry(user).or_default();
        let id = |vault: &KeptVault| vault.key.as_ref().map(|key| key.key_id);
        self.world.check(kept.key.is_none() || id(kept) == id(vault), || "a user has two keys".into());
        kept.key.clone_from(&vault.key);
        for entry in &vault.entries {
            match kept.entries.iter().find(|other| other.placeholder == entry.placeholder) {
                Some(other) => {
                    self.world.check(other == entry, || format!("{} is two values", entry.placeholder))
                }
                None => kept.entries.push(entry.clone()),
            }
        }
    }

    /// The turns that it has, with what each took.
    pub fn turns(&self) -> BTreeMap<Uuid, (Uuid, u64)> {
        self.usage.borrow().clone()
    }

    pub fn vault(&self, user: Uuid) -> KeptVault {
        self.vaults.borrow().get(&user).cloned().unwrap_or_default()
    }
}

fn employee() -> Employee {
    Employee {
        slug: "prime-boss".into(),
        system_prompt: "You run the desk.".into(),
        fallback_models: vec!["gpt-4o".into()],
        temperature: Some(0.5),
        max_output_tokens: Some(400),
        token_budget: Some(300),
        ..Employee::default()
    }
}

impl SimDatabase {
    async fn ask<T: 'static>(
        &self,
        what: &'static str,
        perform: impl Fn(&Postgres) -> T + 'static,
    ) -> Result<T, Fault> {
        let (postgres, from) = (Rc::clone(&self.postgres), self.life.name.clone());
        let deliver = move |reply: oneshot::Sender<Result<T, Fault>>| {
            postgres.world.note(|| format!("postgres gets {what} of {from}"));
            let answer =
                if postgres.is_away() { Err(unavailable("refused")) } else { Ok(perform(&postgres)) };
            let _ = reply.send(answer);
        };
        let answer = call(&self.world, Some(&self.life), TO_POSTGRES, deliver).await;
        answer.unwrap_or_else(|| Err(unavailable(what)))
    }
}

fn unavailable(what: &str) -> Fault {
    Fault::new(Code::DatabaseUnavailable, what)
}

impl Database for SimDatabase {
    async fn load_session(&self, ask: &LoadSession<'_>) -> Result<LoadedSession, Fault> {
        let (session, limit, leaf) = (ask.session, ask.limit, ask.leaf);
        self.ask("load_session", move |postgres| postgres.load_session(session, limit, leaf)).await
    }

    async fn commit_turn(&self, turn: &TurnRecord) -> Result<(), Fault> {
        let turn = turn.clone();
        self.ask("commit_turn", move |postgres| postgres.commit_turn(&turn)).await?
    }

    async fn park_turn(&self, turn: &TurnRecord, _: &str) -> Result<(), Fault> {
        let turn = turn.turn_id;
        self.ask("park_turn", move |postgres| {
            if !postgres.usage.borrow().contains_key(&turn) {
                postgres.parked.borrow_mut().insert(turn);
            }
        })
        .await
    }

    async fn recall(&self, user: &User, question: &RecallQuestion<'_>) -> Result<Recalled, Fault> {
        self.world.check_masked("a question to memory", question.query);
        let user = user.id;
        self.ask("recall", move |postgres| postgres.recall(user)).await
    }

    async fn pending_memories(&self, _: Uuid, _: u32) -> Result<Vec<Pending>, Fault> {
        Ok(Vec::new())
    }

    async fn save_embeddings(&self, _: Uuid, _: &[Embedded]) -> Result<(), Fault> {
        Ok(())
    }

    async fn unread_messages(&self, _: Uuid, _: &str, _: u32) -> Result<Option<Unread>, Fault> {
        Ok(None)
    }

    async fn save_facts(&self, _: Uuid, _: &Learned) -> Result<(), Fault> {
        Ok(())
    }

    async fn tables(&self, _: &User) -> Result<Vec<TableName>, Fault> {
        unreachable!("nobody has tools here")
    }

    async fn forget_facts(&self, _: Uuid, _: &[Uuid]) -> Result<u64, Fault> {
        unreachable!("nobody has tools here")
    }

    async fn unsummarised_messages(
        &self,
        _: &UnsummarisedQuestion<'_>,
    ) -> Result<Option<Unsummarised>, Fault> {
        Ok(None)
    }

    async fn save_summary(&self, _: Uuid, _: &NewSummary) -> Result<(), Fault> {
        Ok(())
    }

    async fn import_messages(&self, _: Uuid, _: &str, _: &[ImportedMessage]) -> Result<Imported, Fault> {
        Ok(Imported::default())
    }

    async fn save_document(&self, _: Uuid, _: &NewDocument) -> Result<SavedDocument, Fault> {
        Ok(SavedDocument { document: None, is_new: false, gone: false })
    }

    async fn load_vault(&self, user: &User) -> Result<Restored, Fault> {
        let user = user.id;
        self.ask("load_vault", move |postgres| Restored {
            vault: postgres.vault(user),
            spent: BTreeMap::new(),
        })
        .await
    }

    async fn commit_vault(&self, user: Uuid, vault: &KeptVault) -> Result<(), Fault> {
        let vault = vault.clone();
        self.ask("commit_vault", move |postgres| postgres.commit_vault(user, &vault)).await
    }
}
