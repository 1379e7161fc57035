//! A call of a tool, as it is kept, told and shown to the model again. Kept as JSON in `chat_messages.tool_calls` and in the
//! Session object, so its shape is pinned by a snapshot test.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokens::count;
use uuid::Uuid;

use crate::time::Millis;

/// Tokens of a call and of its result beside their texts: what frames two messages, and a call in one of them.
const FRAME: u32 = 12;

/// Of arguments that much is shown again in later turns, in bytes; longer ones are left out.
const BRIEF_ARGUMENTS: usize = 2000;

/// Of a result that much is shown again in later turns, in characters: enough to know what it was.
const BRIEF_CHARS: usize = 600;

/// A call, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Its own, whatever the model called it: models use one id twice.
    pub id: Uuid,
    /// The tool.
    pub name: String,
    /// What it was called with, masked; a string where that was no JSON.
    pub arguments: Value,
    /// What the answer says between the call before and this one, masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// When it was called.
    pub created_at: DateTime<Utc>,
    /// How long it ran, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Millis>,
    /// Tokens of it in later turns.
    #[serde(default)]
    pub tokens: u32,
    /// Its user allowed it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub is_approved: bool,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde gives it")]
const fn is_no(value: &bool) -> bool {
    !*value
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing yet.
    Running,
    /// Its user is asked first.
    Waiting {
        /// What their answer names.
        approval_id: Uuid,
        /// When it is too late.
        expires_at: DateTime<Utc>,
    },
    /// It ran.
    Succeeded {
        /// What the model is told: JSON or text, masked.
        output: String,
    },
    /// It did not run, or failed.
    Failed {
        /// Why, for programs.
        code: Failure,
        /// Why, for the model and for people.
        error: String,
    },
    /// Its user did not allow it.
    Denied {
        /// Why not, in their words, masked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Its user did not say in time, or went on without.
    Expired,
}

/// Why a call failed. The set only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// There is no such tool, or not for this employee.
    UnknownTool,
    /// The arguments are not what the tool takes.
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
    /// The server restarted, and nobody knows how far it came.
    Interrupted,
}

impl Failure {
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
    /// An object, whatever the model wrote.
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

/// `chat_tool_runs.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RunStatus {
    Pending,
    Denied,
    Expired,
    Succeeded,
    Failed,
}

impl CallRecord {
    /// Whether its user is asked and has not answered.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self.outcome, Outcome::Waiting { .. })
    }

    /// Whether something is still to come of it in this answer.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.outcome, Outcome::Running)
    }

    /// Its arguments as JSON.
    #[must_use]
    pub fn arguments_json(&self) -> String {
        self.arguments.to_string()
    }

    /// What the model is told of it.
    #[must_use]
    pub fn result(&self) -> Cow<'_, str> {
        match &self.outcome {
            Outcome::Succeeded { output } => output.as_str().into(),
            Outcome::Failed { error, .. } => format!("Error: {error}").into(),
            Outcome::Denied { reason: None } => {
                "The user did not allow this call. Do not call it again; ask what they want instead.".into()
            }
            Outcome::Denied { reason: Some(reason) } => {
                format!("The user did not allow this call, and says: {reason}").into()
            }
            Outcome::Waiting { .. } => "The user has not allowed this call yet; it did not run.".into(),
            Outcome::Expired => "The user did not allow this call in time; it did not run.".into(),
            Outcome::Running => "It did not run to its end.".into(),
        }
    }

    /// What a model is told of it in later turns.
    #[must_use]
    pub fn brief(&self) -> String {
        let result = self.result();
        let mut brief: String = result.chars().take(BRIEF_CHARS).collect();
        if brief.len() < result.len() {
            brief.push_str(" … (more at the time)");
        }
        brief
    }

    /// Its arguments, as a model is told of them in later turns.
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

    /// Counts what it has in later turns, once.
    pub fn count_tokens(&mut self) {
        self.tokens = self.tokens_of(&self.brief_arguments(), &self.brief());
    }

    fn tokens_of(&self, arguments: &str, result: &str) -> u32 {
        [count(&self.name), count(arguments), count(result)].into_iter().fold(FRAME, u32::saturating_add)
    }

    /// Its row; `user` is whose it is.
    #[must_use]
    pub fn run(&self, user: Uuid) -> ToolRun {
        let (status, failure) = match &self.outcome {
            Outcome::Waiting { .. } => (RunStatus::Pending, None),
            Outcome::Succeeded { .. } => (RunStatus::Succeeded, None),
            Outcome::Failed { code, .. } => (RunStatus::Failed, Some(*code)),
            Outcome::Running => (RunStatus::Failed, Some(Failure::Interrupted)),
            Outcome::Denied { .. } => (RunStatus::Denied, None),
            Outcome::Expired => (RunStatus::Expired, None),
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
