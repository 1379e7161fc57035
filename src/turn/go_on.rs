//! An answer that waited for its user goes on.

use std::rc::Rc;

use pii::mask::Author;
use pii::unmask::{Escape, PlaceholderMap, unmask};
use uuid::Uuid;

use super::load::load;
use super::open::new_id;
use super::reserve::{reserve_with_user, wanted};
use super::steps::Work;
use super::{LONGEST, Prepared, WATCH_EVERY, begin, reveal, toolbox};
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::model::candidate::candidates;
use crate::model::listen::Asking;
use crate::model::request::Question;
use crate::ports::{Clock, Journal, Ports, UserObject, World};
use crate::session::load::UserLimits;
use crate::session::log::LogHead;
use crate::session::record::OpenTurn;
use crate::session::state::SessionState;
use crate::session::tree::Place;
use crate::tools::approval::{Decision, Suspended, not_found};
use crate::tools::call::{CallRecord, ToolRun};

/// What becomes of an answer whose user has spoken.
#[derive(Debug)]
pub enum GoneOn {
    /// It waits for these approvals too.
    Waits(Vec<Uuid>),
    /// It can be answered.
    Goes(Box<Prepared>),
}

/// Takes what a user says of the calls that wait for them, and goes on when they have spoken of all.
///
/// # Errors
/// `turn_in_progress`, `approval_not_found`, `approval_expired`, `approval_mismatch`, `budget_exceeded`, `database_unavailable`,
/// `privacy_unavailable`; what waits goes on waiting then.
pub async fn go_on(
    state: &SessionState,
    user: User,
    session: Uuid,
    mut decisions: Vec<Decision>,
    config: &Config,
    ports: &Ports<impl World>,
) -> Result<GoneOn, Error> {
    let admission = state.admit()?;
    let mut suspended = ports.journal.suspended().ok_or_else(not_found)?;
    let now = ports.clock.now();
    let shown = reveal(state, &user, (&suspended.shown, &suspended.policy), ports).await?;
    for reason in decisions.iter_mut().filter_map(|decision| decision.reason.as_mut()) {
        let hidden = ports.user.mask(&user, reason, Author::Outside).await;
        *reason = hidden.map_err(|refused| refused.into_error("reason"))?.text;
    }
    let told = |arguments: &serde_json::Value| told(arguments, &shown);
    suspended.decide(&decisions, told, now)?;
    let waiting = suspended.waiting();
    if !waiting.is_empty() {
        ports.journal.suspend(&suspended)?;
        return Ok(GoneOn::Waits(waiting));
    }
    load(state, &user, (session, Some(&suspended.employee)), &Place::Newest, config, ports).await?;
    ports.journal.wake_at(now + WATCH_EVERY).await;
    let toolbox = toolbox(state, config, ports).await?;
    let (turn, work, asking, wanted) = {
        let memory = state.memory.borrow();
        let memory =
            memory.as_ref().ok_or_else(|| Fault::new(Code::Internal, "memory is empty after load"))?;
        let mut candidates = candidates(memory, config);
        state.breaker.borrow_mut().arrange(&mut candidates, now);
        let Suspended { turn, answer, messages, employee, steps, earlier_calls, prompt_tokens, .. } =
            suspended;
        let mut turn = OpenTurn {
            // Who took over meanwhile, if somebody did.
            employee,
            price: memory.price,
            turn_id: new_id(&ports.clock, now),
            admitted_at: now,
            client_message_id: None,
            so_far: Some(answer),
            shown: suspended.shown,
            prompt_tokens,
            withdrawn: Vec::new(),
            ..turn
        };
        if let Some(first) = candidates.first() {
            turn.answered_by(first);
        }
        let work = Work { steps, earlier_calls, ..Work::new(memory, toolbox) };
        let question = Question::of(&work.employee, messages, work.toolbox.json()?);
        let mut wanted = wanted(&turn, memory, &candidates);
        // It is no message.
        wanted.user = UserLimits { messages_per_minute: None, ..wanted.user };
        let breaker = Rc::clone(&state.breaker);
        (turn, work, Asking { question, candidates, breaker, deadline: now + LONGEST }, wanted)
    };
    let head = LogHead::new(&turn, &suspended.policy);
    let reserved = reserve_with_user(&user, &wanted, ports).await;
    reserved.map_err(|refused| refused.into_error("approvals"))?;
    begin(state, &turn, &head, &ports.journal)?;
    let stopped = state.stoppable();
    let prepared = Prepared { admission, turn, head, asking, work, user, shown, stopped, standing: None };
    Ok(GoneOn::Goes(Box::new(prepared)))
}

/// Arguments as their user was told of them.
fn told(arguments: &serde_json::Value, shown: &PlaceholderMap) -> serde_json::Value {
    serde_json::from_str(&unmask(&arguments.to_string(), shown, Escape::Json)).unwrap_or_default()
}

/// What becomes of calls that wait when their user goes on without them.
pub(super) fn withdrawn(journal: &impl Journal, user: Uuid) -> Vec<ToolRun> {
    let Some(mut suspended) = journal.suspended() else { return Vec::new() };
    let waited: Vec<_> = suspended
        .answer
        .calls
        .iter()
        .filter(|call| call.is_waiting() || call.is_open())
        .map(|call| call.id)
        .collect();
    suspended.expire();
    let is_meant = |call: &&CallRecord| waited.contains(&call.id);
    suspended.answer.calls.iter().filter(is_meant).map(|call| call.run(user)).collect()
}
