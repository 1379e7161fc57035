//! What a turn may take: reserved before the model is asked.

use super::steps::Work;
use crate::auth::User;
use crate::employee::Employee;
use crate::error::{Code, Error, Fault};
use crate::limit::bucket::Standing;
use crate::limit::quota::{DEFAULT_OUTPUT, Entry, Spend, day};
use crate::model::candidate::Candidate;
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Ports, UserObject, World};
use crate::session::load::UserLimits;
use crate::session::memory::Memory;
use crate::session::record::OpenTurn;
use crate::session::state::SessionState;
use crate::user::record::{Refused, Wanted, too_fast};

/// What a turn may take, and the limits that hold for it.
pub(super) fn wanted(turn: &OpenTurn, memory: &Memory, candidates: &[Candidate]) -> Wanted {
    let employee = &memory.employee;
    let most = most(turn.prompt_tokens, employee);
    let costs = candidates.iter().filter_map(|candidate| Some(candidate.price?.of(&most)));
    let spend = Spend::new(most.total(), costs.max_by(f64::total_cmp));
    let entry =
        Entry { turn_id: turn.turn_id, employee: turn.employee.clone(), day: day(turn.admitted_at), spend };
    Wanted { entry, user: memory.limits, employee: employee.budget }
}

/// Lets the turn begin, if the session's and the user's limits do. Without any limit nobody is asked.
pub(super) async fn reserve(
    state: &SessionState,
    user: &User,
    wanted: &Wanted,
    ports: &Ports<impl World>,
) -> Result<Option<Standing>, Error> {
    let quota = state.memory.borrow().as_ref().and_then(|memory| memory.employee.messages_per_minute);
    let mut bucket = state.bucket.get();
    let own = quota.map(|quota| {
        bucket.take(quota, ports.clock.now()).map_err(|wait| too_fast(quota, wait, "this session"))
    });
    let own = own.transpose()?;
    let users =
        reserve_with_user(user, wanted, ports).await.map_err(|refused| refused.into_error("message"))?;
    state.bucket.set(bucket);
    // Of two limits the one that is nearer.
    Ok([own, users].into_iter().flatten().min_by_key(|standing| standing.remaining))
}

/// Reserves in the user's object, where there are limits: without any nobody is asked.
pub(super) async fn reserve_with_user(
    user: &User,
    wanted: &Wanted,
    ports: &Ports<impl World>,
) -> Result<Option<Standing>, Refused> {
    let is_limited = wanted.user.messages_per_minute.is_some()
        || !wanted.user.budget.is_unlimited()
        || !wanted.employee.is_unlimited();
    if is_limited { ports.user.reserve(user, wanted).await } else { Ok(None) }
}

/// Reserves what another step of the answer may take, on top of what it took.
///
/// # Errors
/// `budget_exceeded`, `database_unavailable`, `privacy_unavailable`.
pub(super) async fn reserve_step(
    turn: &OpenTurn,
    work: &Work,
    (taken, cost): (Usage, Option<f64>),
    prompt_tokens: u32,
    user: &User,
    ports: &Ports<impl World>,
) -> Result<(), Fault> {
    let limits = UserLimits { messages_per_minute: None, budget: work.limits.budget };
    let next = most(prompt_tokens, &work.employee);
    let next_cost = turn.price.map(|price| price.of(&next));
    let cost = cost.unwrap_or(0.0) + next_cost.unwrap_or(0.0);
    let spend = Spend::new(taken.total().saturating_add(next.total()), Some(cost));
    let entry =
        Entry { turn_id: turn.turn_id, employee: turn.employee.clone(), day: day(ports.clock.now()), spend };
    let wanted = Wanted { entry, user: limits, employee: work.employee.budget };
    reserve_with_user(user, &wanted, ports).await.map(drop).map_err(|refused| match refused {
        Refused::Exceeded { .. } => Fault::new(Code::BudgetExceeded, "another step"),
        Refused::Database(cause) => Fault::new(Code::DatabaseUnavailable, cause),
        other => Fault::new(Code::PrivacyUnavailable, format!("{other:?}")),
    })
}

/// What a step takes at most.
fn most(prompt_tokens: u32, employee: &Employee) -> Usage {
    Usage {
        prompt_tokens,
        cached_tokens: 0,
        completion_tokens: employee.max_output_tokens.unwrap_or(DEFAULT_OUTPUT),
        source: UsageSource::Estimated,
    }
}
