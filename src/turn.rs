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
//! answer    stream    model → batches → unmasked events; retries and failover until the first token        ┐ up to
//!           call      what it calls: masked, checked, run side by side, masked again; then it is asked again  ┘ eight steps
//!           settle    usage, cost, masked record into the outbox    ── the last byte may go out
//! (outbox)  deliver   commit_turn until Postgres has it
//! ```
//!
//! An answer that calls what its user must allow ends there. `go_on` takes it up when they have spoken: a turn of its own, which goes on
//! with the same message.

use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, join, select};
use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;
use uuid::Uuid;

use self::go_on::withdrawn;
use self::keeper::Keeper;
use self::load::{load, question_again};
use self::open::{Opened, Scene, no_such_message, open};
use self::reserve::{reserve, wanted};
use self::settle::{mask_answer, settle};
use self::steps::{Progress, Walk, Work};
use crate::api::chat::Ask;
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::limit::bucket::Standing;
use crate::memory::recall::recall;
use crate::model::candidate::candidates;
use crate::model::listen::Asking;
use crate::ports::{Clock, Journal, Ports, UserObject, World};
use crate::session::log::{LogEnding, LogHead, TurnLog};
use crate::session::record::{OpenTurn, TurnRecord};
use crate::session::state::{Admission, SessionState};
use crate::stream::event::Event;
use crate::stream::teller::Teller;
use crate::time::Millis;
use crate::tools::toolbox::Toolbox;
use crate::user::record::Refused;

mod go_on;
mod keeper;
mod load;
mod open;
mod reserve;
mod settle;
mod steps;

pub use self::go_on::{GoneOn, go_on};
pub use self::settle::recover;

/// How long a turn may take. Reservations stand longer than that.
const LONGEST: Millis = 10 * 60 * 1000;

/// How long an object may be gone before it is woken to close the turn it left open.
pub const WATCH_EVERY: Millis = 10 * 1000;

/// A turn that is kept and can be answered.
#[derive(Debug)]
pub struct Prepared {
    admission: Admission,
    turn: OpenTurn,
    head: LogHead,
    asking: Asking,
    work: Work,
    user: User,
    shown: PlaceholderMap,
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
    ports: &Ports<impl World>,
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
    let (loaded, hidden) =
        join(load(state, &user, (session, ask.employee.as_deref()), &place, config, ports), hide).await;
    loaded?;
    let (hidden, mut recalled) = hidden.map_err(|refused: Refused| refused.into_error("message"))?;
    let was_erased = state.values.borrow_mut().learn(&hidden);
    if was_erased {
        state.memory.take();
        load(state, &user, (session, ask.employee.as_deref()), &place, config, ports).await?;
    }
    let again = question_again(state, &place);
    if let Some(question) = &again {
        recalled = remind(question).await;
    }
    ask.message = hidden.text;
    // Before the turn is kept: an object that dies in between is woken for nothing, which is harmless.
    ports.journal.wake_at(admitted_at + WATCH_EVERY).await;
    let toolbox = toolbox(state, config, ports).await?;
    let (opened, head, wanted, candidates, work) = {
        let memory = state.memory.borrow();
        let memory =
            memory.as_ref().ok_or_else(|| Fault::new(Code::Internal, "memory is empty after load"))?;
        let mut candidates = candidates(memory, config);
        state.breaker.borrow_mut().arrange(&mut candidates, admitted_at);
        let spot = memory.spot(&place)?.ok_or_else(no_such_message)?;
        let work = Work::new(memory, toolbox);
        let scene = Scene { memory, spot, recalled, toolbox: &work.toolbox, user_id: user.id, admitted_at };
        let mut opened = open(&scene, ask, config, &ports.clock)?;
        if let Some(first) = candidates.first() {
            opened.turn.answered_by(first);
        }
        let wanted = wanted(&opened.turn, memory, &candidates);
        let head = LogHead::new(&opened.turn, &memory.employee.unmask_policy);
        (opened, head, wanted, candidates, work)
    };
    let Opened { mut turn, question, window, memory } = opened;
    let work = Work { memory, ..work };
    let shown = reveal(state, &user, (&head.shown, &head.policy), ports).await?;
    let standing = reserve(state, &user, &wanted, ports).await?;
    turn.withdrawn = withdrawn(&ports.journal, user.id);
    begin(state, &turn, &head, &ports.journal)?;
    if let Some(memory) = state.memory.borrow_mut().as_mut() {
        memory.window = window;
    }
    let breaker = Rc::clone(&state.breaker);
    let asking = Asking { question, candidates, breaker, deadline: admitted_at + LONGEST };
    let stopped = state.stoppable();
    Ok(Prepared { admission, turn, head, asking, work, user, shown, stopped, standing })
}

/// What the session's employee may call.
async fn toolbox(state: &SessionState, config: &Config, ports: &Ports<impl World>) -> Result<Toolbox, Fault> {
    let employee = state.memory.borrow().as_ref().map(|memory| memory.employee.clone());
    let employee = employee.ok_or_else(|| Fault::new(Code::Internal, "memory is empty after load"))?;
    Ok(Toolbox::of(&employee, &state.remotes, config, ports).await)
}

/// The turn is kept, and its log begins.
fn begin(state: &SessionState, turn: &OpenTurn, head: &LogHead, journal: &impl Journal) -> Result<(), Fault> {
    journal.open(turn, head)?;
    state.log.replace(Some(TurnLog::new(head.clone())));
    Ok(())
}

/// What the user of a turn is shown for the tokens that its model is shown. A session that has seen them before asks nobody.
///
/// # Errors
/// `privacy_unavailable`, `database_unavailable`.
pub async fn reveal(
    state: &SessionState,
    user: &User,
    (tokens, policy): (&[Placeholder], &Policy),
    ports: &Ports<impl World>,
) -> Result<PlaceholderMap, Error> {
    let missing = state.values.borrow().missing(tokens);
    if !missing.is_empty() {
        let revealed = ports.user.reveal(user, &missing).await;
        state.values.borrow_mut().add(revealed.map_err(|refused| refused.into_error("message"))?);
    }
    Ok(state.values.borrow().shown(tokens, policy))
}

/// Answers a prepared turn, telling `emit` each event as it happens, and settles it. Never fails: whatever goes
/// wrong is in the record and, for the client, in the last event.
pub async fn answer(
    prepared: Prepared,
    state: &SessionState,
    config: &Config,
    ports: &Ports<impl World>,
    emit: impl FnMut(&Event<'_>),
) -> Answered {
    let Prepared { admission, mut turn, head, mut asking, mut work, user, shown, stopped, .. } = prepared;
    // No await between the two: who comes in between would hear the beginning twice, or not at all.
    if let Some(log) = state.log.borrow_mut().as_mut() {
        log.has_begun = true;
    }
    let teller = Teller::start(&head, shown, emit);
    let keeper = Keeper::new(&state.log, &ports.journal, turn.admitted_at);
    let mut progress = Progress { answer: turn.so_far.clone().unwrap_or_default(), ..Progress::default() };
    let (prompt_tokens, shown) = (turn.prompt_tokens, head.shown.clone());
    let mut walk = Walk {
        turn: &mut turn,
        work: &mut work,
        asking: &mut asking,
        state,
        user: &user,
        config,
        ports,
        policy: &head.policy,
        keeper,
        teller,
        shown,
        prompt_tokens,
    };
    let outcome = until_stopped(pin!(walk.walk(&mut progress)), stopped).await;
    walk.keeper.keep_rest();
    let Walk { mut teller, shown, .. } = walk;

    let blanked = mask_answer(&mut progress.heard.text, &shown, &user, config, ports).await;
    let attempts = progress.attempts + progress.heard.attempts;
    let successor = progress.effects.borrow_mut().hand_over.clone();
    let (record, ending, fault) = settle(turn, progress, outcome, &ports.journal, ports.clock.now());
    if let Some(log) = state.log.borrow_mut().as_mut() {
        log.ending = Some(ending.clone());
    }
    if let Some(memory) = state.memory.borrow_mut().as_mut() {
        memory.add(&record);
        if let Some(successor) = successor {
            memory.succeed(successor);
        }
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
