//! Events of a turn, masked: stored in the log of the turn, and unmasked for each reader.

use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client_event::{AnswerSummary, ClientEvent, Origin};
use super::masked_values::MaskedValues;
use crate::chat::tool_call::{CallOutcome, ToolCall};
use crate::error::Code;
use crate::prompt::receipt::Receipt;
use crate::prompt::source::Source;

/// One event of a turn. Stored as JSON, so a snapshot test pins its shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnEvent {
    /// Text as the model wrote it, with placeholders.
    TextDelta(#[serde(deserialize_with = "pii::masked_text::stored")] MaskedText),
    /// Thoughts of the model before the text, with placeholders. They are no part of the answer.
    ThoughtDelta(#[serde(deserialize_with = "pii::masked_text::stored")] MaskedText),
    /// The beginning of a tool call.
    ToolCallStarted {
        /// Id of the call.
        id: Uuid,
        /// Name of the tool.
        name: String,
    },
    /// A tool call with its arguments, before it ran.
    ToolCall {
        /// Id of the call.
        call: ToolCall,
        /// Placeholders in its arguments.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        placeholders: Vec<Placeholder>,
    },
    /// The outcome of a tool call.
    ToolResult {
        /// Id of the call.
        id: Uuid,
        /// Outcome of the call.
        outcome: CallOutcome,
        /// Placeholders that the model sees in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        placeholders: Vec<Placeholder>,
    },
    /// The end of a step: the model reads the results of its calls and goes on.
    StepFinished,
    /// Another employee goes on with the answer.
    HandedOff {
        /// Slug of the employee.
        employee: String,
        /// Model of the employee.
        model: String,
        /// Part of each value that the user sees from here on.
        #[serde(default)]
        policy: Policy,
        /// Kinds of values that the employee's model reads as they are.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unmasked_kinds: Vec<String>,
    },
}

/// Facts about a turn that are known before its answer. Stored as JSON, so a snapshot test pins its shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnHead {
    /// Id of the turn.
    pub turn_id: Uuid,
    /// Id of the answer.
    pub answer_id: Uuid,
    /// Id of the user's message.
    pub question_id: Uuid,
    /// Id of the session.
    pub session_id: Uuid,
    /// Id that the client gave the message.
    pub client_message_id: Option<String>,
    /// Slug of the employee.
    pub employee: String,
    /// The model that is asked first.
    pub model: String,
    /// Composition of the prompt.
    pub receipt: Receipt,
    /// Documents with a passage in the prompt, their names masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Placeholders that the model sees in the prompt.
    pub visible_placeholders: Vec<Placeholder>,
    /// Placeholders in the user's message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub question_placeholders: Vec<Placeholder>,
    /// Kinds of values that the model reads as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmasked_kinds: Vec<String>,
    /// Part of each value that the user sees.
    pub policy: Policy,
    /// True if the text of the answer is JSON: values are escaped in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_json: bool,
}

impl TurnHead {
    /// The answer's place in its session. The values are those of the user's message at least.
    #[must_use]
    pub fn origin(&self, values: &PlaceholderMap) -> Origin<'_> {
        Origin {
            parent_masked: MaskedValues::of(&self.question_placeholders, values, &self.unmasked_kinds),
            message_id: self.answer_id,
            parent_id: self.question_id,
            session_id: self.session_id,
            employee: &self.employee,
            model: &self.model,
        }
    }
}

/// End of a turn, as clients are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnEnding {
    /// The answer is complete.
    Finished {
        /// Finish reason, in the AI SDK's terms.
        reason: String,
        /// Usage, cost and times.
        summary: AnswerSummary,
    },
    /// The user stopped it.
    Stopped {
        /// Usage, cost and times.
        summary: AnswerSummary,
    },
    /// It broke off.
    Failed {
        /// Code and explanation of the error.
        code: Code,
    },
}

impl TurnEnding {
    /// The last event of the turn.
    #[must_use]
    pub fn event(&self) -> ClientEvent<'_> {
        match self {
            Self::Finished { reason, summary } => ClientEvent::Finish(reason, summary),
            Self::Stopped { summary } => ClientEvent::Stopped(summary),
            Self::Failed { code: code @ Code::Interrupted } => ClientEvent::Interrupted(code.advice()),
            Self::Failed { code } => ClientEvent::Error(code.advice()),
        }
    }
}
