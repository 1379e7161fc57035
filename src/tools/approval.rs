//! Calls that wait for their user: an answer stops before them, and goes on when its user has said of each whether it may run.
//! What runs then is what was kept here, whatever a client sends along.

use chrono::{DateTime, Utc};
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::call::{CallRecord, Outcome};
use crate::error::{Code, Error, abort, abort_field};
use crate::session::record::{OpenTurn, SoFar};
use crate::time::{Millis, timestamp};

/// How long a user may take to say.
pub const APPROVAL_FOR: Millis = 60 * 60 * 1000;

/// Longest reason that is taken, in bytes.
pub const MAX_REASON_BYTES: usize = 1000;

/// An answer that waits. Kept as JSON in the Session object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Suspended {
    /// The turn that came to it.
    pub turn: OpenTurn,
    /// What the answer has come to.
    pub answer: SoFar,
    /// Its calls before the step that waits.
    pub earlier_calls: usize,
    /// Who answers.
    pub employee: String,
    /// What the model read, up to the step that waits.
    pub messages: Vec<Box<RawValue>>,
    /// Steps that it had.
    pub steps: u32,
    /// Tokens of what the model read.
    pub prompt_tokens: u32,
    /// The tokens for values that it was shown.
    pub shown: Vec<Placeholder>,
    /// How much of their values its user sees.
    pub policy: Policy,
}

/// What a user says of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The approval's id.
    pub id: Uuid,
    /// Whether it may run.
    pub approved: bool,
    /// Why not.
    #[serde(default)]
    pub reason: Option<String>,
    /// What the client took the arguments to be, if it says.
    #[serde(default)]
    pub input: Option<Value>,
}

impl Suspended {
    /// Until when its user may say.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.answer.calls.iter().find_map(|call| match call.outcome {
            Outcome::Waiting { expires_at, .. } => Some(expires_at),
            _ => None,
        })
    }

    /// The approvals that nobody has spoken of.
    #[must_use]
    pub fn waiting(&self) -> Vec<Uuid> {
        let id = |call: &CallRecord| match call.outcome {
            Outcome::Waiting { approval_id, .. } => Some(approval_id),
            _ => None,
        };
        self.answer.calls.iter().filter_map(id).collect()
    }

    /// Takes what its user says of calls: all of it, or nothing. `told` is what its user was told that arguments are.
    ///
    /// # Errors
    /// `approval_not_found`, also for one that was spoken of before; `approval_expired`; `approval_mismatch` when the client took
    /// the arguments to be other than they are.
    pub fn decide(
        &mut self,
        decisions: &[Decision],
        told: impl Fn(&Value) -> Value,
        now: Millis,
    ) -> Result<(), Error> {
        if self.expires_at().is_some_and(|at| at <= timestamp(now)) {
            return Err(expired());
        }
        let mut calls = self.answer.calls.clone();
        for decision in decisions {
            let is_meant = |call: &&mut CallRecord| matches!(call.outcome, Outcome::Waiting { approval_id, .. } if approval_id == decision.id);
            let call = calls.iter_mut().find(is_meant).ok_or_else(not_found)?;
            if decision.input.as_ref().is_some_and(|input| *input != told(&call.arguments)) {
                return Err(mismatch());
            }
            call.is_approved = decision.approved;
            call.outcome = if decision.approved {
                Outcome::Running
            } else {
                Outcome::Denied { reason: decision.reason.clone() }
            };
        }
        self.answer.calls = calls;
        Ok(())
    }

    /// Its user went on without.
    pub fn expire(&mut self) {
        for call in self.answer.calls.iter_mut().filter(|call| call.is_waiting() || call.is_open()) {
            call.outcome = Outcome::Expired;
        }
    }
}

/// What is told of an approval that nobody is asked for.
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
