//! Reservations of a turn: the most that it may take, before the model is asked.

use uuid::Uuid;

use super::TurnCtx;
use super::agent_config::AgentConfig;
use super::progress::StepCost;
use crate::account::ledger::{self, LimitError, ReservationRequest};
use crate::chat::employee::{Employee, PricedEmployee};
use crate::chat::limits::{Budget, UserLimits};
use crate::chat::usage::Usage;
use crate::error::{Code, Error, Fault, abort};
use crate::ids;
use crate::limit::quota::{Cost, LedgerEntry, day};
use crate::limit::status::BudgetStatus;
use crate::model::candidate::Candidate;
use crate::model::request::output_limit;
use crate::ports::{Clock, Platform};
use crate::session::in_flight::InFlightTurn;

/// The reservation for a turn: its prompt and its longest answer, at the price of the dearest candidate.
pub(super) fn for_turn(
    turn: &InFlightTurn,
    agent: &AgentConfig,
    candidates: &[Candidate],
) -> ReservationRequest {
    let employee = &agent.employee.employee;
    let all = || {
        candidates
            .iter()
            .map(|candidate| (most(turn.prompt_tokens, employee, &candidate.model), candidate.price))
    };
    let costs = all().filter_map(|(most, price)| Some(price?.of(&most)));
    let tokens = all().map(|(most, _)| most.total()).max().unwrap_or(turn.prompt_tokens);
    let cost = Cost::new(tokens, costs.max_by(f64::total_cmp));
    let entry =
        LedgerEntry { id: turn.turn_id, employee: turn.employee.clone(), day: day(turn.admitted_at), cost };
    ReservationRequest { entry, user: agent.limits, employee: employee.budget }
}

/// Usage of a step at most.
fn most(prompt_tokens: u32, employee: &Employee, model: &str) -> Usage {
    Usage::estimated(prompt_tokens, output_limit(employee.max_output_tokens, model))
}

/// Leaves out the models without a price where a budget is in dollars: their cost could not be kept within it.
///
/// # Errors
/// `unpriced_model`, when no other is left.
pub(super) fn keep_affordable(
    candidates: &mut Vec<Candidate>,
    limits: &UserLimits,
    employee: &Employee,
) -> Result<(), Error> {
    if limits.budget.daily_usd.is_none() && employee.budget.daily_usd.is_none() {
        return Ok(());
    }
    candidates.retain(|candidate| candidate.price.is_some());
    if candidates.is_empty() { Err(unpriced(employee)) } else { Ok(()) }
}

fn unpriced(employee: &Employee) -> Error {
    let detail = format!(
        "There is a budget in dollars, and no model of {} has a price. An operator can add it to chat_model_prices.",
        employee.slug
    );
    abort(Code::UnpricedModel, detail)
}

/// Another step of an answer.
pub(super) struct NextStep<'a> {
    pub(super) turn: &'a InFlightTurn,
    pub(super) agent: &'a AgentConfig,
    /// Usage and cost of the steps before.
    pub(super) spent: StepCost,
    /// Tokens that the model reads in the step.
    pub(super) prompt_tokens: u32,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// Reserves, unless no limit of the user holds.
    ///
    /// # Errors
    /// [`LimitError`].
    pub(super) fn reserve(&self, request: &ReservationRequest) -> Result<BudgetStatus, LimitError> {
        self.session.user.check_ceiling(request.entry.cost)?;
        let is_unlimited = request.user.budget.is_unlimited() && request.employee.is_unlimited();
        if is_unlimited { Ok(BudgetStatus::default()) } else { self.session.user.reserve(request) }
    }

    /// True if the budgets of the user and of an employee that takes over suffice for its first step, beside the steps before.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub(super) fn has_budget_for(
        &self,
        step: &NextStep<'_>,
        successor: &PricedEmployee,
    ) -> Result<bool, Fault> {
        let NextStep { turn, agent, spent, prompt_tokens } = step;
        let (user, employee) = (self.session.user, &successor.employee);
        let (now, model) = (user.ports.clock.now(), employee.model(user.config));
        let cost = |usage: Usage, cost_usd: Option<f64>| Cost::new(usage.total(), cost_usd);
        let entry = |id: Uuid, employee: &str, cost: Cost| LedgerEntry {
            id,
            employee: employee.to_owned(),
            day: day(now),
            cost,
        };
        // What was reserved for the step that does not come is free for the successor.
        let taken = entry(turn.turn_id, &turn.employee, cost(spent.usage, spent.cost_usd));
        let unlimited = UserLimits::default();
        let so_far = ReservationRequest { entry: taken, user: unlimited, employee: Budget::default() };
        user.reserve(&so_far).map_err(into_fault)?;
        let next = most(*prompt_tokens, employee, model);
        let next_cost = cost(next, successor.price.map(|price| price.of(&next)));
        let limits = UserLimits { messages_per_minute: None, budget: agent.limits.budget };
        let id = ids::random(&user.ports.clock);
        let first = ReservationRequest {
            entry: entry(id, &employee.slug, next_cost),
            user: limits,
            employee: employee.budget,
        };
        match user.reserve(&first) {
            // The caller reserves in the turn's name, without an `await` in between.
            Ok(_) => ledger::release(&user.ports.sql, id).map(|()| true),
            Err(LimitError::Exceeded { .. } | LimitError::Unpriced) => Ok(false),
            Err(LimitError::Storage(fault)) => Err(fault),
        }
    }

    /// Reserves another step of an answer, in place of the turn's reservation so far.
    ///
    /// # Errors
    /// `budget_exceeded`, `internal`.
    pub(super) fn reserve_step(&self, step: &NextStep<'_>) -> Result<(), Fault> {
        let NextStep { turn, agent, spent, prompt_tokens } = step;
        let next = most(*prompt_tokens, &agent.employee.employee, &turn.model);
        let next_cost = turn.price.map(|price| price.of(&next));
        let cost = spent.cost_usd.unwrap_or(0.0) + next_cost.unwrap_or(0.0);
        let entry = LedgerEntry {
            id: turn.turn_id,
            employee: turn.employee.clone(),
            day: day(self.session.user.ports.clock.now()),
            cost: Cost::new(spent.usage.total().saturating_add(next.total()), Some(cost)),
        };
        let user = UserLimits { messages_per_minute: None, budget: agent.limits.budget };
        let employee = agent.employee.employee.budget;
        self.reserve(&ReservationRequest { entry, user, employee }).map(drop).map_err(into_fault)
    }
}

fn into_fault(error: LimitError) -> Fault {
    error.into_fault("another step")
}
