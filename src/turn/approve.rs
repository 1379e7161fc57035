//! Decisions of a user on tool calls that wait for them. With the last one the answer is resumed as a turn of its own.

use pii::mask::Author;
use pii::unmask::{Escape, PlaceholderMap, unmask};
use serde_json::Value;
use uuid::Uuid;

use super::agent_config::AgentConfig;
use super::load::{Wanted, no_cache};
use super::prepare::{NewTurn, PreparedTurn};
use super::{MAX_TURN, TurnCtx, reserve};
use crate::account::ledger::ReservationRequest;
use crate::chat::limits::UserLimits;
use crate::chat::tool_call::ToolRun;
use crate::error::{Error, Fault};
use crate::ids;
use crate::model::candidate::candidates;
use crate::model::completion::CompletionRequest;
use crate::model::request::ChatBody;
use crate::ports::{Clock, Platform};
use crate::session::approval::{Decision, MaskedDecision, PendingApproval, not_found};
use crate::session::in_flight::InFlightTurn;
use crate::session::path::InsertAt;
use crate::session::state::Admission;
use crate::session::store::SessionStore;
use crate::tools::tool_set::ToolSet;

/// Outcome of the decisions.
#[derive(Debug)]
pub enum ApprovalOutcome {
    /// These approvals are still undecided.
    Undecided(Vec<Uuid>),
    /// The answer can be resumed.
    Resumed(Box<PreparedTurn>),
}

impl<P: Platform> TurnCtx<'_, P> {
    /// Applies a user's decisions, and prepares the rest of the answer once every call is decided.
    ///
    /// # Errors
    /// `turn_in_progress`, `approval_not_found`, `approval_expired`, `approval_mismatch`, `budget_exceeded`,
    /// `database_unavailable`, `privacy_unavailable`: the pending approval stays as it was.
    pub async fn resume_after_approval(&self, decisions: Vec<Decision>) -> Result<ApprovalOutcome, Error> {
        let (user, session) = (self.session.user, self.session.session);
        let admission = session.admit()?;
        let store = SessionStore::new(&user.ports.sql, session.id);
        let mut pending = store.approval()?.ok_or_else(not_found)?;
        user.unlock().await.map_err(|error| error.into_error("approvals"))?;
        let values = user.placeholder_map(&pending.visible_placeholders, &pending.policy);
        let decisions = decisions.into_iter().map(|decision| self.mask_decision(decision));
        let decisions = decisions.collect::<Result<Vec<_>, _>>()?;
        pending.decide(&decisions, |arguments| shown(arguments, &values), user.ports.clock.now())?;
        let undecided = pending.undecided();
        if !undecided.is_empty() {
            store.save_approval(&pending)?;
            return Ok(ApprovalOutcome::Undecided(undecided));
        }
        let insert_at = InsertAt::Newest;
        let wanted = Wanted { employee: Some(&pending.employee), insert_at: &insert_at };
        if !self.is_cached(wanted) {
            self.load(wanted).await?;
        }
        let tools = self.tools().await?;
        let prepared = self.resume(admission, pending, tools)?;
        Ok(ApprovalOutcome::Resumed(Box::new(prepared)))
    }

    fn mask_decision(&self, decision: Decision) -> Result<MaskedDecision, Error> {
        let Decision { id, approved, reason, input } = decision;
        let mask = |reason: String| self.session.user.mask(&reason, Author::Outside);
        let reason = reason.map(mask).transpose().map_err(|error| error.into_error("reason"))?;
        Ok(MaskedDecision { id, approved, reason, input })
    }

    /// Prepares the rest of an answer: one local step without an `await`.
    fn resume(
        &self,
        admission: Admission,
        pending: PendingApproval,
        tools: ToolSet,
    ) -> Result<PreparedTurn, Error> {
        let (user, session) = (self.session.user, self.session.session);
        let now = user.ports.clock.now();
        let cache = session.cache.borrow();
        let cache = cache.as_ref().ok_or_else(no_cache)?;
        let mut candidates = candidates(&cache.employee, user.config);
        reserve::keep_affordable(&mut candidates, &cache.limits, cache.employee())?;
        user.account.models.borrow_mut().breaker.arrange(&mut candidates, now);
        let PendingApproval { turn, answer, messages, echo, employee, steps, earlier_calls, .. } = pending;
        let mut turn = InFlightTurn {
            // The employee that took over, if one did.
            employee,
            price: cache.employee.price,
            turn_id: ids::time_ordered(&user.ports.clock, now),
            admitted_at: now,
            client_message_id: None,
            resumed: Some(answer),
            visible_placeholders: pending.visible_placeholders,
            prompt_tokens: pending.prompt_tokens,
            withdrawn: Vec::new(),
            ..turn
        };
        if let Some(first) = candidates.first() {
            turn.set_model(first);
        }
        let agent = AgentConfig { steps, earlier_calls, echo, ..AgentConfig::new(cache, tools) };
        let body = ChatBody::resumed(cache.employee(), messages, agent.tools.json());
        let reservation = reserve::for_turn(&turn, cache, &candidates);
        // A decision is no message: it does not count against the rate.
        let limits = UserLimits { messages_per_minute: None, ..reservation.user };
        self.reserve(&ReservationRequest { user: limits, ..reservation })?;
        let request = CompletionRequest { body, candidates, deadline: now + MAX_TURN };
        let head = turn.head(&pending.policy);
        Ok(self.keep(NewTurn { admission, turn, request, agent, head })?)
    }

    /// The calls of a pending approval, which a new message ends.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub(super) fn withdrawn_calls(&self) -> Result<Vec<ToolRun>, Fault> {
        let (user, session) = (self.session.user, self.session.session);
        let pending = SessionStore::new(&user.ports.sql, session.id).approval()?;
        let calls = pending.map_or_else(Vec::new, PendingApproval::withdrawn);
        Ok(calls.iter().map(|call| call.run(user.user.id)).collect())
    }
}

/// Arguments as the user saw them.
fn shown(arguments: &Value, values: &PlaceholderMap) -> Value {
    serde_json::from_str(&unmask(&arguments.to_string(), values, Escape::Json)).unwrap_or_default()
}
