//! What is done for a user after their turns are saved, while nobody waits: memories get their vectors, long sessions their
//! summaries, and what the user said of themselves becomes facts. What is to be done stands in Postgres, so that nothing is lost
//! with the object; doing it again changes nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use pii::mask::Author;
use pii::unmask::placeholders;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::vault::{self, Ports, UserState};
use crate::auth::User;
use crate::backoff::pause;
use crate::config::Config;
use crate::error::{Code, Fault};
use crate::memory::embed::embed_pending;
use crate::memory::facts::{self, Learned, Unread};
use crate::memory::summary::{self, NewSummary, SummaryText, Unsummarised};
use crate::memory::think::{Task, Thought, think};
use crate::ports::{Clock, Database, Model, Strongbox, UnsummarisedQuestion};
use crate::time::Millis;

/// How long a user's conversations rest before they are looked through for facts: then a few messages are read at once.
pub const REST: Millis = 10 * 1000;

/// Of a prompt's budget in percent: what may be in no summary, and what of it is left there when one is made. Recent messages
/// have their place in the prompt themselves.
const MOST_PERCENT: u32 = 40;
const KEPT_PERCENT: u32 = 20;

/// Tokens that are summarised at a time.
const PART: u32 = 6000;

/// Answers in a row that may be none before what they were to be about is left alone.
const MOST_MALFORMED: u32 = 3;

/// A turn that was saved and may be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its session.
    pub session: Uuid,
    /// Whether the user may have asked to remember or to forget something: then that does not wait.
    pub may_be_command: bool,
}

/// What there is to do, and how it went.
#[derive(Debug, Default)]
pub struct Chores {
    is_busy: Cell<bool>,
    failures: Cell<u32>,
    /// Sessions that may need a summary. One that is lost with the object comes again with its next turn.
    sessions: RefCell<BTreeSet<Uuid>>,
    /// Whether messages are to be looked through.
    facts_are_due: Cell<bool>,
    malformed: Cell<u32>,
    /// Memories that the model will not embed: words find them all the same.
    refused: RefCell<BTreeSet<Uuid>>,
}

impl Chores {
    /// Takes down what a turn leaves to do.
    pub fn add(&self, saved: Saved) {
        self.sessions.borrow_mut().insert(saved.session);
        if saved.may_be_command {
            self.facts_are_due.set(true);
        }
    }

    /// The user's conversations rest.
    pub fn rest(&self) {
        self.facts_are_due.set(true);
    }
}

/// Does what there is to do. Called again while it is at it, it leaves that to the first call. At a failure the object is woken
/// later to go on.
///
/// # Errors
/// Why it could not go on.
pub async fn catch_up(
    state: &UserState,
    user: Uuid,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Fault> {
    let chores = &state.chores;
    if chores.is_busy.replace(true) {
        return Ok(());
    }
    let done = do_all(state, user, config, ports).await;
    chores.is_busy.set(false);
    let failures = if done.is_err() { chores.failures.get().saturating_add(1) } else { 0 };
    chores.failures.set(failures);
    if done.is_err() {
        let pause = pause(failures, ports.clock.random());
        ports.strongbox.wake_at(ports.clock.now() + pause).await;
    }
    done
}

async fn do_all(
    state: &UserState,
    user: Uuid,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Fault> {
    let Ports { database, model, clock, .. } = ports;
    embed_pending(user, &state.chores.refused, config, database, model, clock).await?;
    if state.chores.facts_are_due.replace(false) {
        let learned = learn(state, user, config, ports).await;
        learned.inspect_err(|_| state.chores.facts_are_due.set(true))?;
    }
    loop {
        let Some(session) = state.chores.sessions.borrow_mut().pop_first() else { return Ok(()) };
        let summarised = summarise(state, user, session, config, ports).await;
        summarised.inspect_err(|_| {
            state.chores.sessions.borrow_mut().insert(session);
        })?;
    }
}

/// Looks through what the user said since the last time.
async fn learn(
    state: &UserState,
    user: Uuid,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Fault> {
    loop {
        let unread = ports.database.unread_messages(user, &config.memory_model, facts::BATCH).await?;
        let Some(unread) = unread else { return Ok(()) };
        let task = unread.task();
        let Some(thought) = ask(&task, config, ports).await? else { return Ok(()) };
        let learned = match unread.learn(&thought.text, thought.usage.clone()) {
            Some(mut learned) => {
                for fact in &mut learned.facts {
                    fact.fact = mask(state, user, &fact.fact, &task, config, ports).await?;
                }
                state.chores.malformed.set(0);
                learned
            }
            None => given_up(&state.chores, &unread, thought),
        };
        let is_done = learned.read.len() < facts::BATCH as usize;
        ports.database.save_facts(user, &learned).await?;
        if learned.read.is_empty() {
            return Err(malformed("facts"));
        }
        if is_done {
            return Ok(());
        }
    }
}

/// Nothing was learned; after a few times of that the messages count as read, so that they do not cost for ever. They are
/// memories all the same.
fn given_up(chores: &Chores, unread: &Unread, thought: Thought) -> Learned {
    let mut usage = thought.usage;
    usage.malformed();
    let times = chores.malformed.get() + 1;
    let is_over = times >= MOST_MALFORMED;
    chores.malformed.set(if is_over { 0 } else { times });
    let read = if is_over { unread.read() } else { Vec::new() };
    let none = Vec::new;
    Learned { read, facts: Vec::new(), ended: none(), forgotten: none(), commands: none(), usage }
}

/// Brings a session's summary up to date, where it is long.
async fn summarise(
    state: &UserState,
    user: Uuid,
    session: Uuid,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Fault> {
    let question = UnsummarisedQuestion {
        user,
        session,
        model: &config.memory_model,
        budget: config.token_budget,
        most: MOST_PERCENT,
        kept: KEPT_PERCENT,
        part: PART,
    };
    loop {
        let Some(unsummarised) = ports.database.unsummarised_messages(&question).await? else {
            return Ok(());
        };
        let task = unsummarised.task(session);
        let Some(mut thought) = ask(&task, config, ports).await? else { return Ok(()) };
        let text = if let Some(text) = summary::read(&thought.text) {
            Some(SummaryText::new(mask(state, user, &text, &task, config, ports).await?))
        } else {
            thought.usage.malformed();
            None
        };
        let is_over = text.is_none();
        let Unsummarised { covers, instead_of, summary, messages, .. } = unsummarised;
        let (continues, adds) = (summary.is_some(), messages.into_iter().map(|message| message.id).collect());
        let usage = thought.usage;
        let summary = NewSummary { session_id: session, covers, instead_of, continues, adds, text, usage };
        ports.database.save_summary(user, &summary).await?;
        if is_over {
            // The next turn of the session tries again; until then its older messages are recalled one by one.
            return Ok(());
        }
    }
}

async fn ask(
    task: &Task<'_>,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Option<Thought>, Fault> {
    think(task, config, &ports.model, &ports.strongbox, &ports.clock).await
}

/// What a model wrote without personal data: with the tokens that it was shown, and new ones for what else there is.
async fn mask(
    state: &UserState,
    user: Uuid,
    text: &str,
    task: &Task<'_>,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<String, Fault> {
    let shown = placeholders(task.messages.iter().map(|message| message.content.as_ref()));
    let hidden = vault::mask(state, &User::absent(user), text, Author::Model(&shown), config, ports).await;
    let hidden = hidden.map_err(|refused| Fault::new(Code::PrivacyUnavailable, format!("{refused:?}")))?;
    Ok(hidden.text)
}

fn malformed(what: &str) -> Fault {
    Fault::new(Code::ModelRejected, format!("{what}: the model's answer is not as it must be"))
}
