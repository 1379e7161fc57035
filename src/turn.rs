//! One turn, from the user's message to the record of its answer. The only orchestration there is.
//!
//! ```text
//! prepare   admit     one turn at a time
//!           mask      tokens for what is personal: nothing leaves without          ┐ side by side
//!           recall    what earlier conversations have for the message              │
//!           load      hot memory, or one round trip to Postgres                    ┘
//!           assemble  persona + recent messages + what is recalled + message, within the token budget
//!           reserve   rate, tokens and dollars of the day, where there are limits
//!           keep      the message is durable from here on          ── the first byte may go out
//! answer    stream    model → batches → unmasked events; retries and failover until the first token
//!           settle    usage, cost, masked record into the outbox    ── the last byte may go out
//! (outbox)  deliver   commit_turn until Postgres has it
//! ```

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, join, select};
use uuid::Uuid;

use crate::api::chat::Ask;
use crate::auth::User;
use crate::config::Config;
use crate::context::assemble::{Material, TooLong, Window, assemble};
use crate::context::tokens;
use crate::error::{Code, Error, Fault, abort_field};
use crate::limit::bucket::Standing;
use crate::limit::quota::{DEFAULT_OUTPUT, Entry, Spend, day};
use crate::memory::recall::{Recalled, recall};
use crate::model::candidate::{Candidate, candidates};
use crate::model::listen::{Asking, Heard, listen};
use crate::model::request::Question;
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Database, Journal, Model, UserObject};
use crate::privacy::mask::{Author, blank};
use crate::privacy::unmask::{self, Shown};
use crate::session::load::{LoadSession, RECENT_MESSAGES};
use crate::session::log::{LogEnding, LogHead, TurnLog};
use crate::session::memory::Memory;
use crate::session::record::{Ending, OpenTurn, Status, TurnRecord};
use crate::session::state::{Admission, SessionState};
use crate::session::tree::{Place, Spot, way_to};
use crate::stream::event::Event;
use crate::stream::teller::Teller;
use crate::time::Millis;
use crate::user::record::{Refused, Wanted, too_fast};

/// How often the text of a running answer is kept, so that a crash loses a second of it at most.
const CHECKPOINT_EVERY: Millis = 1000;

/// How long a turn may take. Reservations stand longer than that.
const LONGEST: Millis = 10 * 60 * 1000;

/// How long an object may be gone before it is woken to close the turn it left open.
pub const WATCH_EVERY: Millis = 10 * 1000;

/// The world, as far as a turn touches it.
#[derive(Debug)]
pub struct Ports<D, U, M, J, C> {
    /// Supabase.
    pub database: D,
    /// The user's own object.
    pub user: U,
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
    head: LogHead,
    asking: Asking,
    user: User,
    shown: Shown,
    stopped: oneshot::Receiver<()>,
    standing: Option<Standing>,
}

impl Prepared {
    /// Where the user's messages stand, if they are counted.
    #[must_use]
    pub const fn standing(&self) -> Option<Standing> {
        self.standing
    }

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
    /// How it ended, as its client is told.
    pub ending: LogEnding,
    /// Why the answer is not whole, if that is nobody's wish.
    pub fault: Option<Fault>,
    /// Requests made to the model.
    pub attempts: u32,
    /// Why the kept answer lacks what was personal in it, if it does.
    pub blanked: Option<Refused>,
}

/// Admits, masks, loads, assembles and keeps: all that can still be answered with an HTTP status.
///
/// # Errors
/// `turn_in_progress`, `session_not_found`, `message_not_found`, `message_too_long`, `unknown_employee`, `database_unavailable`,
/// `too_many_values`, `privacy_unavailable`, `rate_limited`, `budget_exceeded`; nothing is kept then, and nothing was sent to anybody.
pub async fn prepare(
    state: &SessionState,
    user: User,
    mut ask: Ask,
    config: &Config,
    ports: &Ports<impl Database, impl UserObject, impl Model, impl Journal, impl Clock>,
) -> Result<Prepared, Error> {
    let admission = state.admit()?;
    let place = std::mem::take(&mut ask.place);
    let admitted_at = ports.clock.now();
    let budget = state.memory.borrow().as_ref().map(|memory| memory.employee.token_budget(config));
    let budget = budget.unwrap_or(config.token_budget);
    let session = ask.session_id;
    let remind = async |message: &str| {
        recall(&user, session, message, budget, config, &ports.database, &ports.model).await
    };
    let hide = async {
        let hidden = ports.user.mask(&user, &ask.message, Author::Outside).await?;
        let recalled = if hidden.text.is_empty() { None } else { remind(&hidden.text).await };
        Ok((hidden, recalled))
    };
    let (loaded, hidden) = join(load(state, &user, &ask, &place, config, ports), hide).await;
    loaded?;
    let (hidden, mut recalled) = hidden.map_err(|refused: Refused| refused.into_error("message"))?;
    let was_erased = state.values.borrow_mut().learn(&hidden);
    if was_erased {
        state.memory.take();
        load(state, &user, &ask, &place, config, ports).await?;
    }
    let again = question_again(state, &place);
    if let Some(question) = &again {
        recalled = remind(question).await;
    }
    ask.message = hidden.text;
    // Before the turn is kept: an object that dies in between is woken for nothing, which is harmless.
    ports.journal.wake_at(admitted_at + WATCH_EVERY).await;
    let (turn, question, window, candidates, head, wanted) = {
        let memory = state.memory.borrow();
        let memory =
            memory.as_ref().ok_or_else(|| Fault::new(Code::Internal, "memory is empty after load"))?;
        let mut candidates = candidates(memory, config);
        state.breaker.borrow_mut().arrange(&mut candidates, admitted_at);
        let spot = memory.spot(&place)?.ok_or_else(no_such_message)?;
        let (mut turn, question, window) = open(
            &Scene { memory, spot, recalled, user_id: user.id, admitted_at },
            ask,
            config,
            &ports.clock,
        )?;
        if let Some(first) = candidates.first() {
            turn.answered_by(first);
        }
        let wanted = wanted(&turn, memory, &candidates);
        let head = LogHead::new(&turn, &memory.employee.unmask_policy);
        (turn, question, window, candidates, head, wanted)
    };
    let shown = reveal(state, &user, &head, ports).await?;
    let standing = reserve(state, &user, &wanted, ports).await?;
    ports.journal.open(&turn, &head)?;
    state.log.replace(Some(TurnLog::new(head.clone())));
    if let Some(memory) = state.memory.borrow_mut().as_mut() {
        memory.window = window;
    }
    let breaker = Rc::clone(&state.breaker);
    let asking = Asking { question, candidates, breaker, deadline: admitted_at + LONGEST };
    let stopped = state.stoppable();
    Ok(Prepared { admission, turn, head, asking, user, shown, stopped, standing })
}

/// What a turn may take, and the limits that hold for it.
fn wanted(turn: &OpenTurn, memory: &Memory, candidates: &[Candidate]) -> Wanted {
    let employee = &memory.employee;
    let most = Usage {
        prompt_tokens: turn.prompt_tokens,
        cached_tokens: 0,
        completion_tokens: employee.max_output_tokens.unwrap_or(DEFAULT_OUTPUT),
        source: UsageSource::Estimated,
    };
    let costs = candidates.iter().filter_map(|candidate| Some(candidate.price?.of(&most)));
    let spend = Spend::new(most.total(), costs.max_by(f64::total_cmp));
    let entry =
        Entry { turn_id: turn.turn_id, employee: turn.employee.clone(), day: day(turn.admitted_at), spend };
    Wanted { entry, user: memory.limits, employee: employee.budget }
}

/// Lets the turn begin, if the session's and the user's limits do. Without any limit nobody is asked.
async fn reserve(
    state: &SessionState,
    user: &User,
    wanted: &Wanted,
    ports: &Ports<impl Database, impl UserObject, impl Model, impl Journal, impl Clock>,
) -> Result<Option<Standing>, Error> {
    let quota = state.memory.borrow().as_ref().and_then(|memory| memory.employee.messages_per_minute);
    let mut bucket = state.bucket.get();
    let own = quota.map(|quota| {
        bucket.take(quota, ports.clock.now()).map_err(|wait| too_fast(quota, wait, "this session"))
    });
    let own = own.transpose()?;
    let is_limited = wanted.user.messages_per_minute.is_some()
        || !wanted.user.budget.is_unlimited()
        || !wanted.employee.is_unlimited();
    let users = if is_limited {
        ports.user.reserve(user, wanted).await.map_err(|refused| refused.into_error("message"))?
    } else {
        None
    };
    state.bucket.set(bucket);
    // Of two limits the one that is nearer.
    Ok([own, users].into_iter().flatten().min_by_key(|standing| standing.remaining))
}

/// What the user of a turn is shown for the tokens that its model is shown. A session that has seen them before asks nobody.
///
/// # Errors
/// `privacy_unavailable`, `database_unavailable`.
pub async fn reveal(
    state: &SessionState,
    user: &User,
    head: &LogHead,
    ports: &Ports<impl Database, impl UserObject, impl Model, impl Journal, impl Clock>,
) -> Result<Shown, Error> {
    let missing = state.values.borrow().missing(&head.shown);
    if !missing.is_empty() {
        let revealed = ports.user.reveal(user, &missing).await;
        state.values.borrow_mut().add(revealed.map_err(|refused| refused.into_error("message"))?);
    }
    Ok(state.values.borrow().shown(&head.shown, &head.policy))
}

/// Makes sure that hot memory serves this turn: as it is, or read anew. When Postgres is out of reach, what the
/// object remembers goes on serving.
async fn load(
    state: &SessionState,
    user: &User,
    ask: &Ask,
    place: &Place,
    config: &Config,
    ports: &Ports<impl Database, impl UserObject, impl Model, impl Journal, impl Clock>,
) -> Result<(), Error> {
    let employee = ask.employee.as_deref();
    // Or says why no path could.
    let leads_there = |memory: &Memory| !matches!(memory.spot(place), Ok(None));
    let serves = |memory: &Memory| memory.serves(employee, ports.clock.now()) && leads_there(memory);
    if state.memory.borrow().as_ref().is_some_and(serves) {
        return Ok(());
    }
    // Before Postgres is read: what is delivered while it answers would be neither in its answer nor in a later outbox.
    let waiting: Vec<_> =
        ports.journal.outbox(RECENT_MESSAGES).into_iter().map(|waiting| waiting.record).collect();
    let kept = state.memory.take().or_else(|| ports.journal.recollect());
    let newest = waiting.last().and_then(|last| {
        let answered = match &kept {
            Some(memory) if memory.is_newest => memory.last_message_id,
            _ => ports.journal.recollect().and_then(|memory| memory.last_message_id),
        };
        answered.or_else(|| last.messages.last().map(|message| message.id))
    });
    let (leaf, waiting) = way_to(place, newest, waiting);
    let question = LoadSession {
        user,
        session: ask.session_id,
        employee,
        default_employee: &config.default_employee,
        default_model: &config.default_model,
        limit: RECENT_MESSAGES,
        leaf,
    };
    let mut memory = match ports.database.load_session(&question).await {
        Ok(loaded) if loaded.foreign => {
            let detail = "session_id is not a session of yours. Leave it out to begin a new one.";
            return Err(abort_field(Code::SessionNotFound, "session_id", detail));
        }
        Ok(loaded) => {
            let memory = Memory::from_loaded(loaded, kept.as_ref(), ports.clock.now());
            let detail = "There is no such employee. GET /api/employees lists who is there.";
            memory.ok_or_else(|| abort_field(Code::UnknownEmployee, "employee", detail))?
        }
        Err(fault) => kept.filter(|memory| memory.knows(employee) && leads_there(memory)).ok_or(fault)?,
    };
    for record in &waiting {
        memory.add(record);
    }
    memory.is_newest = place.is_newest();
    state.memory.replace(Some(memory));
    Ok(())
}

/// What a turn begins with.
struct Scene<'a> {
    memory: &'a Memory,
    spot: Spot<'a>,
    recalled: Option<Recalled>,
    user_id: Uuid,
    admitted_at: Millis,
}

/// The turn as it is kept, and what it asks.
fn open(
    scene: &Scene<'_>,
    ask: Ask,
    config: &Config,
    clock: &impl Clock,
) -> Result<(OpenTurn, Question, Option<Window>), Error> {
    let Scene { memory, spot, recalled, user_id, admitted_at } = scene;
    let (user_id, admitted_at) = (*user_id, *admitted_at);
    let employee = &memory.employee;
    let message = spot.question.map_or(ask.message, |question| question.content.clone());
    let message_tokens = tokens::count(&message);
    let prompt = assemble(&Material {
        persona: &employee.system_prompt,
        session: ask.session_id,
        path: spot.path,
        before: memory.window.as_ref(),
        recalled: recalled.as_ref(),
        message: &message,
        message_tokens,
        budget: employee.token_budget(config),
    })
    .map_err(too_long)?;
    let question = Question::new(employee, &prompt.messages)?;
    let window = prompt.window;
    let turn = OpenTurn {
        turn_id: new_id(clock, admitted_at),
        user_id,
        session_id: ask.session_id,
        client_message_id: ask.client_message_id,
        user_message_id: spot.question.map_or_else(|| new_id(clock, admitted_at), |question| question.id),
        answer_id: new_id(clock, admitted_at),
        message_tokens,
        admitted_at,
        employee: employee.slug.clone(),
        model: employee.model(config).to_owned(),
        price: memory.price,
        parent_id: spot.parent_id,
        prompt_tokens: prompt.receipt.counted,
        history_tokens: prompt.history_tokens,
        // Not those of the persona, which are examples.
        shown: unmask::tokens(prompt.messages.iter().skip(1).map(|message| message.content.as_ref())),
        is_again: spot.question.is_some(),
        remember: ask.remember,
        receipt: prompt.receipt,
        sources: prompt.sources,
        message,
    };
    Ok((turn, question, window))
}

/// The question that is to be answered again, if that is wanted and it is known.
fn question_again(state: &SessionState, place: &Place) -> Option<String> {
    let memory = state.memory.borrow();
    let spot = memory.as_ref()?.spot(place).ok()??;
    Some(spot.question?.content.clone())
}

fn too_long(TooLong { tokens, most }: TooLong) -> Error {
    let detail = format!(
        "The message has {tokens} tokens, attachments and all; {most} fit beside what this employee is told to be. \
         Send it in parts, or ask the operator for a larger token_budget."
    );
    abort_field(Code::MessageTooLong, "message", detail)
}

fn no_such_message() -> Error {
    let detail = "There is no such message in this session. GET /api/sessions/{id}/messages lists those that there are.";
    abort_field(Code::MessageNotFound, "parent_id", detail)
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
    ports: &Ports<impl Database, impl UserObject, impl Model, impl Journal, impl Clock>,
    emit: impl FnMut(&Event<'_>),
) -> Answered {
    let Prepared { admission, mut turn, head, asking, user, shown, stopped, .. } = prepared;
    // No await between the two: who comes in between would hear the beginning twice, or not at all.
    if let Some(log) = state.log.borrow_mut().as_mut() {
        log.has_begun = true;
    }
    let mut teller = Teller::start(&head, shown, emit);
    let mut keeper = Keeper { log: &state.log, journal: &ports.journal, kept: 0, kept_at: turn.admitted_at };
    let mut heard = Heard::default();
    let outcome = {
        let listening =
            pin!(listen(&ports.model, &ports.clock, &asking, &mut heard, |candidate, text, now| {
                if turn.answered_by(candidate) {
                    // Should it be interrupted, its price is known. If not, the end says what it was all the same.
                    let _ = ports.journal.amend(&turn);
                }
                keeper.keep(text, now);
                teller.text(text);
            }));
        until_stopped(listening, stopped).await
    };
    keeper.keep_rest();

    let blanked = mask_answer(&mut heard.text, &turn, &user, config, ports).await;
    let attempts = heard.attempts;
    let (record, ending, fault) = settle(turn, heard, outcome, &ports.journal, ports.clock.now());
    if let Some(log) = state.log.borrow_mut().as_mut() {
        log.ending = Some(ending.clone());
    }
    if let Some(memory) = state.memory.borrow_mut().as_mut() {
        memory.add(&record);
        ports.journal.remember(memory);
    }
    // Before the last event: who hears that the answer is over may send the next message at once.
    drop(admission);
    // Both at once: who comes in between would miss what was held back.
    teller.end_text();
    teller.end(&ending.event());
    Answered { record, ending, fault, attempts, blanked }
}

/// How listening ended.
enum Outcome {
    /// By itself.
    Whole,
    /// Somebody stopped it.
    Stopped,
    /// It broke off.
    Failed(Fault),
}

/// Listens to the end, or until the user has heard enough.
async fn until_stopped(
    listening: impl Future<Output = Result<(), Fault>> + Unpin,
    stopped: oneshot::Receiver<()>,
) -> Outcome {
    let heard_out = match select(listening, stopped).await {
        Either::Left((heard_out, _)) => heard_out,
        Either::Right((Ok(()), _)) => return Outcome::Stopped,
        // Nobody is left who could stop it.
        Either::Right((Err(_), listening)) => listening.await,
    };
    heard_out.map_or_else(Outcome::Failed, |()| Outcome::Whole)
}

/// Closes a turn: its record is in the outbox and its log has an end when this returns.
fn settle(
    turn: OpenTurn,
    heard: Heard,
    outcome: Outcome,
    journal: &impl Journal,
    now: Millis,
) -> (TurnRecord, LogEnding, Option<Fault>) {
    let reason = heard.finish.unwrap_or("other").to_owned();
    let ending = ending(heard, &turn, &outcome, now);
    let record = turn.into_record(ending);
    let summary = record.usage.summary();
    let (ending, mut fault) = match outcome {
        Outcome::Whole => (LogEnding::Finished { reason, summary }, None),
        Outcome::Stopped => (LogEnding::Stopped { summary }, None),
        Outcome::Failed(fault) => (LogEnding::Failed { code: fault.code }, Some(fault)),
    };
    let closed = journal.close(&record, &ending, now);
    let ending = match closed {
        Ok(()) => ending,
        Err(refused) => LogEnding::Failed { code: fault.insert(refused).code },
    };
    (record, ending, fault)
}

/// Makes an answer what is kept of it: with the tokens that the model was shown in their one spelling, and with tokens for
/// what else is personal in it. When no tokens can be had, what is personal is left out, for the answer must be kept and
/// not raw; then it returns why.
async fn mask_answer(
    text: &mut String,
    turn: &OpenTurn,
    user: &User,
    config: &Config,
    ports: &Ports<impl Database, impl UserObject, impl Model, impl Journal, impl Clock>,
) -> Option<Refused> {
    if text.is_empty() {
        return None;
    }
    let author = Author::Model(&turn.shown);
    match ports.user.mask(user, text, author).await {
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

/// Writes the log of a running turn: into memory at once, into the journal at most once in [`CHECKPOINT_EVERY`]. Failing to
/// is no reason to stop: what could not be written is tried again with the next.
struct Keeper<'a, J> {
    log: &'a RefCell<Option<TurnLog>>,
    journal: &'a J,
    /// Batches that the journal has.
    kept: usize,
    kept_at: Millis,
}

impl<J: Journal> Keeper<'_, J> {
    fn keep(&mut self, text: &str, now: Millis) {
        if let Some(log) = self.log.borrow_mut().as_mut() {
            log.batches.push(text.to_owned());
        }
        if now.saturating_sub(self.kept_at) >= CHECKPOINT_EVERY {
            self.keep_rest();
            self.kept_at = now;
        }
    }

    fn keep_rest(&mut self) {
        let log = self.log.borrow();
        let Some(log) = log.as_ref() else { return };
        let fresh = log.batches.get(self.kept..).unwrap_or_default();
        if !fresh.is_empty() && self.journal.extend(log.head.turn_id, fresh).is_ok() {
            self.kept = log.batches.len();
        }
    }
}

fn ending(heard: Heard, turn: &OpenTurn, outcome: &Outcome, ended_at: Millis) -> Ending {
    let text_tokens = tokens::count(&heard.text);
    let fault = if let Outcome::Failed(fault) = outcome { Some(fault) } else { None };
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
        status: match outcome {
            Outcome::Whole => Status::Complete,
            Outcome::Stopped => Status::Stopped,
            Outcome::Failed(_) => Status::Failed,
        },
        finish_reason: heard.finish,
        error: fault.map(|fault| fault.code),
        usage: heard.usage.unwrap_or(estimated),
        first_token_at: heard.first_token_at,
        ended_at,
    }
}

/// Closes the turn that a dead object left open: to be called once, before anything else, when an object wakes.
pub fn recover(journal: &impl Journal, clock: &impl Clock, config: &Config) -> Option<TurnRecord> {
    let turn = journal.left_open()?;
    let text = journal.log(turn.turn_id).map(|log| log.text()).unwrap_or_default();
    let text = blank(&text, Author::Model(&turn.shown), &config.pii_patterns);
    let text_tokens = tokens::count(&text);
    let now = clock.now();
    let ending = turn.interruption(text, text_tokens, now);
    let record = turn.into_record(ending);
    let told = LogEnding::Failed { code: Code::Interrupted };
    journal.close(&record, &told, now).ok()?;
    if let Some(mut memory) = journal.recollect() {
        memory.add(&record);
        journal.remember(&memory);
    }
    Some(record)
}
