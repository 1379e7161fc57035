//! A call of a tool, as it is kept, told and shown to the model again. Kept as JSON in `chat_messages.tool_calls` and in the
//! Session object, so its shape is pinned by a snapshot test.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::time::Millis;
use tokens::count;

/// Tokens of a call and its result beside their texts: the frame of two messages and of a call in one of them.
const FRAME: u32 = 12;

/// Longest arguments that later turns repeat, in bytes. Longer ones are left out.
const BRIEF_ARGUMENTS: usize = 2000;

/// Characters of a result that later turns repeat.
const BRIEF_CHARS: usize = 600;

/// Call of a tool, with its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Id made here: models use one id twice.
    pub id: Uuid,
    /// Name of the tool.
    pub name: String,
    /// Masked arguments; a string if the model did not write JSON.
    pub arguments: Value,
    /// Answer text between the previous call and this one.
    #[serde(default, skip_serializing_if = "is_empty", deserialize_with = "pii::masked_text::stored")]
    pub before: MaskedText,
    /// Time of the call.
    pub created_at: DateTime<Utc>,
    /// Run time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Millis>,
    /// Tokens that the call takes in the prompts of later turns.
    #[serde(default)]
    pub tokens: u32,
    /// True if the user allowed the call.
    #[serde(default, skip_serializing_if = "is_no")]
    pub is_approved: bool,
    /// Outcome of the call.
    #[serde(flatten)]
    pub outcome: CallOutcome,
}

fn is_empty(text: &MaskedText) -> bool {
    text.as_str().is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde gives it")]
const fn is_no(value: &bool) -> bool {
    !*value
}

/// Outcome of a tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CallOutcome {
    /// Still running, without outcome.
    Running,
    /// Waits for the approval of the user.
    Waiting {
        /// Id that the decision must name.
        approval_id: Uuid,
        /// End of the time to decide.
        expires_at: DateTime<Utc>,
    },
    /// The tool returned a result.
    Succeeded {
        /// Result for the model: JSON or text.
        #[serde(deserialize_with = "pii::masked_text::stored")]
        output: MaskedText,
    },
    /// It did not run, or failed.
    Failed {
        /// Reason for programs.
        code: CallFailure,
        /// Reason for the model and for people.
        #[serde(deserialize_with = "pii::masked_text::stored")]
        error: MaskedText,
    },
    /// The user did not allow it.
    Denied {
        /// Reason in the words of the user.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "pii::masked_text::stored_option"
        )]
        reason: Option<MaskedText>,
    },
    /// The user did not decide in time, or continued without deciding.
    Expired,
}

/// Reason for a failed call. The set only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFailure {
    /// There is no such tool, or not for this employee.
    UnknownTool,
    /// The arguments do not match the tool's schema.
    InvalidArguments,
    /// The arguments broke off.
    CutArguments,
    /// It took too long.
    TimedOut,
    /// The tool could not do it.
    Failed,
    /// The answer had as many steps as it may.
    TooManySteps,
    /// There is no room for a result.
    NoRoom,
    /// Personal data in it could not be hidden.
    PrivacyUnavailable,
    /// The user stopped the answer.
    Stopped,
    /// The server restarted; the progress of the call is unknown.
    Interrupted,
}

impl CallFailure {
    /// As `chat_tool_runs.error_code` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown_tool",
            Self::InvalidArguments => "invalid_arguments",
            Self::CutArguments => "cut_arguments",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::TooManySteps => "too_many_steps",
            Self::NoRoom => "no_room",
            Self::PrivacyUnavailable => "privacy_unavailable",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One row of `chat_tool_runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolRun {
    id: Uuid,
    tool: String,
    /// Always an object, even if the model wrote none.
    arguments: Value,
    status: RunStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved_by: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latency_ms: Option<Millis>,
    created_at: DateTime<Utc>,
}

/// Values of `chat_tool_runs.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RunStatus {
    Pending,
    Denied,
    Expired,
    Succeeded,
    Failed,
}

impl ToolRun {
    /// True if that tool was run and did what it was told.
    #[must_use]
    pub fn succeeded(&self, tool: &str) -> bool {
        self.tool == tool && self.status == RunStatus::Succeeded
    }
}

impl ToolCall {
    /// True if the call waits for a decision of the user.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self.outcome, CallOutcome::Waiting { .. })
    }

    /// True if the outcome is still to come in this answer.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.outcome, CallOutcome::Running)
    }

    /// Its arguments as JSON.
    #[must_use]
    pub fn arguments_json(&self) -> String {
        self.arguments.to_string()
    }

    /// Result of the call as the model reads it in this answer.
    #[must_use]
    pub fn result(&self) -> Cow<'_, MaskedText> {
        let fixed = |text| MaskedText::fixed(text).into();
        match &self.outcome {
            CallOutcome::Succeeded { output } => output.into(),
            CallOutcome::Failed { error, .. } => MaskedText::composed(format!("Error: {error}")).into(),
            CallOutcome::Denied { reason: None } => {
                fixed("The user did not allow this call. Do not call it again; ask what they want instead.")
            }
            CallOutcome::Denied { reason: Some(reason) } => {
                let text = format!("The user did not allow this call, and says: {reason}");
                MaskedText::composed(text).into()
            }
            CallOutcome::Waiting { .. } => fixed("The user has not allowed this call yet; it did not run."),
            CallOutcome::Expired => fixed("The user did not allow this call in time; it did not run."),
            CallOutcome::Running => fixed("It did not run to its end."),
        }
    }

    /// Shortened result as the model reads it in later turns.
    #[must_use]
    pub fn brief(&self) -> MaskedText {
        let result = self.result();
        let mut brief: String = result.chars().take(BRIEF_CHARS).collect();
        if brief.len() < result.len() {
            brief.push_str(" … (more at the time)");
        }
        MaskedText::composed(brief)
    }

    /// Arguments as the model reads them in later turns: left out when long.
    #[must_use]
    pub fn brief_arguments(&self) -> String {
        let arguments = self.arguments_json();
        if arguments.len() <= BRIEF_ARGUMENTS {
            return arguments;
        }
        serde_json::json!({ "left_out": format!("{} characters", arguments.chars().count()) }).to_string()
    }

    /// Tokens of it in the next step of its answer.
    #[must_use]
    pub fn tokens_now(&self) -> u32 {
        self.tokens_of(&self.arguments_json(), &self.result())
    }

    /// Counts once the tokens that the call takes in later turns.
    pub fn count_tokens(&mut self) {
        self.tokens = self.tokens_of(&self.brief_arguments(), &self.brief());
    }

    fn tokens_of(&self, arguments: &str, result: &str) -> u32 {
        [count(&self.name), count(arguments), count(result)].into_iter().fold(FRAME, u32::saturating_add)
    }

    /// Row of the call in `chat_tool_runs`. `user` owns the session.
    #[must_use]
    pub fn run(&self, user: Uuid) -> ToolRun {
        let (status, failure) = match &self.outcome {
            CallOutcome::Waiting { .. } => (RunStatus::Pending, None),
            CallOutcome::Succeeded { .. } => (RunStatus::Succeeded, None),
            CallOutcome::Failed { code, .. } => (RunStatus::Failed, Some(*code)),
            CallOutcome::Running => (RunStatus::Failed, Some(CallFailure::Interrupted)),
            CallOutcome::Denied { .. } => (RunStatus::Denied, None),
            CallOutcome::Expired => (RunStatus::Expired, None),
        };
        let arguments = match &self.arguments {
            Value::Object(_) => self.arguments.clone(),
            other => serde_json::json!({ "not_json": other }),
        };
        ToolRun {
            id: self.id,
            tool: self.name.chars().take(100).collect(),
            arguments,
            status,
            approved_by: self.is_approved.then_some(user),
            error_code: failure.map(|failure| failure.as_str().to_owned()),
            latency_ms: self.latency_ms,
            created_at: self.created_at,
        }
    }
}
