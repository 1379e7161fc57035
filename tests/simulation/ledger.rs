//! What the simulation knows of a run beside the core: who wrote what, and what came of it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use frontdesk::session::record::Status;
use frontdesk::session::tree::Place;
use frontdesk::time::Millis;
use uuid::Uuid;

use super::script::Script;
use super::values::Message;

#[derive(Default)]
pub struct Ledger {
    /// Messages that were sent, by code.
    pub asks: RefCell<BTreeMap<String, Asked>>,
    /// Turns that are durable.
    pub turns: RefCell<BTreeMap<Uuid, Turn>>,
    /// The turns of each session, in the order in which they were kept.
    pub sessions: RefCell<BTreeMap<Uuid, Vec<Uuid>>>,
    /// What stands behind the tokens of each user.
    pub tokens: RefCell<BTreeMap<Uuid, Tokens>>,
    /// Where questions are to be answered again, by what their askers call that.
    pub again: RefCell<BTreeMap<String, Place>>,
    pub messages: Cell<u64>,
    /// Sessions of which Postgres refused a turn.
    pub parked: RefCell<BTreeSet<Uuid>>,
    /// Turns that may begin, where there are limits.
    pub reserved: RefCell<BTreeSet<Uuid>>,
    pub has_limits: Cell<bool>,
}

pub struct Asked {
    pub user: Uuid,
    pub session: Uuid,
    pub message: Message,
    /// Where it goes.
    pub place: Place,
}

pub struct Turn {
    pub user: Uuid,
    pub code: String,
    pub name: Option<String>,
    pub question: Uuid,
    /// The message before the question.
    pub parent: Option<Uuid>,
    /// The question as it is kept.
    pub said: String,
    pub answer: Uuid,
    /// What the model answered last.
    pub script: Option<Rc<RefCell<Script>>>,
    pub closed: Option<Status>,
    /// What it took, once it is closed.
    pub took: u64,
    pub stopped_at: Option<Millis>,
    /// Its answer was kept without what had no token.
    pub is_blanked: bool,
    /// Its frames as they were seen first.
    pub frames: BTreeMap<u32, String>,
}

#[derive(Default)]
pub struct Tokens {
    pub values: BTreeMap<String, String>,
    pub tokens: BTreeMap<String, String>,
}

impl Ledger {
    pub fn turn<T>(&self, id: Uuid, look: impl FnOnce(&mut Turn) -> T) -> Option<T> {
        self.turns.borrow_mut().get_mut(&id).map(look)
    }

    pub fn script_of(&self, id: Uuid) -> Option<Rc<RefCell<Script>>> {
        self.turn(id, |turn| turn.script.clone())?
    }

    pub fn value_of(&self, user: Uuid, token: &str) -> Option<String> {
        self.tokens.borrow().get(&user)?.values.get(token).cloned()
    }
}
