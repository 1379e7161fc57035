//! The test oracle: everything that the simulator knows of a run beside the core.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use frontdesk::session::path::InsertAt;
use frontdesk::session::record::Status;
use frontdesk::time::Millis;
use pii::seal::UserKey;
use serde_json::Value;
use uuid::Uuid;

use super::completion::MockCompletion;
use super::values::Message;

#[derive(Default)]
pub struct Oracle {
    /// Messages that were sent, by code.
    pub asks: RefCell<BTreeMap<String, Asked>>,
    /// Turns that are durable.
    pub turns: RefCell<BTreeMap<Uuid, Turn>>,
    /// Durable turns of each session, in the order in which they began.
    pub sessions: RefCell<BTreeMap<Uuid, Vec<Uuid>>>,
    /// Vaults of each user, the present one last: an erasure begins another.
    pub vaults: RefCell<BTreeMap<Uuid, Vec<KnownVault>>>,
    /// Positions of questions to be answered again, by the name that the client gave the request.
    pub regenerations: RefCell<BTreeMap<String, InsertAt>>,
    pub messages: Cell<u64>,
    /// Sessions of which Postgres refused a turn.
    pub parked: RefCell<BTreeSet<Uuid>>,
    /// Ids in the ledger.
    pub ledger: RefCell<BTreeMap<Uuid, Booked>>,
    /// Tokens that a user may spend in a day, where that is limited.
    pub daily_tokens: Cell<Option<u64>>,
    /// Calls of tools that change something, by their number.
    pub calls: RefCell<BTreeMap<u64, Rc<IssuedCall>>>,
    /// Users for whom an erasure was requested, with the number of requests that are not answered yet.
    pub erasing: RefCell<BTreeMap<Uuid, usize>>,
    /// Moments at which the objects of users were emptied last.
    pub emptied_at: RefCell<BTreeMap<Uuid, Millis>>,
    /// Moments at which the outbox of a session changed last.
    pub outbox_changed_at: RefCell<BTreeMap<Uuid, Millis>>,
    /// Moments until which a record waits after its own failures.
    pub retry_at: RefCell<BTreeMap<Uuid, Millis>>,
    /// Requests of background jobs.
    pub jobs: Cell<u64>,
}

/// A message that a client sent.
pub struct Asked {
    pub user: Uuid,
    pub session: Uuid,
    pub message: Message,
    pub insert_at: InsertAt,
}

/// A turn that is durable.
pub struct Turn {
    pub user: Uuid,
    pub session: Uuid,
    /// Number of the user's vault.
    pub vault: usize,
    pub code: String,
    pub name: Option<String>,
    pub question: Uuid,
    /// The message before the question.
    pub parent: Option<Uuid>,
    /// The question as it is stored.
    pub said: String,
    pub answer: Uuid,
    pub employee: String,
    /// The turn whose answer it resumes.
    pub resumes: Option<Uuid>,
    pub started_at: Millis,
    /// Number of the first step, once the model was asked.
    pub first_step: Option<usize>,
    /// Number of its steps that were requested.
    pub requested: usize,
    /// Completions of its steps, the last attempt of each.
    pub steps: Vec<Rc<RefCell<MockCompletion>>>,
    pub status: Option<Status>,
    pub closed_at: Option<Millis>,
    /// Tokens that it took, once it is closed.
    pub took: u64,
    /// Its answer as its record has it.
    pub stored: Option<String>,
    pub stopped_at: Option<Millis>,
    /// Whether the budget ended it.
    pub is_out_of_budget: bool,
    /// Whether Postgres has it.
    pub is_committed: bool,
    /// Whether Postgres answered that its user is gone, or erased it.
    pub is_gone: bool,
    /// Its frames as they were seen first.
    pub frames: BTreeMap<u32, String>,
}

/// State of an entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booked {
    /// The most that it may take.
    Reserved,
    /// What it took.
    Settled,
}

/// A vault as its stored rows tell it.
#[derive(Default)]
pub struct KnownVault {
    pub key_id: Option<Uuid>,
    pub key: Option<UserKey>,
    pub values: BTreeMap<String, String>,
    pub placeholders: BTreeMap<String, String>,
    /// Whether the object stores it: one of an earlier object may be in Postgres alone.
    pub is_stored: bool,
    /// Whether Postgres erased the only copy: another key may be made, unless the copy was on its way to the object.
    pub is_lost: bool,
    /// Whether the object deleted its key, or made another.
    pub is_erased: bool,
}

/// A call of a tool that changes something outside.
#[derive(Debug)]
pub struct IssuedCall {
    pub number: u64,
    pub user: Uuid,
    pub session: Uuid,
    pub tool: String,
    /// Arguments as the model wrote them, with placeholders.
    pub arguments: Value,
    /// The same with the user's values.
    pub clear: Value,
    pub needs_approval: bool,
    pub approval: Cell<Option<Approval>>,
    pub decision: Cell<Decided>,
    /// Whether the user went on without it.
    pub is_withdrawn: Cell<bool>,
    /// The completion that it stands in: a call that broke off must not run.
    pub completion: RefCell<Option<Rc<RefCell<MockCompletion>>>>,
    pub runs: Cell<u32>,
}

/// An approval that a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    pub id: Uuid,
    pub expires_at: Millis,
}

/// Decisions that clients sent, as far as they allow something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decided {
    /// Nothing, or only a denial.
    #[default]
    Not,
    /// An approval, sent at that moment.
    Approved(Millis),
}

impl Oracle {
    pub fn turn<T>(&self, id: Uuid, look: impl FnOnce(&mut Turn) -> T) -> Option<T> {
        self.turns.borrow_mut().get_mut(&id).map(look)
    }

    /// The value behind a placeholder in one of a user's vaults.
    pub fn value_of(&self, user: Uuid, vault: usize, placeholder: &str) -> Option<String> {
        self.vaults.borrow().get(&user)?.get(vault)?.values.get(placeholder).cloned()
    }

    /// Number of the user's present vault.
    pub fn present_vault(&self, user: Uuid) -> usize {
        let mut vaults = self.vaults.borrow_mut();
        let vaults = vaults.entry(user).or_insert_with(|| vec![KnownVault::default()]);
        if vaults.last().is_some_and(|vault| vault.is_erased) {
            vaults.push(KnownVault::default());
        }
        vaults.len() - 1
    }

    /// Changes the user's present vault.
    pub fn vault<T>(&self, user: Uuid, change: impl FnOnce(&mut KnownVault) -> T) -> T {
        let number = self.present_vault(user);
        let mut vaults = self.vaults.borrow_mut();
        let vault = vaults.get_mut(&user).and_then(|vaults| vaults.get_mut(number));
        change(vault.expect("the present vault exists"))
    }

    /// Postgres erases its copy of the user's vault.
    pub fn copy_erased(&self, user: Uuid) {
        self.vault(user, |vault| vault.is_lost |= vault.key_id.is_some() && !vault.is_stored);
    }

    /// Whether the vault of a turn was erased since.
    pub fn is_erased(&self, user: Uuid, vault: usize) -> bool {
        self.vaults.borrow().get(&user).and_then(|all| all.get(vault)).is_none_or(|vault| vault.is_erased)
    }

    /// Whether an erasure of that user may be under way.
    pub fn is_erasing(&self, user: Uuid) -> bool {
        self.erasing.borrow().get(&user).is_some_and(|requests| *requests > 0)
    }

    /// Completions of an answer, from its first turn on.
    pub fn completions(&self, turn: Uuid) -> Vec<Rc<RefCell<MockCompletion>>> {
        let turns = self.turns.borrow();
        let mut parts = Vec::new();
        let mut next = turns.get(&turn);
        while let Some(turn) = next {
            parts.push(turn.steps.clone());
            next = turn.resumes.and_then(|before| turns.get(&before));
        }
        parts.into_iter().rev().flatten().collect()
    }

    /// Whether an answer was resumed after an approval.
    pub fn is_resumed(&self, answer: Uuid) -> bool {
        self.turns.borrow().values().any(|turn| turn.answer == answer && turn.resumes.is_some())
    }

    /// The call that an argument names.
    pub fn call_of(&self, arguments: &Value) -> Option<Rc<IssuedCall>> {
        let number = match &arguments["n"] {
            Value::Number(number) => number.as_u64(),
            _ => arguments["facts"].as_array()?.iter().find_map(|fact| number_of(fact.as_str()?)),
        };
        self.calls.borrow().get(&number?).cloned()
    }
}

/// Marks ids of facts that stand for a call.
const CALL_ID: u128 = 0xca11_0000_0000_4000_8000_0000_0000_0000;

/// The id of a fact that stands for a call, since `forget` takes nothing but ids.
pub fn fact_of(number: u64) -> Uuid {
    Uuid::from_u128(CALL_ID | u128::from(number))
}

/// The call that the id of a fact stands for.
pub fn number_of(fact: &str) -> Option<u64> {
    let id = Uuid::try_parse(fact).ok()?.as_u128();
    (id >> 64 == CALL_ID >> 64).then(|| u64::try_from(id & 0x0fff_ffff_ffff_ffff).ok()).flatten()
}
