//! Decisions of a user on tool calls that wait for them. With the last one the answer is resumed as a turn of its own.

use futures::future::{OptionFuture, try_join_all};
use pii::unmask::{Escape, PlaceholderMap, placeholders, unmask};
use serde_json::Value;
use uuid::Uuid;

use super::agent_config::AgentConfig;
use super::load::{Wanted, no_cache};
use super::mask_client::mask_results;
use super::prepare::{NewTurn, PreparedTurn};
use super::request::ClientResults;
use super::{MAX_TURN, TurnCtx, reserve};
use crate::account::ledger::ReservationRequest;
use crate::chat::limits::UserLimits;
use crate::chat::tool_call::ToolRun;
use crate::error::{Error, Fault};
use crate::ids;
use crate::limit::status::LimitStatus;
use crate::model::candidate::candidates;
use crate::model::completion::CompletionRequest;
use crate::model::options::ModelOptions;
use crate::model::request::ChatBody;
use crate::ports::{Clock, Platform};
use crate::session::approval::{Decision, MaskedDecision, MaskedResult, PendingApproval, not_found};
use crate::session::in_flight::InFlightTurn;
use crate::session::path::InsertAt;
use crate::session::state::Admission;
use crate::session::store::SessionStore;
use crate::stream::turn_event::TurnHead;
use crate::tools::tool_set::ToolSet;

/// Outcome of the decisions.
#[derive(Debug)]
pub enum ApprovalOutcome {
    /// These approvals are still undecided.
    Undecided(Vec<Uuid>),
    /// The answer can be resumed.
    Resumed(Box<PreparedTurn>),
}

/// Everything that the rest of an answer is built from.
struct ResumeInput {
    admission: Admission,
    pending: PendingApproval,
    tools: ToolSet,
    options: ModelOptions,
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
        let decisions =
            try_join_all(decisions.into_iter().map(|decision| self.mask_decision(decision))).await?;
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
        let prepared =
            self.resume(ResumeInput { admission, pending, tools, options: ModelOptions::default() })?;
        Ok(ApprovalOutcome::Resumed(Box::new(prepared)))
    }

    /// Prepares the rest of an answer that waits for its client's tools.
    ///
    /// # Errors
    /// As [`TurnCtx::resume_after_approval`]; `invalid_field` when a call is left without a result.
    pub async fn resume_with_results(&self, results: ClientResults) -> Result<PreparedTurn, Error> {
        let (user, session) = (self.session.user, self.session.session);
        let admission = session.admit()?;
        let mut pending = SessionStore::new(&user.ports.sql, session.id).approval()?.ok_or_else(not_found)?;
        user.unlock().await.map_err(|error| error.into_error("messages"))?;
        let ClientResults { results, settings, .. } = results;
        let (calls, outputs): (Vec<_>, Vec<_>) =
            results.into_iter().map(|result| (result.call, result.output)).unzip();
        let outputs = mask_results(&user, &outputs).await?;
        let results = calls.into_iter().zip(outputs).map(|(call, output)| MaskedResult { call, output });
        pending.complete(&results.collect::<Vec<_>>(), user.ports.clock.now())?;
        let placeholders = placeholders(
            pending
                .answer
                .calls
                .iter()
                .map(|call| call.result())
                .collect::<Vec<_>>()
                .iter()
                .map(|text| text.as_str()),
        );
        pending.visible_placeholders.extend(placeholders);
        let insert_at = InsertAt::Newest;
        let wanted = Wanted { employee: Some(&pending.employee), insert_at: &insert_at };
        if !self.is_cached(wanted) {
            self.load(wanted).await?;
        }
        let (tools, options) = self.tools_and_options(Some(Box::new(settings))).await?;
        self.resume(ResumeInput { admission, pending, tools, options })
    }

    async fn mask_decision(&self, decision: Decision) -> Result<MaskedDecision, Error> {
        let Decision { id, approved, reason, input } = decision;
        let user = self.session.user;
        let reason = OptionFuture::from(reason.as_deref().map(|reason| user.mask_outside(reason))).await;
        let reason = reason.transpose().map_err(|error| error.into_error("reason"))?;
        Ok(MaskedDecision { id, approved, reason, input })
    }

    /// Prepares the rest of an answer: one local step without an `await`.
    fn resume(&self, input: ResumeInput) -> Result<PreparedTurn, Error> {
        let ResumeInput { admission, pending, tools, options } = input;
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
            employee_version: cache.employee().version,
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
        turn.visible_placeholders.extend_from_slice(&options.placeholders);
        if let Some(first) = candidates.first() {
            turn.set_model(first);
        }
        let agent =
            AgentConfig { steps, earlier_calls, echo, ..AgentConfig::new(cache, tools).within(&options) };
        let is_json = options.format.is_some();
        let body =
            ChatBody::resumed(&agent.employee.employee, messages, agent.tools.json()).with_options(options);
        let reservation = reserve::for_turn(&turn, &agent, &candidates);
        // A decision is no message: it does not count against the rate.
        let limits = UserLimits { messages_per_minute: None, ..reservation.user };
        let budget = self.reserve(&ReservationRequest { user: limits, ..reservation })?;
        let request = CompletionRequest { body, candidates, deadline: now + MAX_TURN };
        let head = TurnHead { is_json, ..turn.head(&pending.policy) };
        let prepared = self.keep(NewTurn { admission, turn, request, agent, head })?;
        Ok(prepared.with_limits(LimitStatus { messages: None, budget }))
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
