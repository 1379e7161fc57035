//! One turn, from the user's message to the record of its answer. The only orchestration there is.
//!
//! ```text
//! prepare   admit     one turn at a time
//!           mask      tokens for what is personal: nothing leaves without          ┐ side by side
//!           load      hot memory, or one round trip to Postgres                    ┘
//!           assemble  persona + recent messages + message, within the token budget
//!           keep      the message is durable from here on          ── the first byte may go out
//! answer    stream    model → batches → unmasked events; retries until the first token
//!           settle    usage, cost, masked record into the outbox    ── the last byte may go out
//! (outbox)  deliver   commit_turn until Postgres has it
//! ```

use futures::future::join;
use uuid::Uuid;

use crate::api::chat::Ask;
use crate::auth::User;
use crate::config::Config;
use crate::context::assemble::assemble;
use crate::context::tokens;
use crate::error::{Code, Error, Fault, abort_field};
use crate::model::listen::{Heard, listen};
use crate::model::request::{ChatRequest, patience};
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Database, Journal, Model, Patience, Privacy};
use crate::privacy::mask::{Author, blank};
use crate::privacy::policy::Policy;
use crate::privacy::token::Token;
use crate::privacy::unmask::{self, Shown, Unmasker};
use crate::session::load::{LoadSession, RECENT_MESSAGES};
use crate::session::memory::Memory;
use crate::session::record::{Ending, OpenTurn, Status, TurnRecord};
use crate::session::state::{Admission, SessionState};
use crate::stream::event::{Event, Origin, Summary};
use crate::time::Millis;
use crate::user::record::Refused;

/// How often the text of a running answer is kept, so that a crash loses a second of it at most.
const CHECKPOINT_EVERY: Millis = 1000;

/// How long an object may be gone before it is woken to close the turn it left open.
pub const WATCH_EVERY: Millis = 10 * 1000;

/// The world, as far as a turn touches it.
#[derive(Debug)]
pub struct Ports<D, P, M, J, C> {
    /// Supabase.
    pub database: D,
    /// The user's own object.
    pub privacy: P,
    /// The model's API.
    pub model: M,
    /// The object's own storage.
    pub journal: J,
    /// Time and chance.
    pub clock: C,
}

/// A turn that is kept and can be answered.
#[derive(Debug)]
pub struct Prepared {
    admission: Admission,
    turn: OpenTurn,
    request: String,
    patience: Patience,
    user: User,
    shown: Shown,
}

impl Prepared {
    /// Which turn it is.
    #[must_use]
    pub const fn turn_id(&self) -> Uuid {
        self.turn.turn_id
    }
}

/// A turn that was answered, well or not.
#[derive(Debug)]
pub struct Answered {
    /// What goes to Postgres.
    pub record: TurnRecord,
    /// Why the answer is not whole, if it is not.
    pub fault: Option<Fault>,
    /// Why the model stopped, if it did by itself.
    pub finish_reason: Option<&'static str>,
    /// Requests made to the model.
    pub attempts: u32,
    /// Why the kept answer lacks what was personal in it, if it does.
    pub blanked: Option<Refused>,
}

/// Admits, masks, loads, assembles and keeps: all that can still be answered with an HTTP status.
///
/// # Errors
/// `turn_in_progress`, `session_not_found`, `unknown_employee`, `database_unavailable`, `too_many_values`,
/// `privacy_unavailable`; nothing is kept then, and nothing was sent to anybody.
pub async fn prepare(
    state: &SessionState,
    user: User,
    mut ask: Ask,
    config: &Config,
    ports: &Ports<impl Database, impl Privacy, impl Model, impl Journal, impl Clock>,
) -> Result<Prepared, Error> {
    let admission = state.admit()?;
    let admitted_at = ports.clock.now();
    let mask = ports.privacy.mask(&user, &ask.message, Author::Outside);
    let (loaded, hidden) = join(load(state, &user, &ask, config, ports), mask).await;
    loaded?;
    let hidden = hidden.map_err(|refused| refused.into_error("message"))?;
    let was_erased = state.values.borrow_mut().learn(&hidden);
    if was_erased {
        state.memory.take();
        load(state, &user, &ask, config, ports).await?;
    }
    ask.message = hidden.text;
    // Before the turn is kept: an object that dies in between is woken for nothing, which is harmless.
    ports.journal.wake_at(admitted_at + WATCH_EVERY).await;
    let (turn, request, policy) = {
        let memory = state.memory.borrow();
        let memory =
            memory.as_ref().ok_or_else(|| Fault::new(Code::Internal, "memory is empty after load"))?;
        let (turn, request) = open(memory, user.id, ask, config, admitted_at, &ports.clock)?;
        (turn, request, memory.employee.unmask_policy.clone())
    };
    let shown = reveal(state, &user, &turn.shown, &policy, ports).await?;
    ports.journal.open(&turn)?;
    let patience = patience(&turn.model);
    Ok(Prepared { admission, turn, request, patience, user, shown })
}

/// What the user is shown for the tokens that the model is shown. A session that has seen them before asks nobody.
async fn reveal(
    state: &SessionState,
    user: &User,
    tokens: &[Token],
    policy: &Policy,
    ports: &Ports<impl Database, impl Privacy, impl Model, impl Journal, impl Clock>,
) -> Result<Shown, Error> {
    let missing = state.values.borrow().missing(tokens);
    if !missing.is_empty() {
        let revealed = ports.privacy.reveal(user, &missing).await;
        state.values.borrow_mut().add(revealed.map_err(|refused| refused.into_error("message"))?);
    }
    Ok(state.values.borrow().shown(tokens, policy))
}

/// Makes sure that hot memory serves this turn: as it is, or read anew. When Postgres is out of reach, what the
/// object remembers goes on serving.
async fn load(
    state: &SessionState,
    user: &User,
    ask: &Ask,
    config: &Config,
    ports: &Ports<impl Database, impl Privacy, impl Model, impl Journal, impl Clock>,
) -> Result<(), Error> {
    let employee = ask.employee.as_deref();
    if state.memory.borrow().as_ref().is_some_and(|memory| memory.serves(employee, ports.clock.now())) {
        return Ok(());
    }
    let question = LoadSession {
        user,
        session: ask.session_id,
        employee,
        default_employee: &config.default_employee,
        default_model: &config.default_model,
        limit: RECENT_MESSAGES,
    };
    let mut memory = match ports.database.load_session(&question).await {
        Ok(loaded) if loaded.foreign => {
            let detail = "session_id is not a session of yours. Leave it out to begin a new one.";
            return Err(abort_field(Code::SessionNotFound, "session_id", detail));
        }
        Ok(loaded) => Memory::from_loaded(loaded, ports.clock.now()).ok_or_else(|| {
            let detail = "There is no such employee. GET /api/employees lists who is there.";
            abort_field(Code::UnknownEmployee, "employee", detail)
        })?,
        Err(fault) => {
            let kept = state.memory.take().or_else(|| ports.journal.recollect());
            kept.filter(|memory| memory.knows(employee)).ok_or(fault)?
        }
    };
    for waiting in ports.journal.outbox(RECENT_MESSAGES) {
        memory.add(&waiting.record);
    }
    state.memory.replace(Some(memory));
    Ok(())
}

/// The turn as it is kept, and the request to the model.
fn open(
    memory: &Memory,
    user_id: Uuid,
    ask: Ask,
    config: &Config,
    admitted_at: Millis,
    clock: &impl Clock,
) -> Result<(OpenTurn, String), Error> {
    let employee = &memory.employee;
    let model = employee.model(config);
    let message_tokens = tokens::estimate(&ask.message);
    let budget = employee.token_budget(config);
    let prompt = assemble(&employee.system_prompt, &memory.messages, &ask.message, message_tokens, budget);
    let request = serde_json::to_string(&ChatRequest::new(model, employee, &prompt.messages))
        .map_err(|error| Fault::new(Code::Internal, format!("request: {error}")))?;
    let turn = OpenTurn {
        turn_id: new_id(clock, admitted_at),
        user_id,
        session_id: ask.session_id,
        client_message_id: ask.client_message_id,
        user_message_id: new_id(clock, admitted_at),
        answer_id: new_id(clock, admitted_at),
        message_tokens,
        admitted_at,
        employee: employee.slug.clone(),
        model: model.to_owned(),
        price: memory.price,
        parent_id: memory.last_message_id,
        prompt_tokens: prompt.tokens,
        history_tokens: prompt.history_tokens,
        // Not those of the persona, which are examples.
        shown: unmask::tokens(prompt.messages.iter().skip(1).map(|message| message.content)),
        message: ask.message,
    };
    Ok((turn, request))
}

/// A UUIDv7: ids made later sort later, which keeps Postgres's indexes dense.
fn new_id(clock: &impl Clock, now: Millis) -> Uuid {
    let random = clock.random();
    let mut tail = [0; 10];
    tail.iter_mut().zip(random).for_each(|(to, from)| *to = from);
    uuid::Builder::from_unix_timestamp_millis(now, &tail).into_uuid()
}

/// Answers a prepared turn, telling `emit` each event as it happens, and settles it. Never fails: whatever goes
/// wrong is in the record and, for the client, in the last event.
pub async fn answer(
    prepared: Prepared,
    state: &SessionState,
    config: &Config,
    ports: &Ports<impl Database, impl Privacy, impl Model, impl Journal, impl Clock>,
    mut emit: impl FnMut(&Event<'_>),
) -> Answered {
    let Prepared { admission, turn, request, patience, user, shown } = prepared;
    emit(&Event::Start(&Origin {
        message_id: turn.answer_id,
        session_id: turn.session_id,
        employee: &turn.employee,
        model: &turn.model,
    }));
    let mut keeper = Keeper { journal: &ports.journal, fresh: String::new(), kept_at: turn.admitted_at };
    let mut unmasker = Unmasker::new(shown);
    let mut tell = |text: String| {
        if !text.is_empty() {
            emit(&Event::Text(&text));
        }
    };
    let (mut heard, outcome) = listen(&ports.model, &ports.clock, &request, patience, |text, now| {
        tell(unmasker.feed(text));
        keeper.keep(text, now);
    })
    .await;
    tell(unmasker.end());
    let mut fault = outcome.err();

    let blanked = mask_answer(&mut heard.text, &turn, &user, config, ports).await;
    let (attempts, finish_reason) = (heard.attempts, heard.finish);
    let ending = ending(heard, &turn, fault.as_ref(), ports.clock.now());
    let record = turn.into_record(ending);
    if let Err(refused) = ports.journal.close(&record) {
        fault = Some(refused);
    }
    if let Some(memory) = state.memory.borrow_mut().as_mut() {
        memory.add(&record);
        ports.journal.remember(memory);
    }
    // Before the last event: who hears that the answer is over may send the next message at once.
    drop(admission);
    let answered = Answered { record, fault, finish_reason, attempts, blanked };
    match &answered.fault {
        None => emit(&Event::Finish(&answered.summary())),
        Some(fault) => emit(&Event::Error(fault.advice())),
    }
    answered
}

/// Makes an answer what is kept of it: with the tokens that the model was shown in their one spelling, and with tokens for
/// what else is personal in it. When no tokens can be had, what is personal is left out, for the answer must be kept and
/// not raw; then it returns why.
async fn mask_answer(
    text: &mut String,
    turn: &OpenTurn,
    user: &User,
    config: &Config,
    ports: &Ports<impl Database, impl Privacy, impl Model, impl Journal, impl Clock>,
) -> Option<Refused> {
    if text.is_empty() {
        return None;
    }
    let author = Author::Model(&turn.shown);
    match ports.privacy.mask(user, text, author).await {
        Ok(hidden) => {
            *text = hidden.text;
            None
        }
        Err(refused) => {
            *text = blank(text, author, &config.pii_patterns);
            Some(refused)
        }
    }
}

impl Answered {
    /// What a client is told of a whole answer.
    #[must_use]
    pub fn summary(&self) -> Summary<'_> {
        let usage = &self.record.usage;
        Summary {
            finish_reason: self.finish_reason.unwrap_or("other"),
            usage: usage.into(),
            ttft_ms: usage.ttft_ms,
            latency_ms: usage.latency_ms,
            cost_usd: usage.cost_usd,
        }
    }
}

/// Keeps the text of a running answer, at most once in [`CHECKPOINT_EVERY`]. Failing to is no reason to stop:
/// at the end all of it is kept.
struct Keeper<'a, J> {
    journal: &'a J,
    fresh: String,
    kept_at: Millis,
}

impl<J: Journal> Keeper<'_, J> {
    fn keep(&mut self, text: &str, now: Millis) {
        self.fresh.push_str(text);
        if now.saturating_sub(self.kept_at) >= CHECKPOINT_EVERY && self.journal.extend(&self.fresh).is_ok() {
            self.fresh.clear();
            self.kept_at = now;
        }
    }
}

fn ending(heard: Heard, turn: &OpenTurn, fault: Option<&Fault>, ended_at: Millis) -> Ending {
    let text_tokens = tokens::estimate(&heard.text);
    // A model that refused or was never reached read nothing, and nothing is owed.
    let nothing = fault.is_some() && heard.text.is_empty();
    let estimated = Usage {
        prompt_tokens: if nothing { 0 } else { turn.prompt_tokens },
        cached_tokens: 0,
        completion_tokens: text_tokens,
        source: UsageSource::Estimated,
    };
    Ending {
        text: heard.text,
        text_tokens,
        status: if fault.is_some() { Status::Failed } else { Status::Complete },
        finish_reason: heard.finish,
        error: fault.map(|fault| fault.code),
        usage: heard.usage.unwrap_or(estimated),
        first_token_at: heard.first_token_at,
        ended_at,
    }
}

/// Closes the turn that a dead object left open: to be called once, before anything else, when an object wakes.
pub fn recover(journal: &impl Journal, clock: &impl Clock, config: &Config) -> Option<TurnRecord> {
    let (turn, text) = journal.left_open()?;
    let text = blank(&text, Author::Model(&turn.shown), &config.pii_patterns);
    let text_tokens = tokens::estimate(&text);
    let ending = turn.interruption(text, text_tokens, clock.now());
    let record = turn.into_record(ending);
    journal.close(&record).ok().map(|()| record)
}
