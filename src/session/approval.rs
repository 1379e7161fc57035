//! Tool calls that wait for their user. An answer stops before them, and is resumed when the user has decided on each.
//! The calls that run then are the stored ones, not the ones that a client sends along.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::in_flight::{InFlightTurn, PartialAnswer};
use crate::chat::tool_call::{CallOutcome, ToolCall};
use crate::error::{Code, Error, abort, abort_field};
use crate::model::body_message::{BodyMessage, StepEcho};
use crate::time::{Millis, timestamp};

/// Milliseconds that a user may take to decide.
pub const APPROVAL_TIMEOUT: Millis = 60 * 60 * 1000;

/// Longest reason of a denial, in bytes.
pub const MAX_REASON_BYTES: usize = 1000;

/// An answer that waits for its user. Stored as JSON, so a snapshot test pins its shape.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingApproval {
    /// The turn that requested the approval.
    pub turn: InFlightTurn,
    /// The answer so far.
    pub answer: PartialAnswer,
    /// Number of its calls before the step that waits.
    pub earlier_calls: usize,
    /// Slug of the employee.
    pub employee: String,
    /// Messages that the model read, up to the step that waits.
    pub messages: Vec<BodyMessage>,
    /// Parts of the waiting step that go back to its model alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<StepEcho>,
    /// Steps so far.
    pub steps: u32,
    /// Tokens of those messages.
    pub prompt_tokens: u32,
    /// Placeholders that the model saw.
    pub visible_placeholders: Vec<Placeholder>,
    /// Part of each value that the user sees.
    pub policy: Policy,
}

/// A user's decision on one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Id of the approval.
    pub id: Uuid,
    /// True if the call may run.
    pub approved: bool,
    /// Reason of a denial.
    #[serde(default)]
    pub reason: Option<String>,
    /// Arguments as the client knows them, if it sends them.
    #[serde(default)]
    pub input: Option<Value>,
}

/// A decision with its reason masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedDecision {
    /// Id of the approval.
    pub id: Uuid,
    /// True if the call may run.
    pub approved: bool,
    /// Reason of a denial.
    pub reason: Option<MaskedText>,
    /// Arguments as the client knows them, if it sends them.
    pub input: Option<Value>,
}

/// Result of a client's tool, masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedResult {
    /// Id of the call.
    pub call: Uuid,
    /// Text of the result.
    pub output: MaskedText,
}

impl PendingApproval {
    /// Moment after which a decision does not count.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.answer.calls.iter().find_map(|call| match call.outcome {
            CallOutcome::Waiting { expires_at, .. } => Some(expires_at),
            _ => None,
        })
    }

    /// Ids of the approvals without a decision.
    #[must_use]
    pub fn undecided(&self) -> Vec<Uuid> {
        let id = |call: &ToolCall| match call.outcome {
            CallOutcome::Waiting { approval_id, .. } => Some(approval_id),
            _ => None,
        };
        self.answer.calls.iter().filter_map(id).collect()
    }

    /// Applies decisions: all of them, or none. `shown` gives arguments as the user saw them.
    ///
    /// # Errors
    /// `approval_not_found`, also for one that was decided before; `approval_expired`; `approval_mismatch` when the client knows
    /// other arguments.
    pub fn decide(
        &mut self,
        decisions: &[MaskedDecision],
        shown: impl Fn(&Value) -> Value,
        now: Millis,
    ) -> Result<(), Error> {
        if self.expires_at().is_some_and(|at| at <= timestamp(now)) {
            return Err(expired());
        }
        let mut calls = self.answer.calls.clone();
        for decision in decisions {
            let is_meant = |call: &&mut ToolCall| matches!(call.outcome, CallOutcome::Waiting { approval_id, .. } if approval_id == decision.id);
            let call = calls.iter_mut().find(is_meant).ok_or_else(not_found)?;
            if decision.input.as_ref().is_some_and(|input| *input != shown(&call.arguments)) {
                return Err(mismatch());
            }
            call.is_approved = decision.approved;
            call.outcome = if decision.approved {
                CallOutcome::Running
            } else {
                CallOutcome::Denied { reason: decision.reason.clone() }
            };
        }
        self.answer.calls = calls;
        Ok(())
    }

    /// Completes the calls that wait for their client. Results of other calls are those of earlier steps.
    ///
    /// # Errors
    /// `approval_expired`; `invalid_field` when a call is left without a result.
    pub fn complete(&mut self, results: &[MaskedResult], now: Millis) -> Result<(), Error> {
        if self.expires_at().is_some_and(|at| at <= timestamp(now)) {
            return Err(expired());
        }
        for call in self.answer.calls.iter_mut().filter(|call| call.is_waiting()) {
            let result = results.iter().rfind(|result| result.call == call.id).ok_or_else(no_result)?;
            call.outcome = CallOutcome::Succeeded { output: result.output.clone() };
        }
        Ok(())
    }

    /// The calls that Postgres has as waiting, in their last state, when the user continues before the answer is resumed: a denial
    /// holds, every other call expires.
    #[must_use]
    pub fn withdrawn(self) -> Vec<ToolCall> {
        let calls = self.answer.calls.into_iter().skip(self.earlier_calls);
        let last_state = |call: ToolCall| match call.outcome {
            CallOutcome::Denied { .. } => Some(call),
            CallOutcome::Waiting { .. } | CallOutcome::Running => {
                Some(ToolCall { outcome: CallOutcome::Expired, ..call })
            }
            CallOutcome::Succeeded { .. } | CallOutcome::Failed { .. } | CallOutcome::Expired => None,
        };
        calls.filter_map(last_state).collect()
    }
}

fn no_result() -> Error {
    let detail = "Each of the tool_calls needs a message with the role 'tool' and its tool_call_id.";
    abort_field(Code::InvalidField, "messages", detail)
}

/// The error for an approval that is not pending.
#[must_use]
pub fn not_found() -> Error {
    let detail = "Nothing of that id waits for your approval in this session: it was decided before, or a later message took its place.";
    abort(Code::ApprovalNotFound, detail)
}

fn expired() -> Error {
    abort(Code::ApprovalExpired, "It is too late to allow this. Ask again for what is to be done.")
}

fn mismatch() -> Error {
    let detail =
        "The arguments are not those that you were asked about. Reload the conversation and decide again.";
    abort_field(Code::ApprovalMismatch, "input", detail)
}
